"""The queue of work, and what a sweep gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from mm_jupyter.cards import numbers
from mm_jupyter.cards.facts import main_metric
from mm_jupyter.cards.glyphs import verdict_html, verdict_line
from mm_jupyter.cards.markup import el, grid, page, section, text
from mm_jupyter.cards.rendered import Line, Rendered, Tone, table
from mm_jupyter.records import Scalar
from mm_jupyter.records.jobs import BatchState, Job
from mm_jupyter.records.sweep import Point, Sweep

_NONE = "Nothing was asked for yet: 'mm replay --all' and 'mm sweep' do, and the sidebar."
_SHOWN = 200
_TONES: dict[str, Tone] = {
    "done": "good", "failed": "bad", "running": "strong", "waiting": "quiet", "cancelled": "quiet",
}  # fmt: skip
_WIDTH = 20


def batches_view(states: Sequence[BatchState], now: float | None = None) -> Rendered:
    """A line for each batch: what was asked, how far it is, how long it took or will take."""
    if not states:
        return Rendered(lines=(((_NONE, "quiet"),),), html=page(el("div", escape(_NONE), "sec q")))
    rows: list[list[str]] = []
    lines: list[list[Line]] = []
    for one in states:
        when = numbers.stamp(one.batch.asked) if now is None else numbers.age(one.batch.asked, now)
        rows.append(
            [
                text(one.batch.id, name="b"),
                text(one.batch.title, most=80),
                text(when, "s q", title=numbers.exact(one.batch.asked)),
                _bar_html(one),
                text(_how_far(one, now), "q"),
            ]
        )
        lines.append(
            [
                ((one.batch.id, "strong"),),
                ((numbers.cut(one.batch.title, 48), "plain"),),
                ((when, "quiet"),),
                ((_bar(one), "plain"),),
                ((_how_far(one, now), "quiet"),),
            ]
        )
    body = grid(rows, head=("batch", "asked for", "when", "", ""), classes="wide ls")
    return Rendered(lines=tuple(table(lines)), html=page(body))


def _how_far(state: BatchState, now: float | None) -> str:
    parts = [
        f"{number:,} {word}"
        for word, number in (
            ("done", state.done), ("failed", state.failed), ("running", state.running),
            ("waiting", state.waiting), ("cancelled", state.cancelled),
        )
        if number
    ]  # fmt: skip
    ended = state.done + state.failed
    if not state.left and state.started is not None and state.ended is not None:
        parts.append(numbers.duration(state.ended - state.started))
    elif state.running and ended and now is not None and state.started is not None:
        parts.append(f"{numbers.duration((now - state.started) / ended * state.left)} left")
    return ", ".join(parts)


def _bar(state: BatchState) -> str:
    full = round(_WIDTH * (state.total - state.left) / max(state.total, 1))
    return f"[{'#' * full}{'.' * (_WIDTH - full)}]"


def _bar_html(state: BatchState) -> str:
    """The share that has ended; the text beside it says the same."""
    share = 100 * (state.total - state.left) / max(state.total, 1)
    return (
        '<svg width="100" height="6" viewBox="0 0 100 6" aria-hidden="true">'
        '<path d="M0 3H100" stroke="currentColor" stroke-width="6" opacity=".15"/>'
        f'<path d="M0 3H{share:.1f}" stroke="currentColor" stroke-width="6"/></svg>'
    )


def jobs_view(jobs: Sequence[Job]) -> Rendered:
    """A line for each job of a batch."""
    shown = jobs[:_SHOWN]
    lines = [
        [
            ((_called(job), "strong"),),
            verdict_line(job.verdict) if job.verdict else ((job.state, _TONES[job.state]),),
            ((numbers.cut(numbers.ascii_signs(_said(job)), 100), "quiet"),),
        ]
        for job in shown
    ]
    rows = [
        [
            text(_called(job), name="b"),
            verdict_html(job.verdict) if job.verdict else text(job.state),
            text(_said(job), "q", most=160),
        ]
        for job in shown
    ]
    more = f"and {len(jobs) - _SHOWN:,} more" if len(jobs) > _SHOWN else ""
    foot: tuple[Line, ...] = (((more, "quiet"),),) if more else ()
    return Rendered(
        lines=(*table(lines), *foot),
        html=page(grid(rows, classes="wide ls") + (el("div", more, "ft s q") if more else "")),
    )


def _called(job: Job) -> str:
    if job.parameters:
        return parameters(job.parameters)
    return str(job.run) if job.run is not None else f"job {job.id}"


def _said(job: Job) -> str:
    if job.state == "running":
        return f"{job.phase}, cell {job.cell} of {job.cells}" if job.cells else "starting a kernel"
    return job.said or (str(job.run) if job.parameters and job.run is not None else "")


def parameters(given: Mapping[str, Scalar]) -> str:
    """``depth 4, lr 0.1``."""
    return ", ".join(f"{name} {numbers.param(value)}" for name, value in given.items())


def sweep_view(sweep: Sweep) -> Rendered:
    """A line for each point, the best first where it is known by what; then those that failed or are left."""
    names = list(dict.fromkeys(name for point in sweep.points for name in point.parameters))
    metric = sweep.metric or _metric(sweep.points)
    points = _sorted(sweep, metric)
    places = numbers.decimals(
        [value for point in points if (value := _value(point, metric)) is not None]
    )
    head = ["run", *names, metric or "", ""]
    lines: list[list[Line]] = [
        [
            ((_run(point), "strong"),),
            *[((numbers.param(point.parameters.get(name)), "plain"),) for name in names],
            ((_shown(point, metric, places), "strong" if _is_best(sweep, point) else "plain"),),
            ((_state(sweep, point), _TONES[point.state]),),
        ]
        for point in points[:_SHOWN]
    ]
    rows = [
        [
            text(_run(point), name="b"),
            *[text(numbers.param(point.parameters.get(name))) for name in names],
            text(_shown(point, metric, places), name="b" if _is_best(sweep, point) else "span"),
            text(_state(sweep, point), "q", most=120),
        ]
        for point in points[:_SHOWN]
    ]
    said = f"{sweep.state.batch.title}: {_how_far(sweep.state, None)}"
    right = frozenset(range(1, len(names) + 2))
    return Rendered(
        lines=(
            ((f"{sweep.state.batch.id}  ", "strong"), (said, "plain")),
            *table([[((name, "quiet"),) for name in head], *lines], right=right, indent="  "),
        ),
        html=page(
            section(
                sweep.state.batch.id, grid(rows, head=head, right=right, classes="wide ls"), said
            )
        ),
    )


def _metric(points: Sequence[Point]) -> str | None:
    """What the first run that has a metric is usually judged by."""
    named = (main_metric(point.row) for point in points if point.row is not None)
    return next((name for name in named if name), None)


def _sorted(sweep: Sweep, metric: str | None) -> list[Point]:
    less = bool(sweep.state.batch.options.get("minimize"))

    def key(point: Point) -> tuple[bool, float]:
        value = _value(point, metric)
        return value is None, 0.0 if value is None else value if less else -value

    return sorted(sweep.points, key=key) if sweep.metric else list(sweep.points)


def _value(point: Point, metric: str | None) -> float | None:
    value = point.row.metrics.get(metric) if point.row is not None and metric else None
    return None if value is None or value != value else value


def _run(point: Point) -> str:
    return str(point.row.ref) if point.row is not None else "-"


def _shown(point: Point, metric: str | None, places: int) -> str:
    value = _value(point, metric)
    return "" if value is None else numbers.metric(value, places)


def _is_best(sweep: Sweep, point: Point) -> bool:
    return point.row is not None and point.row.ref == sweep.best


def _state(sweep: Sweep, point: Point) -> str:
    if _is_best(sweep, point):
        return "best"
    if point.state == "done":
        return ""
    return numbers.cut(f"{point.state}: {point.said}" if point.said else point.state, 100)
