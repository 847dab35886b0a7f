"""Many runs: one a line, what changed and whether it was better."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mm_jupyter.cards import numbers
from mm_jupyter.cards.facts import Measure, change_line, delta_line, main_metric, measure
from mm_jupyter.cards.glyphs import status_html, verdict_html, verdict_line
from mm_jupyter.cards.markup import el, grid, page, text
from mm_jupyter.cards.rendered import Line, Rendered, table
from mm_jupyter.cards.run_cards import chip_html, delta_html, name_html
from mm_jupyter.records import Change, RunRow, Scalar

_EMPTY = "No run yet. Write %%track NAME above a cell and run it."
_NONE_FOUND = "No run fits the query."


def runs_table(
    rows: Sequence[RunRow],
    *,
    total: int | None = None,
    now: float | None = None,
    query: str | None = None,
) -> Rendered:
    """A table of runs, or how to make the first one.

    ``total`` counts the runs that fit, of which ``rows`` are the first. ``now`` (seconds since the epoch) gives ages;
    without it the table shows times, for a file that is read later. The delta and the changed params are those
    against the parent, where it is among ``rows``.
    """
    if not rows:
        said = _NONE_FOUND if query else _EMPTY
        return Rendered(lines=(((said, "quiet"),),), html=page(el("div", escape(said), "sec q")))
    entries = _entries(rows)
    foot = _foot(len(rows), total, rows)
    lines = table([_cells(entry, now) for entry in entries], right=frozenset({1, 3}))
    head = (
        "",
        "run",
        "when" if now is None else "age",
        "",
        "",
        "",
        "changed",
        el("span", "tags", "w1"),
        "verdict",
    )
    body = grid(
        [_html_cells(entry, now) for entry in entries],
        head=head,
        right=frozenset({2, 4}),
        classes="wide ls",
    )
    return Rendered(
        lines=(*lines, ((foot, "quiet"),)),
        html=page(body + el("div", escape(foot), "ft s q")),
    )


Entry = tuple[RunRow, Measure | None, tuple[Change, ...]]


def _entries(rows: Sequence[RunRow]) -> list[Entry]:
    known = {row.ref: row for row in rows}
    places: dict[str, int] = {}
    mains = {row.ref: main_metric(row) for row in rows}
    for main in filter(None, set(mains.values())):
        places[main] = numbers.decimals(row.metrics[main] for row in rows if main in row.metrics)
    entries: list[Entry] = []
    for row in rows:
        parent = known.get(row.parent) if row.parent else None
        name = mains[row.ref]
        shown = measure(name, row, parent, places[name]) if name else None
        entries.append((row, shown, _changed(row, parent) if parent else ()))
    return entries


def _changed(row: RunRow, parent: RunRow) -> tuple[Change, ...]:
    """The params that differ, the author's own first."""
    before, after = _values(parent), _values(row)
    own = {param.name for param in (*row.params, *parent.params) if param.origin == "author"}
    # What a cell that did not complete had not bound yet was not removed by anybody.
    compared = {**after, **before} if row.status == "completed" else after
    names = [name for name in compared if before.get(name) != after.get(name)]
    names.sort(key=lambda name: name not in own)
    return tuple(
        Change(kind="params", name=name, old=before.get(name), new=after.get(name))
        for name in names
    )


def _values(row: RunRow) -> dict[str, Scalar]:
    """A param that is None stands as a text: None means that there is none."""
    return {param.name: "None" if param.value is None else param.value for param in row.params}


def _when(row: RunRow, now: float | None) -> str:
    return numbers.stamp(row.started) if now is None else numbers.age(row.started, now)


def _ended(row: RunRow) -> Line:
    """The verdict, and before it what happened to a run that did not complete."""
    if row.status == "completed":
        return verdict_line(row.verdict) if row.verdict else (("-", "quiet"),)
    state: Line = ((row.status, "bad" if row.status in ("failed", "crashed") else "quiet"),)
    return (*state, (", ", "quiet"), *verdict_line(row.verdict)) if row.verdict else state


def _cells(entry: Entry, now: float | None) -> list[Line]:
    row, shown, changes = entry
    more = f" +{len(changes) - 1}" if len(changes) > 1 else ""
    changed: Line = (*change_line(changes[0]), (more, "quiet")) if changes else ()
    value: Line = ((numbers.ascii_signs(shown.value), "strong"),) if shown else ()
    name: Line = ((numbers.cut(shown.name, 24), "quiet"),) if shown else ()
    tags = " ".join(f"{key}={value}" for key, value in row.tags.items())
    return [
        ((f"{numbers.cut(row.ref.experiment, 32)}/{row.ref.version}", "strong"),),
        ((_when(row, now), "quiet"),),
        name,
        value,
        _judged(shown),
        changed,
        _ended(row),
        ((numbers.cut(tags, 60), "quiet"),),
    ]


def _judged(shown: Measure | None) -> Line:
    """``+0.0081 better``: the word where a picture has the triangle."""
    if shown is None or shown.delta is None:
        return ()
    word = {True: " better", False: " worse", None: ""}[shown.judged]
    return tuple((span + word, tone) for span, tone in delta_line(shown))


def _html_cells(entry: Entry, now: float | None) -> list[str]:
    row, shown, changes = entry
    more = (
        text(
            f"+{len(changes) - 1}",
            "s q mo",
            title="\n".join(change.name for change in changes[1:12]),
        )
        if len(changes) > 1
        else ""
    )
    tags = " ".join(f"{key}={value}" for key, value in row.tags.items())
    measured = ["", numbers.MISSING, ""]
    if shown:
        value = text(shown.value, name="b", title=shown.full)
        measured = [text(shown.name, "q el w2", most=48), value, delta_html(shown)]
    return [
        status_html(row.status),
        name_html(row.ref),
        text(_when(row, now), "s q w3", title=numbers.exact(row.started)),
        *measured,
        chip_html(changes[0]) + more if changes else "",
        text(tags, "s q el w1", most=60) if tags else "",
        verdict_html(row.verdict),
    ]


def _foot(shown: int, total: int | None, rows: Sequence[RunRow]) -> str:
    """``10 of 13 runs``: no limit is silent."""
    experiments = len({row.ref.experiment for row in rows})
    among = f", {numbers.count(experiments, 'experiment')}" if experiments > 1 else ""
    if total is not None and total > shown:
        return f"{shown:,} of {numbers.count(total, 'run')}{among}"
    return numbers.count(shown, "run") + among
