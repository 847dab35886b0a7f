"""What differs between two runs: difference first, what is the same is counted."""

from __future__ import annotations

import math
from html import escape

from mm_jupyter.cards import numbers
from mm_jupyter.cards.facts import TRIANGLES, WORDS, sides, sorted_changes
from mm_jupyter.cards.markup import el, grid, page, section, text
from mm_jupyter.cards.rendered import Line, Rendered, Tone, table
from mm_jupyter.records import Change, Diff, MetricChange, TagChange, better

_TITLES = {
    "data": "Data",
    "params": "Params",
    "code": "Code",
    "environment": "Environment",
    "model": "Model",
}
_MOST = 400


def diff_view(diff: Diff) -> Rendered:
    """Changes by kind, metrics with their judged delta, the source as a diff."""
    return Rendered(lines=_lines(diff), html=page(_html(diff)))


def _groups(diff: Diff) -> dict[str, list[Change]]:
    groups: dict[str, list[Change]] = {}
    for change in sorted_changes(diff.changes):
        groups.setdefault(_TITLES[change.kind], []).append(change)
    return groups


def _judged(metric: MetricChange) -> tuple[str, str, str, bool | None]:
    """Old, new, delta and judgement, ready to be shown."""
    places = numbers.decimals(value for value in (metric.old, metric.new) if value is not None)
    old, new = numbers.metric(metric.old, places), numbers.metric(metric.new, places)
    if metric.old is None or metric.new is None:
        return old, new, "", None
    if not math.isfinite(metric.new - metric.old):
        return old, new, "", None
    change = metric.new - metric.old
    return old, new, numbers.delta(change, places), better(metric.name, change, *metric.noise)


def _same(diff: Diff) -> str:
    return f"{diff.same:,} {'is' if diff.same == 1 else 'are'} the same" if diff.same else ""


def _lines(diff: Diff) -> tuple[Line, ...]:
    head: Line = ((f"{diff.old} -> {diff.new}", "strong"), (f"  {_same(diff)}", "quiet"))
    lines: list[Line] = [head]
    if not diff:
        lines.append(
            (
                (
                    "  nothing differs but what is below" if diff.metrics else "  nothing differs",
                    "plain",
                ),
            )
        )
    for title, changes in _groups(diff).items():
        lines.append(((f"  {title.lower()}", "quiet"),))
        lines += table(
            [_change_cells(change) for change in changes], right=frozenset({1}), indent="    "
        )
    if diff.metrics:
        lines.append((("  metrics", "quiet"),))
        lines += table(
            [_metric_cells(metric) for metric in diff.metrics],
            right=frozenset({1, 3, 4}),
            indent="    ",
        )
    if diff.tags:
        lines.append((("  tags", "quiet"),))
        lines += table([_tag_cells(tag) for tag in diff.tags], right=frozenset({1}), indent="    ")
    for title, source in _sources(diff):
        lines.append(((f"  {title.lower()}", "quiet"),))
        lines += [(("    " + line, _tone(line)),) for line in source[:_MOST]]
        if len(source) > _MOST:
            lines.append(((f"    {len(source) - _MOST:,} more lines", "quiet"),))
    return tuple(lines)


def _sources(diff: Diff) -> list[tuple[str, tuple[str, ...]]]:
    """The tracked code, and the project's modules whose texts were compared."""
    named = [("Source", diff.source), *((module.path, module.lines) for module in diff.modules)]
    return [(title, lines) for title, lines in named if lines]


def _tag_cells(tag: TagChange) -> list[Line]:
    old, new = (numbers.param(side, 60) if side is not None else "-" for side in (tag.old, tag.new))
    name = numbers.cut(tag.name, 60)
    return [((name, "plain"),), ((old, "quiet"),), (("->", "quiet"),), ((new, "plain"),)]


def _tags_html(tags: tuple[TagChange, ...]) -> str:
    rows = []
    for tag in tags:
        old, new = (numbers.MISSING if side is None else side for side in (tag.old, tag.new))
        rows.append(
            [text(tag.name, most=60), text(old, "q"), '<span class="q">→</span> ', text(new)]
        )
    return grid(rows, right=frozenset({1}))


def _change_cells(change: Change) -> list[Line]:
    old, new = sides(change, 60)
    name = numbers.cut(change.name, 60)
    arrow = "" if change.kind == "code" and old is None else "->"
    before = "" if not arrow else "-" if old is None else old
    return [((name, "plain"),), ((before, "quiet"),), ((arrow, "quiet"),), ((new, "plain"),)]


def _metric_cells(metric: MetricChange) -> list[Line]:
    old, new, delta, judged = _judged(metric)
    tone: Tone = "quiet" if judged is None else "good" if judged else "bad"
    word = WORDS[judged] if judged is not None else ""
    shown = [numbers.ascii_signs(cell) for cell in (old, "->", new, delta)]
    tones: tuple[Tone, ...] = ("quiet", "quiet", "strong", tone)
    cells: list[Line] = [((numbers.cut(metric.name, 60), "plain"),)]
    cells += [((cell, kind),) for cell, kind in zip(shown, tones, strict=True)]
    return [*cells, ((word, tone),)]


_TONES: dict[str, Tone] = {"+": "good", "-": "bad", "@": "quiet"}


def _tone(line: str) -> Tone:
    return _TONES.get(line[:1], "plain")


def _html(diff: Diff) -> str:
    head = (
        f'<div class="hd"><div class="t"><b>{escape(str(diff.old))}</b> <span class="q">→</span> '
        f"<b>{escape(str(diff.new))}</b></div> {text(_same(diff), 's q')}</div>"
    )
    parts = [head]
    if not diff:
        parts.append(el("div", "No param, input, line of code or package differs.", "sec q"))
    for title, changes in _groups(diff).items():
        parts.append(section(title, changes_html(changes)))
    parts.append(section("Metrics", metrics_html(diff.metrics)))
    parts.append(section("Tags", _tags_html(diff.tags)))
    for title, source in _sources(diff):
        parts.append(section(title, source_html(source)))
    return "".join(parts)


def changes_html(changes: list[Change] | tuple[Change, ...]) -> str:
    """``name  old → new``, a row each."""
    rows = []
    for change in changes:
        old, new = sides(change, 60)
        if change.kind == "code":
            new = new.replace("-", numbers.MINUS)
        only = change.kind == "code" and old is None
        before = "" if only else text(numbers.MISSING if old is None else old, "q")
        rows.append(
            [
                text(change.name, most=60),
                before,
                "" if only else '<span class="q">→</span> ',
                text(new),
            ]
        )
    return grid(rows, right=frozenset({1}))


def metrics_html(metrics: tuple[MetricChange, ...]) -> str:
    rows = []
    for metric in metrics:
        old, new, delta, judged = _judged(metric)
        shown = f"{TRIANGLES[judged]} {delta}" if judged is not None else delta
        tone = "q" if judged is None else "up" if judged else "dn"
        rows.append(
            [
                text(metric.name, most=60),
                text(old, "q"),
                '<span class="q">→</span> ',
                text(new, name="b", title=repr(metric.new)),
                text(shown, f"s {tone}", title="" if judged is None else WORDS[judged])
                if shown
                else "",
            ]
        )
    return grid(rows, right=frozenset({1, 3}))


def source_html(source: tuple[str, ...]) -> str:
    """A unified diff; beyond 400 lines the rest is counted."""
    if not source:
        return ""
    kinds = {"+": "a", "-": "d", "@": "q"}
    lines = [
        f'<span class="df {kinds.get(line[:1], "")}">{escape(numbers.cut(line, 400)) or " "}</span>'
        for line in source[:_MOST]
    ]
    rest = len(source) - _MOST
    more = f'<div class="q s">{rest:,} more lines</div>' if rest > 0 else ""
    return f'<div class="bx">{"".join(lines)}</div>{more}'
