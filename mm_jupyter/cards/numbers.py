"""Numbers, times and sizes as people read them."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable

from mm_jupyter.records import Scalar

MINUS = "\N{MINUS SIGN}"
MISSING = "\N{EN DASH}"
MAX_DECIMALS = 4
_DAY = 86_400.0


def decimals(values: Iterable[float]) -> int:
    """How many decimals a column of metrics shows: what its values need, 4 at most, about 7 digits in all."""
    needed = 0
    for value in values:
        if not math.isfinite(value) or not 1e-3 <= abs(value) <= 99_999:
            continue
        room = min(MAX_DECIMALS, 7 - len(str(int(abs(value)))))
        shown = f"{value:.{room}f}".rstrip("0")
        needed = max(needed, len(shown.partition(".")[2]))
    return needed


def metric(value: float | None, places: int | None = None) -> str:
    """``0.8642``, ``1,234``, ``1.2e-5``, a dash for a missing one; ``places`` is that of its column."""
    if value is None:
        return MISSING
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{MINUS if value < 0 else ''}∞"
    size = abs(value)
    sign = MINUS if value < 0 else ""
    if size and not 1e-3 <= size <= 99_999 and not (value.is_integer() and size < 1e12):
        return sign + _short(size)
    places = decimals((value,)) if places is None else places
    return f"{sign}{size:,.{places}f}"


def delta(change: float, places: int) -> str:
    """``+0.0081``, ``0``: the arithmetic, with its sign; never rounded down to nothing."""
    if not change or not math.isfinite(change):
        return "0" if not change else MISSING
    shown = f"{abs(change):,.{places}f}"
    if float(shown.replace(",", "")) == 0 or abs(change) > 99_999:
        shown = _short(abs(change))
    return ("+" if change > 0 else MINUS) + shown


def spread(deviation: float) -> str:
    """A standard deviation with two significant digits: more would say what it does not know."""
    if not deviation or not math.isfinite(deviation):
        return "0" if not deviation else MISSING
    if not 1e-4 <= deviation <= 99_999:
        digits, _, power = f"{deviation:.1e}".partition("e")
        return f"{digits.rstrip('0').rstrip('.')}e{int(power)}"
    places = max(0, 1 - math.floor(math.log10(deviation)))
    return f"{deviation:,.{places}f}"


def _short(size: float) -> str:
    digits, _, power = f"{size:.2e}".partition("e")
    return f"{digits.rstrip('0').rstrip('.')}e{int(power)}"


def param(value: Scalar, most: int = 40) -> str:
    """A param, a tag or a short text as it is shown: ``None``, ``True``, ``0.05``, ``sqrt``; cut at ``most``."""
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else metric(value)
    if isinstance(value, str):
        return cut(" ".join(value.split()), most) if value.strip() else repr(value)
    return cut(str(value), most)


def cut(text: str, most: int) -> str:
    """``text``, or its start and an ellipsis: ``most`` characters at the longest."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """``1 input``, ``7,043 rows``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def duration(seconds: float | None) -> str:
    """``<1 ms``, ``4 ms``, ``0.4 s``, ``6.8 s``, ``1 min 12 s``, ``2 h 5 min``, ``3 d 4 h``."""
    if seconds is None:
        return MISSING
    if seconds < 0.001:
        return "<1 ms"
    if seconds < 0.095:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, part, name, small in ((86_400, 3600, "d", "h"), (3600, 60, "h", "min")):
        if whole >= unit:
            rest = whole % unit // part
            return f"{whole // unit} {name}" + (f" {rest} {small}" if rest else "")
    return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")


def age(then: float, now: float) -> str:
    """``now``, ``12 min``, ``3 h``, ``1 d``, then ``14 Nov``, then ``Nov 2025``. Seconds since the epoch."""
    past = now - then
    if past < 60:
        return "now"
    if past < 3600:
        return f"{past // 60:.0f} min"
    if past < _DAY:
        return f"{past // 3600:.0f} h"
    if past < 7 * _DAY:
        return f"{past // _DAY:.0f} d"
    day = time.localtime(then)
    if past < 300 * _DAY:
        return f"{day.tm_mday} {time.strftime('%b', day)}"
    return time.strftime("%b %Y", day)


def stamp(then: float) -> str:
    """``24 Nov 16:42``: for what is kept in a file, where an age would soon be wrong."""
    day = time.localtime(then)
    return f"{day.tm_mday} {time.strftime('%b %H:%M', day)}"


def exact(then: float) -> str:
    """``2026-11-24 16:42:05 +0100``, in the local zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(then))


def size(count: int) -> str:
    """``512 B``, ``1.2 kB``, ``48 MB``: powers of 1000."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 999.5 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 9.95 else f"{amount:.1f} {unit}"


def ascii_signs(text: str) -> str:
    """The text form of a number or a change: ``-`` and ``->`` instead of the typographic signs."""
    return (
        text.replace(MINUS, "-")
        .replace("→", "->")
        .replace(MISSING, "-")
        .replace("∞", "inf")
        .replace("±", "+-")
    )
