"""What a run ran in, what differs between two environments, and why a result is another one."""

from __future__ import annotations

from html import escape

from mm_jupyter.cards import numbers
from mm_jupyter.cards.glyphs import SIGNS, tone, verdict_html
from mm_jupyter.cards.markup import folded, grid, page, section, text
from mm_jupyter.cards.rendered import Line, Rendered, table
from mm_jupyter.cards.verdict_cards import verdict_card, verdict_html_body
from mm_jupyter.records import Environment, EnvironmentDiff, Experiment, Explanation

_Rows = list[list[str]]


def environment_view(name: str, environment: Environment) -> Rendered:
    """Interpreter, machine, BLAS, threads and variables; the packages last, since they are many."""
    count = numbers.count(len(environment.packages), "package")
    facts = [
        ["python", f"{environment.implementation} {environment.python}"],
        [
            "machine",
            f"{environment.platform}, {environment.machine}, {numbers.count(environment.cpus, 'CPU')}",
        ],
        ["processor", environment.processor or numbers.MISSING],
        *[["blas", one] for one in environment.blas],
        *[["threads", f"{kind} {number}"] for kind, number in environment.threads.items()],
        *[["variable", f"{key}={value}"] for key, value in environment.variables.items()],
    ]
    packages = [
        [one.name, one.version + (f" from {one.origin}" if one.origin else "")]
        for one in environment.packages
    ]
    head: Line = ((name, "strong"), (f"  {count}", "quiet"))
    return Rendered(
        lines=(head, *_table(facts), *_table(packages)),
        html=page(
            _head(name, "environment", count)
            + f'<div class="sec">{_grid(facts)}</div>'
            + folded(count, _grid(packages))
        ),
    )


def environment_diff_view(diff: EnvironmentDiff) -> Rendered:
    """Changed defaults that the run relies on come first: they explain most; then fact by fact."""
    counted = f"{numbers.count(len(diff.facts), 'fact')} differ, {diff.same:,} are the same"
    if len(diff.facts) == 1:
        counted = counted.replace(" differ,", " differs,")
    defaults = [[one.short, _side(one.old), "->", _side(one.new)] for one in diff.defaults]
    facts = [
        [
            fact.kind,
            fact.name if fact.name != fact.kind else "",
            _side(fact.old),
            "->",
            _side(fact.new),
        ]
        for fact in diff.facts
    ]
    lines: list[Line] = [((f"{diff.old} -> {diff.new}", "strong"), (f"  {counted}", "quiet"))]
    if defaults:
        lines += [(("  changed defaults that it relies on", "quiet"),), *_table(defaults, "    ")]
    lines += _table(facts)
    body = section("Changed defaults that it relies on", _grid(defaults)) if defaults else ""
    body += section("Environment", _grid(facts)) if facts else ""
    return Rendered(
        lines=tuple(lines),
        html=page(_head(f"{diff.old} → {diff.new}", "environment", counted) + body),
    )


def explanation_card(explanation: Explanation) -> Rendered:
    """The sentence, the verdict with its causes, and the replays that show it."""
    judged = verdict_card(explanation.judgement)
    against = (
        "with the recorded inputs, modules and random state"
        if explanation.helped
        else "as the project is now"
    )
    lines: list[Line] = [((explanation.said, "strong"), (f"  ({against})", "quiet")), *judged.lines]
    for i, one in enumerate(explanation.experiments):
        head = "  put back      " if i == 0 else "                "
        lines.append(
            (
                (head, "quiet"),
                (numbers.cut(_put_back(one), 80), "plain"),
                (f"  {SIGNS[one.verdict]} {one.verdict}", tone(one.verdict)),
                (f"  {numbers.duration(one.seconds)}", "quiet"),
            )
        )
    rows = [
        f'<div class="it">{verdict_html(one.verdict, with_word=False)}'
        f'<span class="el">{escape(numbers.cut(_put_back(one), 200))}</span> {text(one.verdict, "s q el num")}</div>'
        for one in explanation.experiments
    ]
    shown = section("Put back", "".join(rows), numbers.count(len(rows), "replay")) if rows else ""
    head_html = f'<div class="hd"><div class="t"><b>{escape(explanation.said)}</b></div> {text(against, "s q")}</div>'
    return Rendered(
        lines=tuple(lines), html=page(head_html + verdict_html_body(explanation.judgement) + shown)
    )


def _put_back(one: Experiment) -> str:
    names = ", ".join(one.put_back[:3])
    more = f" and {len(one.put_back) - 3} more" if len(one.put_back) > 3 else ""
    return names + more if names else "nothing"


def _side(value: str | None) -> str:
    return numbers.MISSING if value is None else numbers.cut(value, 80)


def _table(rows: _Rows, indent: str = "  ") -> tuple[Line, ...]:
    lines: list[list[Line]] = [
        [((numbers.ascii_signs(cell), "plain" if at else "quiet"),) for at, cell in enumerate(row)]
        for row in rows
    ]
    return table(lines, indent=indent)


def _grid(rows: _Rows) -> str:
    return grid(
        [[text(cell, "q s" if at == 0 else "") for at, cell in enumerate(row)] for row in rows]
    )


def _head(title: str, what: str, quiet: str) -> str:
    return f'<div class="hd"><div class="t"><b>{escape(title)}</b> {what}</div> {text(quiet, "s q")}</div>'
