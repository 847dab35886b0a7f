"""Short lists: several verdicts, the audit log, what is damaged."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mm_jupyter.cards import numbers
from mm_jupyter.cards.glyphs import verdict_html, verdict_line
from mm_jupyter.cards.markup import el, grid, page, text
from mm_jupyter.cards.rendered import Line, Rendered, table
from mm_jupyter.cards.run_cards import name_html
from mm_jupyter.records import AuditEntry, Judgement, Verdict


def verdicts_table(judgements: Sequence[Judgement]) -> Rendered:
    """One replayed run a line, with its sentence; counted by verdict below."""
    counts: dict[Verdict, int] = {}
    for judgement in judgements:
        counts[judgement.verdict] = counts.get(judgement.verdict, 0) + 1
    foot = ", ".join(f"{number:,} {verdict}" for verdict, number in counts.items())
    lines = table([_verdict_cells(judgement) for judgement in judgements], right=frozenset({3}))
    rows = [
        [
            name_html(judgement.run),
            verdict_html(judgement.verdict),
            text(_reason(judgement), "q", most=120),
            text(numbers.duration(judgement.seconds), "s q"),
        ]
        for judgement in judgements
    ]
    body = grid(rows, right=frozenset({3}), classes="wide ls")
    return Rendered(
        lines=(*lines, ((foot, "quiet"),)), html=page(body + el("div", escape(foot), "ft s q"))
    )


def _reason(judgement: Judgement) -> str:
    """The first cause, where one is known; else the sentence."""
    for cause in judgement.causes:
        if cause.confirmed is not False:
            sides = " → ".join(side for side in (cause.recorded, cause.current) if side is not None)
            return f"{cause.factor} {cause.name} {sides}".rstrip()
    return judgement.said


def _verdict_cells(judgement: Judgement) -> list[Line]:
    return [
        ((str(judgement.run), "strong"),),
        verdict_line(judgement.verdict),
        ((numbers.cut(numbers.ascii_signs(_reason(judgement)), 100), "quiet"),),
        ((numbers.duration(judgement.seconds), "quiet"),),
    ]


def log_view(entries: Sequence[AuditEntry], now: float | None = None) -> Rendered:
    """Who did what to what, and when; in the order given."""
    if not entries:
        return Rendered(
            lines=((("The log is empty.", "quiet"),),),
            html=page(el("div", "The log is empty.", "sec q")),
        )
    cells = [
        (
            f"{entry.number}",
            numbers.stamp(entry.at) if now is None else numbers.age(entry.at, now),
            entry.who,
            entry.what,
            entry.object,
        )
        for entry in entries
    ]
    lines = table(
        [
            [((a, "quiet"),), ((b, "quiet"),), ((c, "quiet"),), ((d, "strong"),), ((e, "plain"),)]
            for a, b, c, d, e in cells
        ],
        right=frozenset({0, 1}),
    )
    rows = [
        [
            text(a, "s q"),
            text(b, "s q", title=numbers.exact(entry.at)),
            text(c, "q"),
            text(d, name="b"),
            text(e),
        ]
        for (a, b, c, d, e), entry in zip(cells, entries, strict=True)
    ]
    html = grid(
        rows, head=("", "when", "who", "what", "object"), right=frozenset({0, 1}), classes="ls"
    )
    return Rendered(lines=lines, html=page(html))


def faults_view(faults: Sequence[tuple[str, str, str]]) -> Rendered:
    """What is damaged (its kind, its name and why), or that nothing is."""
    if not faults:
        said = "Every digest was derived again and fits: nothing is damaged."
        return Rendered(lines=(((said, "good"),),), html=page(el("div", escape(said), "sec")))
    head = f"{numbers.count(len(faults), 'thing is', 'things are')} damaged."
    lines: list[Line] = [((head, "bad"),)]
    cells: list[list[Line]] = [
        [((f"{kind} {name}", "strong"),), ((why, "plain"),)] for kind, name, why in faults
    ]
    lines += table(cells, indent="  ")
    rows = [[text(f"{kind} {name}", name="b"), text(why, most=200)] for kind, name, why in faults]
    return Rendered(
        lines=tuple(lines),
        html=page(el("div", escape(head), "hd dn") + grid(rows, classes="ls")),
    )
