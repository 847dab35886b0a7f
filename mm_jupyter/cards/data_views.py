"""The versions of a run's files, and what changed in them."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from mm_jupyter.cards import numbers
from mm_jupyter.cards.markup import grid, page, section, text
from mm_jupyter.cards.rendered import Line, Rendered, Tone, table
from mm_jupyter.records import (
    ColumnChange,
    DataDiff,
    DataVersion,
    Distribution,
    FileChange,
    RunData,
    TableChange,
)

_BLOCKS = " ▁▂▃▄▅▆▇█"
_MOST = 60
"""Columns of one table that are shown."""


def data_view(data: RunData) -> Rendered:
    """Each file with its version, who read it, and which other runs have the same."""
    count = numbers.count(len(data.versions), "file")
    head: Line = ((str(data.run), "strong"), (f"  {count}", "quiet"))
    rows: list[list[Line]] = [
        [((part, tone),) for part, tone in _cells(one)] for one in data.versions
    ]
    said = "it read and wrote no file" if not rows else ""
    lines = (
        (head, *table(rows, right=frozenset({2}), indent="  "))
        if rows
        else (head, ((f"  {said}", "quiet"),))
    )
    html_rows = [
        [text(part, _CLASS.get(tone, "")) for part, tone in _cells(one)] for one in data.versions
    ]
    body = grid(html_rows, right=frozenset({2})) or text(said, "q")
    return Rendered(
        lines=tuple(lines),
        html=page(f'{_head(str(data.run), count)}<div class="sec">{body}</div>'),
    )


_CLASS: dict[Tone, str] = {"quiet": "q s", "code": "m", "good": "up", "bad": "dn"}


def _cells(version: DataVersion) -> list[tuple[str, Tone]]:
    kept = (
        "kept"
        if version.kept
        else "by digest only"
        if version.digest
        else "gone before it was read"
    )
    seqs = ", ".join(map(str, version.read_by[:4])) + (" ..." if len(version.read_by) > 4 else "")
    same = ", ".join(map(str, version.same_in[:3]))
    more = f" and {len(version.same_in) - 3} more" if len(version.same_in) > 3 else ""
    return [
        (version.role, "quiet"),
        (numbers.cut(version.path, 60), "plain"),
        (numbers.size(version.size), "plain"),
        (_short(version), "code"),
        (kept, "quiet"),
        (f"[{seqs}]", "quiet"),
        (f"same in {same}{more}" if same else "", "quiet"),
    ]


def _short(version: DataVersion) -> str:
    return version.digest.partition(":")[2][:10] if version.digest else numbers.MISSING


def _head(title: str, quiet: str) -> str:
    return f'<div class="hd"><div class="t"><b>{escape(title)}</b> data</div> {text(quiet, "s q")}</div>'


def data_diff_view(diff: DataDiff) -> Rendered:
    """What changed first; files that are the same are counted."""
    new = str(diff.new) if diff.new is not None else "now"
    changed = [one for one in diff.files if one.differs]
    same = len(diff.files) - len(changed)
    counted = f"{numbers.count(len(changed), 'file')} changed, {same:,} the same"
    if not diff.files:
        counted = "no inputs"
    lines: list[Line] = [((f"{diff.old} -> {new}", "strong"), (f"  {counted}", "quiet"))]
    sections = []
    for change in changed:
        lines += _lines(change)
        sections.append(section(numbers.cut(change.path, 120), _html(change), _sizes(change)))
    head = _head(f"{diff.old} → {new}", counted)
    return Rendered(lines=tuple(lines), html=page(head + "".join(sections)))


def _sizes(change: FileChange) -> str:
    parts = [
        f"{numbers.size(one.size)} {_short(one)}" if one is not None else numbers.MISSING
        for one in (change.old, change.new)
    ]
    return " → ".join(parts)


def _lines(change: FileChange) -> list[Line]:
    sizes = numbers.ascii_signs(_sizes(change))
    lines: list[Line] = [(("  ", "plain"), (change.path, "strong"), (f"  {sizes}", "quiet"))]
    if change.table is None:
        return [*lines, ((f"    {change.said}", "plain"),)]
    lines.append(((f"    {_said(change.table)}", "plain"),))
    rows: list[list[Line]] = []
    for column in _shown(change.table):
        for side, one in (("-", column.old), ("+", column.new)):
            if one is not None:
                name = column.name if side == "-" or column.old is None else ""
                rows.append([((part, tone),) for part, tone in _column(name, side, one, column)])
    lines += table(rows, right=frozenset({3, 4}), indent="    ")
    return [*lines, *_rest(change.table)]


def _rest(change: TableChange) -> list[Line]:
    differ = sum(column.differs for column in change.columns)
    same = len(change.columns) - differ
    said = [f"{differ - _MOST:,} more columns changed"] if differ > _MOST else []
    said += [f"{numbers.count(same, 'column')} with the same values"] if same else []
    return [((f"    {'; '.join(said)}", "quiet"),)] if said else []


def _shown(change: TableChange) -> list[ColumnChange]:
    return [column for column in change.columns if column.differs][:_MOST]


def _said(change: TableChange) -> str:
    """``150 -> 148 rows: 3 added, 5 removed; columns +bmi -age``."""
    old, new = change.rows
    rows = f"{old:,} rows" if old == new else f"{old:,} -> {new:,} rows"
    parts = [f"{change.added:,} added", f"{change.removed:,} removed"]
    how = "in another order" if change.moved else ", ".join(parts)
    names = [f"+{one.name}" for one in change.columns if one.old is None]
    names += [f"-{one.name}" for one in change.columns if one.new is None]
    shown = f"; columns {' '.join(names[:10])}{' ...' if len(names) > 10 else ''}" if names else ""
    return f"{rows}: {how}{shown}"


def _column(
    name: str, side: str, one: Distribution, column: ColumnChange
) -> list[tuple[str, Tone]]:
    other = column.old is None or column.new is None
    tone: Tone = "plain" if not other else "good" if side == "+" else "bad"
    missing = f"{one.missing:,} missing" if one.missing else ""
    return [
        (numbers.cut(name, 30), tone),
        (side, "quiet"),
        (one.type, "quiet"),
        (f"{one.count:,}", "plain"),
        (missing, "quiet"),
        (_values(one), "plain"),
        (_blocks(one.bins), "quiet"),
    ]


def _values(one: Distribution) -> str:
    if one.quartiles is None or one.low is None or one.high is None:
        tops = ", ".join(f"{numbers.cut(text, 16)} {count:,}" for text, count in one.top[:3])
        return f"{one.distinct:,} values: {tops}" if one.top else "empty"
    low, first, middle, third, high = (
        numbers.metric(value) for value in (one.low, *one.quartiles, one.high)
    )
    return f"{low} | {first} {middle} {third} | {high}  mean {numbers.metric(one.mean)}"


def _blocks(bins: tuple[int, ...]) -> str:
    most = max(bins, default=0)
    return (
        "".join(_BLOCKS[0 if not one else max(1, round(one / most * 8))] for one in bins)
        if most
        else ""
    )


def _html(change: FileChange) -> str:
    if change.table is None:
        return text(change.said, "", most=300)
    rows = []
    for column in _shown(change.table):
        old, new = column.old, column.new
        one = new or old
        kind = one.type if one else ""
        if old and new and old.type != new.type:
            kind = f"{old.type} → {new.type}"
        word = "added" if old is None else "removed" if new is None else ""
        rows.append(
            [
                text(column.name, "" if not word else "up" if old is None else "dn"),
                text(word or kind, "q s"),
                _sides(old, new, lambda side: f"{side.count:,}"),
                _sides(old, new, lambda side: f"{side.missing:,}" if side.missing else "0"),
                _sides(old, new, _values),
                _bars(old, new),
            ]
        )
    head = ("column", "type", "rows", "missing", "low | quartiles | high, or the most frequent", "")
    rest = "".join(
        text(numbers.cut(part[0][0].strip(), 200), "q s") for part in _rest(change.table)
    )
    said = text(_said(change.table).replace("->", "→"), most=300)
    return f"{said}{grid(rows, head=head, right=frozenset({2, 3}))}{rest}"


def _sides(
    old: Distribution | None, new: Distribution | None, shown: Callable[[Distribution], str]
) -> str:
    sides = [shown(one) if one is not None else "" for one in (old, new)]
    if sides[0] == sides[1]:
        return text(sides[0], "s")
    return "<br>".join(text(side, "s" if at else "s q") for at, side in enumerate(sides) if side)


def _bars(old: Distribution | None, new: Distribution | None) -> str:
    """Both histograms in one picture: the old one as a grey ground, the new one as bars before it."""
    most = max((*(old.bins if old else ()), *(new.bins if new else ())), default=0)
    if not most:
        return ""
    parts = []
    for one, opacity, inset in ((old, 0.22, 0), (new, 0.75, 2)):
        for at, count in enumerate(one.bins if one else ()):
            height = round(count / most * 20, 1)
            parts.append(
                f'<rect x="{at * 7 + inset}" y="{20 - height}" width="{6 - 2 * inset}" height="{height}" '
                f'opacity="{opacity}"/>'
            )
    return (
        '<svg viewBox="0 0 84 20" style="width:84px;height:20px" fill="currentColor" role="img" '
        f'aria-label="distribution before and after">{"".join(parts)}</svg>'
    )
