"""One run, whole."""

from __future__ import annotations

from html import escape

from mm_jupyter.cards import numbers
from mm_jupyter.cards.diff_views import changes_html
from mm_jupyter.cards.facts import (
    WITHIN,
    Measure,
    change_line,
    class_name,
    delta_line,
    failure_line,
    measure,
    sorted_changes,
)
from mm_jupyter.cards.glyphs import status_html, verdict_html, verdict_line
from mm_jupyter.cards.markup import el, folded, grid, page, pre, section, text
from mm_jupyter.cards.rendered import Line, Rendered, join, table
from mm_jupyter.cards.run_cards import delta_html, noise_html
from mm_jupyter.records import Environment, Run, RunCard, direction

_ARROWS = {"up": " ↑", "down": " ↓", None: ""}


def run_page(run: Run, card: RunCard | None = None, now: float | None = None) -> Rendered:
    """Header, what changed since the parent (needs ``card``), metrics, failure, models, files, params, environment,
    what could not be kept, the source, the traceback. ``now`` gives an age instead of a time."""
    return Rendered(lines=_lines(run, card, now), html=page(_html(run, card)))


def _where(run: Run, now: float | None) -> list[str]:
    row = run.row
    when = numbers.stamp(row.started) if now is None else numbers.age(row.started, now)
    if now is not None and when != "now" and when[-1] in "nhd":
        when += " ago"
    cell = f"cell {row.seq} of " if row.seq is not None and row.kind == "cell" else ""
    facts = [
        when,
        numbers.duration(row.seconds),
        f"{cell}{row.notebook}" if row.notebook else row.kind,
    ]
    if row.status != "completed":
        facts.append(row.status)
    if row.within:
        facts.append(f"within {row.within}")
    return facts


def _measures(run: Run, card: RunCard | None) -> list[Measure]:
    parent = card.parent if card else None
    return [measure(name, run.row, parent) for name in run.row.metrics]


def _files(run: Run, role: str) -> list[tuple[str, str, str]]:
    """Path, size, the start of the digest."""
    return [
        (
            file.path,
            numbers.size(file.size),
            file.digest.partition(":")[2][:8] if file.digest else "gone before it could be read",
        )
        for file in run.files
        if file.role == role
    ]


def _models(run: Run) -> list[tuple[str, str, str]]:
    return [
        (
            model.name,
            class_name(model.type),
            (numbers.size(model.size) if model.content else model.why or "not kept")
            + (", did not converge" if model.converged is False else ""),
        )
        for model in run.models
    ]


def _environment(environment: Environment, run: Run) -> str:
    git = (
        f", commit {run.git.commit[:8]}{' with changes' if run.git.dirty else ''}"
        if run.git
        else ""
    )
    packages = numbers.count(len(environment.packages), "package")
    cpus = numbers.count(environment.cpus, "CPU")
    return f"{environment.implementation} {environment.python}, {packages}, {environment.platform}, {cpus}{git}"


def _lines(run: Run, card: RunCard | None, now: float | None) -> tuple[Line, ...]:
    lines = _head_lines(run, now)
    if card and card.parent:
        lines += _changed_lines(card, str(card.parent.ref))
    metrics = [_metric_cells(shown) for shown in _measures(run, card)]
    lines += _block("metrics", metrics, frozenset({1}))
    for title, rows in (
        ("models", _models(run)),
        ("inputs", _files(run, "input")),
        ("output files", _files(run, "output")),
    ):
        lines += _block(title, [_cells(*row) for row in rows])
    params, defaults = _params(run)
    lines += _block(
        "params", [[((name, "plain"),), ((value, "strong"),)] for name, value in params]
    )
    if defaults:
        lines.append(((f"    and {numbers.count(len(defaults), 'default')}", "quiet"),))
    lines += _block(
        "series",
        [_cells(name, numbers.count(points, "point")) for name, points in run.series.items()],
    )
    if run.environment:
        lines += _block("environment", [_cells(_environment(run.environment, run))])
    lost = [_cells(f"{missing.kind} {missing.name}", missing.why) for missing in run.not_kept]
    lines += _block("not kept", lost)
    lines += _text_block("source", run.source)
    if run.failure:
        lines += _text_block("traceback", run.failure.traceback)
    return tuple(lines)


def _text_block(title: str, text_: str) -> list[Line]:
    if not text_.strip():
        return []
    return [
        ((f"  {title}", "quiet"),),
        *(((f"    {line}", "code"),) for line in text_.splitlines()),
    ]


def _head_lines(run: Run, now: float | None) -> list[Line]:
    row = run.row
    lines: list[Line] = [
        join([((str(row.ref), "strong"),), verdict_line(row.verdict)]),
        (("  " + ", ".join(_where(run, now)), "quiet"),),
    ]
    if row.note:
        lines += [((f"  {line}", "plain"),) for line in row.note.split("\n")]
    if row.tags:
        tags = "  ".join(f"{key}={numbers.param(value)}" for key, value in row.tags.items())
        lines.append(((f"  {tags}", "quiet"),))
    if run.failure:
        lines.append((("  " + failure_line(run.failure), "bad"),))
    return lines


def _changed_lines(card: RunCard, parent: str) -> list[Line]:
    if not card.changes:
        return [((f"  nothing changed since {parent}", "quiet"),)]
    cells = [[change_line(change, 60)] for change in sorted_changes(card.changes)]
    return _block(f"changed since {parent}", cells)


def _cells(name: str, *quiet: str) -> list[Line]:
    return [((name, "plain"),), *(((text, "quiet"),) for text in quiet)]


def _block(title: str, rows: list[list[Line]], right: frozenset[int] = frozenset()) -> list[Line]:
    if not rows:
        return []
    return [((f"  {title}", "quiet"),), *table(rows, right=right, indent="    ")]


def _metric_cells(shown: Measure) -> list[Line]:
    judged = {True: " better", False: " worse", None: f" {WITHIN}" if shown.inside else ""}
    delta = tuple((span + judged[shown.judged], tone) for span, tone in delta_line(shown))
    return [
        ((shown.name, "plain"),),
        ((numbers.ascii_signs(shown.value), "strong"),),
        ((numbers.ascii_signs(shown.noise or ""), "quiet"),),
        delta,
    ]


def _params(run: Run) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Those that somebody set, and an estimator's defaults."""
    chosen = [(p.name, numbers.param(p.value, 80)) for p in run.row.params if p.origin != "default"]
    defaults = [
        (p.name, numbers.param(p.value, 80)) for p in run.row.params if p.origin == "default"
    ]
    return chosen, defaults


def _html(run: Run, card: RunCard | None) -> str:
    parts = [_head_html(run)]
    if run.failure:
        said = text(failure_line(run.failure), "m dn", most=300)
        parts.append(section("Raised", said + folded("traceback", pre(run.failure.traceback))))
    if card and card.parent:
        changed = changes_html(sorted_changes(card.changes)) or el("span", "nothing", "q")
        parts.append(section(f"Changed since {card.parent.ref}", changed))
    parts.append(section("Metrics", _metrics_html(run, card)))
    for title, rows in (
        ("Models", _models(run)),
        ("Inputs", _files(run, "input")),
        ("Output files", _files(run, "output")),
    ):
        parts.append(
            section(
                title,
                grid([[text(a), text(b, "q s"), text(c, "q m")] for a, b, c in rows]),
                str(len(rows)),
            )
        )
    params, defaults = _params(run)
    rest = folded(numbers.count(len(defaults), "default"), _pairs(defaults))
    parts.append(section("Params", _pairs(params) + rest))
    parts.append(
        section(
            "Series", _pairs([(name, numbers.count(n, "point")) for name, n in run.series.items()])
        )
    )
    if run.environment:
        packages = _pairs([(package.name, package.version) for package in run.environment.packages])
        said = text(_environment(run.environment, run), most=300)
        parts.append(section("Environment", said + folded("packages", packages)))
    parts.append(section("Source", pre(run.source) if run.source else ""))
    lost = [
        [text(f"{lost.kind} {lost.name}"), text(lost.why, "q", most=300)] for lost in run.not_kept
    ]
    parts.append(section("Not kept", grid(lost)))
    return "".join(parts)


def _head_html(run: Run) -> str:
    row = run.row
    title = f'<div class="t">{status_html(row.status)}<b>{escape(str(row.ref))}</b> '
    where = text(", ".join(_where(run, None)), "s q", most=200, title=numbers.exact(row.started))
    tags = (
        text("  ".join(f"{key}={value}" for key, value in row.tags.items()), "s q", most=200)
        if row.tags
        else ""
    )
    tags = el("div", tags) if tags else ""
    note = el("div", escape(row.note)) if row.note else ""
    return f'<div class="hd">{title}{where}{tags}{note}</div>{verdict_html(row.verdict)}</div>'


def _metrics_html(run: Run, card: RunCard | None) -> str:
    rows = []
    for shown in _measures(run, card):
        arrow = _ARROWS[direction(shown.name)]
        name = text(shown.name, most=60) + (
            f'<span class="q">{arrow.strip()}</span> ' if arrow else ""
        )
        value = text(shown.value, name="b", title=shown.full)
        rows.append([name, value, noise_html(shown), delta_html(shown)])
    return grid(rows, right=frozenset({1}))


def _pairs(pairs: list[tuple[str, str]]) -> str:
    return grid([[text(name, "q", most=60), text(value)] for name, value in pairs])
