"""Two outcomes -> item by item how equal they are. Values and metrics come before outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mm_jupyter.analysis.comparing.kept import compare_models, compare_values
from mm_jupyter.analysis.comparing.matching import ATOL, RTOL, SAME, Match, Tolerance
from mm_jupyter.analysis.comparing.noise import ADDRESSES, is_clock_name, without_noise
from mm_jupyter.analysis.comparing.products import compare_artifacts, compare_files, compare_outputs
from mm_jupyter.analysis.comparing.sides import Excuse, Side, UserRule, Work, both, cut
from mm_jupyter.analysis.comparing.texts import match_texts
from mm_jupyter.records import Failure, Item, NotCompared, Outcome, Param, Scalar


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared, in order, and what could not be."""

    items: tuple[Item, ...]
    not_compared: tuple[NotCompared, ...]


def compare(
    recorded: Side,
    replayed: Side,
    *,
    rtol: float = RTOL,
    atol: float = ATOL,
    rules: Sequence[UserRule] = (),
    excuse: Excuse | None = None,
) -> Comparison:
    """Compare a record with one replay of it, or two replays with each other.

    Every item is ``identical``, ``equivalent``, ``diverged`` or ``failed`` (one side raised). When one side raised,
    only that is compared. A name that is a metric or a model is not compared again as a value. What differs and has an
    ``excuse`` is not compared.
    """
    work = Work(recorded, replayed, Tolerance(rtol, atol), rules, [], [], excuse)
    if _status(work):
        _params(work)
        _metrics(work)
        _series(work)
        compare_values(work)
        compare_models(work)
        compare_files(work)
        compare_artifacts(work)
        compare_outputs(work)
    return Comparison(tuple(work.items), tuple(work.not_compared))


# -- how it ended --------------------------------------------------------------------------------------------------


def _status(work: Work) -> bool:
    """Compare how both ended; True when there is more to compare."""
    mine, theirs = work.recorded.outcome, work.replayed.outcome
    if mine.status in ("interrupted", "crashed", "running"):
        work.skip("run", "status", f"the run itself was {_ENDS[mine.status]}")
        return False
    if theirs.status in ("interrupted", "crashed", "running"):
        _end(work, _said(mine.failure), f"the replay was {_ENDS[theirs.status]}")
        return False
    raised = mine.failure is not None or mine.status == "failed"
    again = theirs.failure is not None or theirs.status == "failed"
    if raised != again:
        _end(work, _said(mine.failure), _said(theirs.failure))
        return False
    if mine.failure is not None and theirs.failure is not None:
        _failures(work, mine.failure, theirs.failure)
    return True


_ENDS = {
    "interrupted": "interrupted",
    "crashed": "cut off when its kernel died",
    "running": "still running",
}


def _end(work: Work, recorded: str | None, replayed: str | None) -> None:
    work.items.append(
        Item(kind="error", name="error", recorded=recorded, replayed=replayed, verdict="failed")
    )


def _said(failure: Failure | None) -> str | None:
    return (
        None
        if failure is None
        else cut(f"{failure.name}: {failure.message}" if failure.message else failure.name)
    )


def _failures(work: Work, mine: Failure, theirs: Failure) -> None:
    """The exception's class and message; a traceback holds paths and lines of libraries and decides nothing."""

    def match(tolerance: Tolerance) -> Match:
        if mine.name != theirs.name:
            return Match("diverged", None, "another exception")
        return match_texts(mine.message, theirs.message, tolerance)

    work.judge(
        "error", "error", (_said(mine), _said(theirs)), match, (mine.message, theirs.message)
    )


# -- names and numbers ---------------------------------------------------------------------------------------------


def _params(work: Work) -> None:
    mine = {param.name: param for param in work.recorded.outcome.params}
    theirs = {param.name: param for param in work.replayed.outcome.params}
    for name, one, other in both(mine, theirs):
        shown = _param(one), _param(other)
        if one is None or other is None:
            work.absent("param", name, *shown)
        else:
            work.judge("param", name, shown, _param_match(one.value, other.value))


def _param_match(one: Scalar, other: Scalar) -> Callable[[Tolerance], Match]:
    """Exact, but for addresses: a param may be the ``repr`` of a function."""

    def match(_: Tolerance) -> Match:
        if _same_scalar(one, other):
            return SAME
        if isinstance(one, str) and isinstance(other, str):
            left, right, rules = without_noise(one, other, ADDRESSES)
            if left == right:
                return Match("identical", ", ".join(rules))
        return Match("diverged")

    return match


def _param(param: Param | None) -> str | None:
    return None if param is None else cut(repr(param.value))


def _same_scalar(one: Scalar, other: Scalar) -> bool:
    return type(one) is type(other) and repr(one) == repr(other)  # NaN is NaN, 0.0 is not -0.0


def _metrics(work: Work) -> None:
    mine = {metric.name: metric.value for metric in work.recorded.outcome.metrics}
    theirs = {metric.name: metric.value for metric in work.replayed.outcome.metrics}
    for name, one, other in both(mine, theirs):
        shown = _number(one), _number(other)
        if one is None or other is None:
            work.absent("metric", name, *shown)
        elif is_clock_name(name) and one != other and one > 0 and other > 0:
            work.skip("metric", name, "it is a time that a clock measured")
        else:
            work.judge("metric", name, shown, _number_match(one, other))


def _number(value: float | None) -> str | None:
    return None if value is None else repr(value)


def _number_match(one: float, other: float) -> Callable[[Tolerance], Match]:
    def match(tolerance: Tolerance) -> Match:
        if repr(one) == repr(other):  # so that 0.0 is not -0.0, and NaN is NaN
            return SAME
        why = f"differs by {abs(one - other):.3g}"
        return Match("equivalent" if tolerance.close(one, other) else "diverged", None, why)

    return match


def _series(work: Work) -> None:
    mine, theirs = _points(work.recorded.outcome), _points(work.replayed.outcome)
    for name, one, other in both(mine, theirs):
        shown = _points_shown(one), _points_shown(other)
        if one is None or other is None:
            work.absent("series", name, *shown)
        else:
            work.judge("series", name, shown, _points_match(one, other))


Points = list[tuple[int, float]]


def _points(outcome: Outcome) -> dict[str, Points]:
    found: dict[str, Points] = {}
    for chunk in outcome.series:
        found.setdefault(chunk.name, []).extend(zip(chunk.steps, chunk.values, strict=True))
    return found


def _points_shown(points: Points | None) -> str | None:
    if points is None:
        return None
    return f"{len(points):,} points, last {points[-1][1]:g}" if points else "no points"


def _points_match(one: Points, other: Points) -> Callable[[Tolerance], Match]:
    def match(tolerance: Tolerance) -> Match:
        if [step for step, _ in one] != [step for step, _ in other]:
            return Match(
                "diverged", None, f"{len(one):,} points, then {len(other):,}, or other steps"
            )
        differing = [
            (a, b) for (_, a), (_, b) in zip(one, other, strict=True) if repr(a) != repr(b)
        ]
        if not differing:
            return SAME
        close = all(tolerance.close(a, b) for a, b in differing)
        largest = max(abs(a - b) for a, b in differing)
        why = f"{len(differing):,} of {len(one):,} differ, by {largest:.3g} at most"
        return Match("equivalent" if close else "diverged", None, why)

    return match
