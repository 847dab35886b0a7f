"""What the cards say of a run, once for every form: the main metric, its judged delta, what changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mm_jupyter.cards import numbers
from mm_jupyter.cards.rendered import Line
from mm_jupyter.records import Change, Failure, RunCard, RunRow, better, direction, within_noise

_ORDER = ("data", "params", "code", "environment", "model")
TRIANGLES = {True: "▲", False: "▼"}
WITHIN = "within noise"
WORDS = {True: "better", False: "worse"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A metric ready to be shown. ``judged`` None: no parent, no difference, one within the noise (``inside``), or the
    name does not say which way is better. ``noise`` is ``± 0.0071``, None where it was not measured."""

    name: str
    value: str
    full: str
    delta: str | None
    judged: bool | None
    parent: str | None
    noise: str | None = None
    inside: bool = False


def main_metric(row: RunRow, wanted: str | None = None) -> str | None:
    """The metric that stands for a run: the wanted one, else the first whose better way is known, else the first."""
    return main_of(row.metrics, wanted)


def main_of(metrics: Mapping[str, float], wanted: str | None = None) -> str | None:
    """As ``main_metric``, of metrics alone."""
    if wanted in metrics:
        return wanted
    directed = (name for name in metrics if direction(name))
    return next(directed, next(iter(metrics), None))


def measure(name: str, row: RunRow, parent: RunRow | None, places: int | None = None) -> Measure:
    value = row.metrics[name]
    before = parent.metrics.get(name) if parent else None
    if places is None:
        places = numbers.decimals([value] if before is None else [value, before])
    change = None if before is None else value - before
    own, its = row.noise.get(name), parent.noise.get(name) if parent else None
    comparable = change is not None and change == change and abs(change) != float("inf")
    return Measure(
        name=name,
        value=numbers.metric(value, places),
        full=repr(value),
        delta=numbers.delta(change, places) if comparable and change is not None else None,
        judged=better(name, change, own, its) if comparable and change is not None else None,
        parent=None if before is None else numbers.metric(before, places),
        noise=None if own is None else f"± {numbers.spread(own)}",
        inside=bool(comparable and change and within_noise(change, own, its)),
    )


def measure_line(shown: Measure) -> Line:
    """``auc 0.8642 (+0.0081, better)``."""
    line: Line = ((shown.name + " ", "quiet"), (numbers.ascii_signs(shown.value), "strong"))
    if shown.noise:
        line = (*line, (f" {numbers.ascii_signs(shown.noise)}", "quiet"))
    return (*line, *delta_line(shown, brackets=True))


def delta_line(shown: Measure, *, brackets: bool = False) -> Line:
    if shown.delta is None:
        return ()
    text = numbers.ascii_signs(shown.delta)
    if brackets:
        word = WORDS[shown.judged] if shown.judged is not None else WITHIN if shown.inside else ""
        text = f" ({text}, {word})" if word else f" ({text})"
    return ((text, "quiet" if shown.judged is None else "good" if shown.judged else "bad"),)


def sorted_changes(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Data, params, code, environment, models; within a kind the order of whoever found them."""
    return tuple(sorted(changes, key=lambda change: _ORDER.index(change.kind)))


def sides(change: Change, most: int = 24) -> tuple[str | None, str]:
    """``("100", "200")``; ``(None, "0.1")`` for an added param, ``(None, "+4 -1")`` for code; ``("3", "removed")``."""
    old, new = change.old, change.new
    if change.kind == "model":
        # Models change by their class: its own name tells more than its module's.
        old, new = (class_name(side) if isinstance(side, str) else side for side in (old, new))
    shown = None if old is None else numbers.param(old, most)
    return shown, "removed" if new is None else numbers.param(new, most)


def change_line(change: Change, most: int = 24) -> Line:
    """``max_depth 6 -> 8``."""
    old, new = sides(change, most)
    name = numbers.cut(change.name, 40)
    if old is None:
        return ((name + " ", "quiet"), (new, "plain"))
    return ((name + " ", "quiet"), (f"{old} -> ", "quiet"), (new, "plain"))


def failure_line(failure: Failure) -> str:
    """The exception's own first line."""
    first = failure.message.strip().partition("\n")[0]
    return f"{failure.name}: {first}" if first else failure.name


def ending(card: RunCard) -> str | None:
    """What happened to a run that did not complete, in a few words; None for one that did."""
    status = card.row.status
    if card.failure is not None:
        return failure_line(card.failure)
    took = f" after {numbers.duration(card.row.seconds)}" if card.row.seconds is not None else ""
    said = {
        "failed": "the cell raised",
        "interrupted": "interrupted" + took,
        "crashed": "the kernel died before the cell ended",
        "running": "running",
    }
    return said.get(status)


def class_name(type_: str) -> str:
    """``sklearn.ensemble._forest.RandomForestClassifier`` -> ``RandomForestClassifier``."""
    return type_.rpartition(".")[2] or type_
