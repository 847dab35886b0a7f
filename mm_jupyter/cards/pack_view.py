"""What a pack says of itself: the run, how it was judged, which inputs it holds, what it would take to replay it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mm_jupyter.cards import numbers
from mm_jupyter.cards.glyphs import SIGNS, tone, verdict_html
from mm_jupyter.cards.markup import el, grid, page, text
from mm_jupyter.cards.rendered import Line, Rendered, table
from mm_jupyter.records import (
    Judgement,
    LeftOut,
    Pack,
    PackedRecord,
    PackedRule,
    PackManifest,
)

_SHOWN = 8
_Rows = list[list[Line]]


def pack_card(
    pack: Pack, *, written: bool = False, replayed: bool = False, confined: bool = True
) -> Rendered:
    """The pack as a table of facts. ``written``: it has just been made; ``replayed``: a verdict follows; ``confined``:
    the operating system would confine a replay here."""
    name = pack.path.rpartition("/")[2]
    count = numbers.count(len(pack.manifest.members) + 1, "file")
    said = f"{'written and read back' if written else 'whole'}, {numbers.size(pack.size)}, {count}"
    lines: list[Line] = [((name, "strong"), ("  = ", "good"), (said, "plain"))]
    blocks = _blocks(pack, hint=not (replayed or written), confined=confined)
    if written and not pack.verdicts:
        said_first = (
            f"none: 'mm replay {pack.manifest.run}' first, then only the cells that it needs go in"
        )
        blocks = [
            (title, [[((said_first, "warn"),)]] if title == "verdicts" else rows)
            for title, rows in blocks
        ]
    for title, rows in blocks:
        laid = table(rows)
        for at, line in enumerate(laid):
            lines.append(((f"  {title if at == 0 else '':<14}", "quiet"), *line))
    word = "was written and read back" if written else "is whole"
    head = f'<div class="t"><b>{escape(numbers.cut(name, 80))}</b> {word}.</div> '
    about = text(f"{numbers.size(pack.size)}, {count}", "s q")
    head = verdict_html("identical", with_word=False, large=True) + head + about
    body = grid([[text(title, "q s"), _html(rows)] for title, rows in blocks])
    return Rendered(
        lines=tuple(lines), html=page(f'<div class="hd">{head}</div><div class="sec">{body}</div>')
    )


def _blocks(pack: Pack, *, hint: bool, confined: bool) -> list[tuple[str, _Rows]]:
    manifest, record = pack.manifest, pack.record
    blocks: list[tuple[str, _Rows]] = [
        ("run", _run(record)),
        ("metrics", _metrics(record)),
        ("verdicts", verdict_rows(pack.verdicts)),
        ("environment", _environment(record)),
        ("inputs", input_rows(manifest, record, hint=hint)),
        ("left out", left_out_rows(manifest)),
        ("noise rules", rule_rows(pack.rules)),
        ("seal", [[((pack.seal, "code"),)]]),
        ("with --run", _would(manifest, record, confined) if hint else []),
    ]
    return [(title, rows) for title, rows in blocks if rows]


def _run(record: PackedRecord) -> _Rows:
    row = record.run.row
    where = f", cell {row.seq} of {row.notebook}" if row.notebook and row.seq else ""
    took = f", {numbers.duration(row.seconds)}" if row.seconds is not None else ""
    return [
        [
            (
                (str(row.ref), "strong"),
                (f"  {row.status} {numbers.exact(row.started)}{took}{where}", "plain"),
            )
        ]
    ]


def _metrics(record: PackedRecord) -> _Rows:
    found = list(record.run.row.metrics.items())
    shown = [
        f"{numbers.cut(name, 30)} {numbers.ascii_signs(numbers.metric(value))}"
        for name, value in found[:_SHOWN]
    ]
    more = [f"{len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return [[((", ".join([*shown, *more]), "plain"),)]] if found else []


def verdict_rows(verdicts: Sequence[Judgement]) -> _Rows:
    """The newest verdicts that its author kept, newest first."""
    if not verdicts:
        return [[(("none: its author has not replayed it", "quiet"),)]]
    rows: _Rows = [
        [
            ((f"{SIGNS[one.verdict]:<2} {one.verdict}", tone(one.verdict)),),
            ((numbers.exact(one.at), "quiet"),),
            ((f"{numbers.count(one.replays, 'replay')}, {one.environment} environment", "quiet"),),
        ]
        for one in reversed(verdicts[-3:])
    ]
    if len(verdicts) > 3:
        rows.append([((f"{len(verdicts) - 3} older", "quiet"),), (), ()])
    return rows


def _environment(record: PackedRecord) -> _Rows:
    found = record.run.environment
    if found is None:
        return [[(("not recorded", "quiet"),)]]
    packages = numbers.count(len(found.packages), "package")
    said = f"{found.implementation} {found.python}, {packages}, {found.platform}, {found.machine}"
    return [[((said, "plain"),)]]


def input_rows(manifest: PackManifest, record: PackedRecord, *, hint: bool) -> _Rows:
    """Path, size, whether its bytes are inside; how to give it where they are not."""
    why = {one.name: one.why for one in manifest.left_out if one.kind == "input"}
    rows: _Rows = []
    for use in record.inputs():
        if use.content is not None:
            state: Line = (("inside", "good"),)
        elif use.digest is None:
            state = (("gone before it could be read", "quiet"),)
        else:
            give = f"; give it: --input {use.path}=PATH" if hint else ""
            state = ((f"by digest alone: {why.get(use.path, 'not kept')}{give}", "warn"),)
        rows.append(
            [((numbers.cut(use.path, 60), "plain"),), ((numbers.size(use.size), "quiet"),), state]
        )
    return rows


def left_out_rows(manifest: PackManifest) -> _Rows:
    """What is not inside beside inputs, and why."""
    return [
        [((_named(one), "plain"),), ((one.why, "quiet"),)]
        for one in manifest.left_out
        if one.kind != "input"
    ]


def _named(one: LeftOut) -> str:
    same = one.name == one.kind or one.kind in ("lock", "values")
    return numbers.cut(one.name if same else f"{one.kind} {one.name}", 60)


def rule_rows(rules: Sequence[PackedRule]) -> _Rows:
    """Each noise rule with what it lets pass: they decide what counts as equivalent."""
    rows: _Rows = []
    for one in rules:
        parts = [
            f"{key} {value}"
            for key, value in (
                ("kind", one.kind),
                ("item", None if one.item == "*" else one.item),
                ("pattern", one.pattern),
                ("rtol", one.rtol),
                ("atol", one.atol),
            )
            if value is not None
        ]
        said = ", ".join(parts) or "everything"
        rows.append([((numbers.cut(one.name, 40), "plain"),), ((numbers.cut(said, 100), "code"),)])
    return rows


def _would(manifest: PackManifest, record: PackedRecord, confined: bool) -> _Rows:
    count = f"{manifest.executions} of {numbers.count(manifest.of, 'execution')}"
    first = (
        "rebuilds that environment with uv, then "
        if record.run.environment is not None
        else "cannot rebuild the environment (--env current takes the one here); "
    )
    how = (
        "the operating system confines it: it writes nowhere else and reaches no network"
        if confined
        else "this system does not confine it: Python's functions are guarded, code in C is not"
    )
    return [
        [((f"{first}repeats {count} in a temporary folder", "plain"),)],
        [((how, "plain" if confined else "warn"),)],
        [(("it runs its author's code: recipe.ipynb in the file shows it", "quiet"),)],
    ]


def _html(rows: _Rows) -> str:
    classes = {"quiet": "q s", "good": "up", "warn": "", "bad": "dn", "code": "m", "strong": ""}
    return grid(
        [
            [
                "".join(text(span, classes.get(kind, ""), most=200) for span, kind in cell)
                for cell in row
            ]
            for row in rows
        ]
    )


def facts_html(title: str, rows: _Rows, quiet: str = "") -> str:
    """Rows of a pack as a titled card."""
    head = f'<div class="t"><b>{escape(title)}</b></div> '
    return page(
        el("div", head + text(quiet, "s q"), "hd") + f'<div class="sec">{_html(rows)}</div>'
    )
