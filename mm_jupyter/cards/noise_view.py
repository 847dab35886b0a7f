"""How far the metrics of a run move under other seeds and threads: a strip of dots for each."""

from __future__ import annotations

from html import escape

from mm_jupyter.cards import numbers
from mm_jupyter.cards.markup import grid, page, section, text
from mm_jupyter.cards.rendered import Line, Rendered, table
from mm_jupyter.records import Noise, NotCompared, Spread

_WIDTH = 31
_SHOWN = 40


def noise_card(noise: Noise) -> Rendered:
    """Value, deviation, range and a strip of each metric: a dot for each replay, a bar where the record stands."""
    took = f"{numbers.count(len(noise.replays), 'replay')}, {numbers.duration(noise.seconds)}"
    lines: list[Line] = [
        (
            (f"{noise.run}  ", "strong"),
            (noise.said, "plain"),
            (f"  ({took})", "quiet"),
        )
    ]
    shown = noise.spreads[:_SHOWN]
    lines += table([_row(one) for one in shown], right=frozenset({1, 2}), indent="  ")
    if len(noise.spreads) > _SHOWN:
        lines.append(((f"  and {len(noise.spreads) - _SHOWN} more metrics", "quiet"),))
    said = [("seeds", ", ".join(noise.seeds))] if noise.seeds else []
    said += [("not varied", _missing(one)) for one in noise.not_varied]
    said += [(_which(one.seed, one.threads), one.failed) for one in noise.replays if one.failed]
    lines += [
        ((f"  {name:<12}", "quiet"), (numbers.cut(what, 110), "plain")) for name, what in said
    ]
    head = f'<div class="t"><b>{escape(str(noise.run))}</b> {escape(noise.said)}</div>' + text(
        took, "s q", title=numbers.exact(noise.at)
    )
    strips = grid([_html_row(one) for one in shown], right=frozenset({1, 2}))
    rest = grid([[text(name, "q"), text(what, most=300)] for name, what in said])
    body = section("Metrics", strips, "standard deviation, low and high") + section("How", rest)
    return Rendered(lines=tuple(lines), html=page(f'<div class="hd">{head}</div>{body}'))


def _which(seed: int | None, threads: int | None) -> str:
    return f"seeds {seed}" if seed is not None else f"{threads} threads"


def _missing(one: NotCompared) -> str:
    return f"{one.kind} {one.name}: {one.why}"


def _known(spread: Spread) -> list[float]:
    return [value for value in spread.values if value is not None and value == value]


def _places(spread: Spread) -> int:
    return numbers.decimals([spread.recorded, spread.low, spread.high])


def _row(spread: Spread) -> list[Line]:
    places = _places(spread)
    low, high = numbers.metric(spread.low, places), numbers.metric(spread.high, places)
    return [
        ((numbers.cut(spread.metric, 40), "plain"),),
        ((numbers.ascii_signs(numbers.metric(spread.recorded, places)), "strong"),),
        ((numbers.ascii_signs(f"± {numbers.spread(spread.deviation)}"), "plain"),),
        ((numbers.ascii_signs(f"{low} to {high}"), "quiet"),),
        ((_strip(spread), "plain"),),
    ]


def _place(value: float, spread: Spread) -> float:
    """From 0 at the lowest to 1 at the highest value."""
    width = spread.high - spread.low
    return (value - spread.low) / width if width else 0.5


def _strip(spread: Spread) -> str:
    """``[o  o|oo    o]``: replays, and the record."""
    cells = [" "] * _WIDTH
    for value in _known(spread):
        at = round(_place(value, spread) * (_WIDTH - 1))
        cells[at] = "8" if cells[at] in "o8" else "o"
    cells[round(_place(spread.recorded, spread) * (_WIDTH - 1))] = "|"
    return f"[{''.join(cells)}]"


def _html_row(spread: Spread) -> list[str]:
    places = _places(spread)
    low, high = numbers.metric(spread.low, places), numbers.metric(spread.high, places)
    return [
        text(spread.metric, most=60),
        text(numbers.metric(spread.recorded, places), name="b", title=repr(spread.recorded)),
        text(f"± {numbers.spread(spread.deviation)}", title=repr(spread.deviation)),
        text(f"{low} to {high}", "s q"),
        _svg(spread),
    ]


def _svg(spread: Spread) -> str:
    """The same strip as a picture: it repeats what the text beside it says."""
    dots = "".join(
        f'<circle cx="{6 + 148 * _place(value, spread):.1f}" cy="8" r="3" fill="currentColor" opacity=".45"/>'
        for value in _known(spread)
    )
    at = 6 + 148 * _place(spread.recorded, spread)
    return (
        '<svg width="160" height="16" viewBox="0 0 160 16" aria-hidden="true">'
        '<path d="M6 8H154" stroke="currentColor" opacity=".25"/>'
        f'{dots}<path d="M{at:.1f} 1V15" stroke="currentColor" stroke-width="2"/></svg>'
    )
