"""A param's value as columns: a type, a number that compares and a text, so that each type comes back as it was."""

from __future__ import annotations

import math

from mm_jupyter.errors import StoreDamaged
from mm_jupyter.records import ParamOrigin, Scalar

NONE, BOOL, INT, FLOAT, TEXT = range(5)
ORIGINS: tuple[ParamOrigin, ...] = ("author", "given", "default")
SORTED_TEXT = 64
"""Characters of a text that its index holds (PostgreSQL allows no long ones)."""
_EXACT = 2**53


def columns(value: Scalar) -> tuple[int, float | None, str | None]:
    """Type, number, text. An int that a double cannot hold keeps its digits as text; NaN has no number."""
    if value is None:
        return NONE, None, None
    if isinstance(value, bool):
        return BOOL, float(value), None
    if isinstance(value, int):
        if -_EXACT <= value <= _EXACT:
            return INT, float(value), None
        return INT, as_double(value), hex(value)
    if isinstance(value, float):
        # SQLite keeps a whole double as an integer, and none of those is -0.0.
        negative_zero = value == 0.0 and math.copysign(1.0, value) < 0
        return FLOAT, number_or_none(value), "-0.0" if negative_zero else None
    return TEXT, None, storable(value)


def number_or_none(value: float) -> float | None:
    """A double as both databases keep it: NaN is None, -0.0 is 0.0."""
    return None if math.isnan(value) else float(value) + 0.0


def as_double(value: int) -> float:
    """The nearest double; infinite beyond them."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def storable(text: str) -> str:
    """``text`` without what no database keeps: NUL and lone surrogates become U+FFFD."""
    if text.isascii() and "\0" not in text:
        return str(text)
    return text.replace("\0", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def scalar(kind: int, number: float | None, text: str | None) -> Scalar:
    """The value that ``columns`` got."""
    if kind == NONE:
        return None
    if kind == TEXT:
        return text
    if number is None:
        return math.nan
    if kind == FLOAT:
        return number if text is None else float(text)
    if kind == BOOL:
        return bool(number)
    if kind == INT:
        return int(number) if text is None else int(text, 16)
    raise StoreDamaged("A param", f"there is no type {kind}")
