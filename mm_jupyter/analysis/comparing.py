"""Two outcomes -> item by item how equal they are. Values and metrics come before outputs."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mm_jupyter.analysis.fingerprints import BadForm, read_form
from mm_jupyter.analysis.lanes import lanes, match_lane
from mm_jupyter.analysis.matching import ATOL, RTOL, SAME, Match, Tolerance
from mm_jupyter.analysis.outputs import match_contents, match_file
from mm_jupyter.analysis.texts import match_texts
from mm_jupyter.analysis.values import match_forms
from mm_jupyter.records import (
    Artifact,
    BlobDigest,
    ContentDigest,
    Failure,
    FileUse,
    Item,
    Model,
    NotCompared,
    Outcome,
    Param,
    Scalar,
    Value,
)

SHOWN = 80


@dataclass(frozen=True, slots=True)
class Side:
    """An outcome and the way to its blobs. ``series`` of the outcome must hold the points, wherever they were kept."""

    outcome: Outcome
    read: Callable[[BlobDigest], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRule:
    """A rule that the user added: what it covers is at best *equivalent*.

    ``kind`` and ``item`` choose items (None: every kind; ``item`` is a shell pattern). With ``pattern`` what matches it
    is left out of both texts; with ``rtol`` or ``atol`` numbers have that tolerance; with none of them a difference of
    the item is accepted.
    """

    name: str
    kind: str | None = None
    item: str = "*"
    pattern: str | None = None
    rtol: float | None = None
    atol: float | None = None

    def covers(self, kind: str, name: str) -> bool:
        return self.kind in (None, kind) and fnmatch.fnmatchcase(name, self.item)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared, in order, and what could not be."""

    items: tuple[Item, ...]
    not_compared: tuple[NotCompared, ...]


class _Missing(Exception):
    """A blob that a side names is not there."""


@dataclass(slots=True)
class _Work:
    recorded: Side
    replayed: Side
    tolerance: Tolerance
    rules: Sequence[UserRule]
    items: list[Item]
    not_compared: list[NotCompared]

    def judge(
        self,
        kind: str,
        name: str,
        shown: tuple[str | None, str | None],
        match: Callable[[Tolerance], Match],
        texts: tuple[str, str] | None = None,
    ) -> None:
        """Add an item; where it differs, ask the user's rules."""
        try:
            found = match(self.tolerance)
        except _Missing as error:
            self.skip(kind, name, str(error))
            return
        if found.likeness != "identical":
            found = self._by_rules(kind, name, found, match, texts)
        self.items.append(
            Item(
                kind=kind,
                name=name,
                recorded=shown[0],
                replayed=shown[1],
                verdict=found.likeness,
                rule=found.rule,
                why=found.why,
            )
        )

    def _by_rules(
        self,
        kind: str,
        name: str,
        found: Match,
        match: Callable[[Tolerance], Match],
        texts: tuple[str, str] | None,
    ) -> Match:
        for rule in self.rules:
            if found.likeness != "diverged" or not rule.covers(kind, name):
                continue
            if rule.rtol is not None or rule.atol is not None:
                tolerance = Tolerance(rule.rtol or 0.0, rule.atol or 0.0)
                other = match(tolerance)
            elif rule.pattern is not None:
                if texts is None:
                    continue
                mine, theirs = (re.sub(rule.pattern, "", text) for text in texts)
                other = match_texts(mine, theirs, self.tolerance)
            else:
                other = SAME
            if other.likeness != "diverged":
                found = Match("equivalent", rule.name, found.why)
        return found

    def absent(self, kind: str, name: str, recorded: str | None, replayed: str | None) -> None:
        """Add an item that only one side has."""
        why = "gone" if replayed is None else "new"
        self.judge(kind, name, (recorded, replayed), lambda _: Match("diverged", None, why))

    def skip(self, kind: str, name: str, why: str) -> None:
        self.not_compared.append(NotCompared(kind=kind, name=name, why=why))

    def read(self, mine: BlobDigest, theirs: BlobDigest) -> tuple[bytes, bytes]:
        return _read(self.recorded, mine, "recorded"), _read(self.replayed, theirs, "replayed")


def _read(side: Side, blob: BlobDigest, which: str) -> bytes:
    try:
        return side.read(blob)
    except (LookupError, OSError) as error:
        raise _Missing(f"the {which} bytes are gone") from error


def compare(
    recorded: Side,
    replayed: Side,
    *,
    rtol: float = RTOL,
    atol: float = ATOL,
    rules: Sequence[UserRule] = (),
) -> Comparison:
    """Compare a record with one replay of it, or two replays with each other.

    Every item is ``identical``, ``equivalent``, ``diverged`` or ``failed`` (one side raised). When one side raised,
    only that is compared. A name that is a metric or a model is not compared again as a value.
    """
    work = _Work(recorded, replayed, Tolerance(rtol, atol), rules, [], [])
    if _status(work):
        _params(work)
        _metrics(work)
        _series(work)
        _values(work)
        _models(work)
        _files(work)
        _artifacts(work)
        _outputs(work)
    return Comparison(tuple(work.items), tuple(work.not_compared))


# -- how it ended --------------------------------------------------------------------------------------------------


def _status(work: _Work) -> bool:
    """Compare how both ended; True when there is more to compare."""
    mine, theirs = work.recorded.outcome, work.replayed.outcome
    if mine.status in ("interrupted", "crashed", "running"):
        work.skip("run", "status", f"the run itself was {_ENDS[mine.status]}")
        return False
    if theirs.status in ("interrupted", "crashed", "running"):
        _end(work, _said(mine.failure), f"the replay was {_ENDS[theirs.status]}", "failed", None)
        return False
    raised = mine.failure is not None or mine.status == "failed"
    again = theirs.failure is not None or theirs.status == "failed"
    if raised != again:
        _end(work, _said(mine.failure), _said(theirs.failure), "failed", None)
        return False
    if mine.failure is not None and theirs.failure is not None:
        _failures(work, mine.failure, theirs.failure)
    return True


_ENDS = {"interrupted": "interrupted", "crashed": "cut off when its kernel died", "running": "still running"}


def _end(work: _Work, recorded: str | None, replayed: str | None, verdict: str, why: str | None) -> None:
    assert verdict == "failed"
    work.items.append(
        Item(kind="error", name="error", recorded=recorded, replayed=replayed, verdict="failed", why=why)
    )


def _said(failure: Failure | None) -> str | None:
    return None if failure is None else _cut(f"{failure.name}: {failure.message}" if failure.message else failure.name)


def _failures(work: _Work, mine: Failure, theirs: Failure) -> None:
    """The exception's class and message; a traceback holds paths and lines of libraries and decides nothing."""

    def match(tolerance: Tolerance) -> Match:
        if mine.name != theirs.name:
            return Match("diverged", None, "another exception")
        return match_texts(mine.message, theirs.message, tolerance)

    work.judge("error", "error", (_said(mine), _said(theirs)), match, (mine.message, theirs.message))


# -- names and numbers ---------------------------------------------------------------------------------------------


def _params(work: _Work) -> None:
    mine = {param.name: param for param in work.recorded.outcome.params}
    theirs = {param.name: param for param in work.replayed.outcome.params}
    for name, one, other in _both(mine, theirs):
        shown = _param(one), _param(other)
        if one is None or other is None:
            work.absent("param", name, *shown)
        else:
            same = _same_scalar(one.value, other.value)
            work.judge("param", name, shown, lambda _, same=same: SAME if same else Match("diverged"))  # type: ignore[misc]


def _param(param: Param | None) -> str | None:
    return None if param is None else _cut(repr(param.value))


def _same_scalar(one: Scalar, other: Scalar) -> bool:
    return type(one) is type(other) and (one == other or (one != one and other != other))


def _metrics(work: _Work) -> None:
    mine = {metric.name: metric.value for metric in work.recorded.outcome.metrics}
    theirs = {metric.name: metric.value for metric in work.replayed.outcome.metrics}
    for name, one, other in _both(mine, theirs):
        shown = _number(one), _number(other)
        if one is None or other is None:
            work.absent("metric", name, *shown)
        else:
            work.judge("metric", name, shown, _number_match(name, one, other))


def _number(value: float | None) -> str | None:
    return None if value is None else repr(value)


def _number_match(name: str, one: float, other: float) -> Callable[[Tolerance], Match]:
    def match(tolerance: Tolerance) -> Match:
        if repr(one) == repr(other):  # so that 0.0 is not -0.0, and NaN is NaN
            return SAME
        if is_clock_name(name) and one > 0 and other > 0:
            return Match("identical", "time columns")
        why = f"differs by {abs(one - other):.3g}"
        return Match("equivalent" if tolerance.close(one, other) else "diverged", None, why)

    return match


def _series(work: _Work) -> None:
    mine, theirs = _points(work.recorded.outcome), _points(work.replayed.outcome)
    for name, one, other in _both(mine, theirs):
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
            return Match("diverged", None, f"{len(one):,} points, then {len(other):,}, or other steps")
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


# -- values and models ---------------------------------------------------------------------------------------------


def _values(work: _Work) -> None:
    sides = work.recorded.outcome, work.replayed.outcome
    known = {name for side in sides for name in [part.name for part in (*side.metrics, *side.models)]}
    mine = {value.name: value for value in sides[0].values}
    theirs = {value.name: value for value in sides[1].values}
    for name, one, other in _both(mine, theirs):
        if name in known and (one is None or other is None or one.type == other.type):
            continue
        if one is None or other is None:
            work.absent("value", name, one and one.summary, other and other.summary)
        else:
            _kept(work, "value", name, one, other, (one.summary, other.summary))


def _models(work: _Work) -> None:
    mine = {model.name: model for model in work.recorded.outcome.models}
    theirs = {model.name: model for model in work.replayed.outcome.models}
    for name, one, other in _both(mine, theirs):
        if one is None or other is None:
            work.absent("model", name, one and one.type, other and other.type)
        else:
            _kept(work, "model", name, one, other, (one.type, other.type))


def _kept(
    work: _Work, kind: str, name: str, one: Value | Model, other: Value | Model, shown: tuple[str, str]
) -> None:
    """Two values by digest, and by form where their digests differ or there is none."""
    mine, theirs = _digest(one), _digest(other)
    if one.type != other.type:
        work.judge(kind, name, shown, lambda _: Match("diverged", None, f"type {one.type}, then {other.type}"))
        return
    if mine is not None and mine == theirs:
        work.judge(kind, name, shown, lambda _: SAME)
        return
    opaque: list[str] = []

    def match(tolerance: Tolerance) -> Match:
        if one.form is None or other.form is None:
            return Match("diverged", None, None if mine and theirs else one.why or other.why)
        try:
            forms = [read_form(data) for data in work.read(one.form, other.form)]
        except BadForm as error:
            raise _Missing("its comparable form is damaged") from error
        found, unread = match_forms(forms[0], forms[1], tolerance)
        opaque.extend(unread)
        return found

    if mine is None or theirs is None:
        _half_read(work, kind, name, one, other, shown, match)
    else:
        work.judge(kind, name, shown, match)


def _half_read(
    work: _Work,
    kind: str,
    name: str,
    one: Value | Model,
    other: Value | Model,
    shown: tuple[str, str],
    match: Callable[[Tolerance], Match],
) -> None:
    """Values of which not everything could be read: what could be read may differ, but can never be all equal."""
    why = one.why or other.why or "it could not be read"
    if one.form is None or other.form is None:
        work.skip(kind, name, why)
        return
    try:
        found = match(work.tolerance)
    except _Missing as error:
        work.skip(kind, name, str(error))
        return
    if found.likeness != "identical":
        work.judge(kind, name, shown, match)
    work.skip(kind, name, f"{why}; the rest is {'equal' if found.likeness == 'identical' else 'compared'}")


def _digest(kept: Value | Model) -> ContentDigest | None:
    return kept.digest if isinstance(kept, Value) else kept.state


# -- files, artifacts, outputs -------------------------------------------------------------------------------------


def _files(work: _Work) -> None:
    mine = {file.path: file for file in work.recorded.outcome.files if file.role == "output"}
    theirs = {file.path: file for file in work.replayed.outcome.files if file.role == "output"}
    for path, one, other in _both(mine, theirs):
        shown = _size(one), _size(other)
        if one is None or other is None:
            work.absent("file", path, *shown)
        elif one.digest is None or other.digest is None:
            work.skip("file", path, "it was gone before it could be read")
        else:
            work.judge("file", path, shown, _file_match(work, one, other))


def _file_match(work: _Work, one: FileUse, other: FileUse) -> Callable[[Tolerance], Match]:
    def match(tolerance: Tolerance) -> Match:
        if one.digest == other.digest:
            return SAME
        if one.content is None or other.content is None:
            return Match("diverged", None, "the contents differ; they were too large to keep")
        return match_file(one.path, *work.read(one.content, other.content), tolerance)

    return match


def _size(kept: FileUse | Artifact | None) -> str | None:
    return None if kept is None else f"{kept.size:,} bytes"


def _artifacts(work: _Work) -> None:
    mine = {artifact.name: artifact for artifact in work.recorded.outcome.artifacts}
    theirs = {artifact.name: artifact for artifact in work.replayed.outcome.artifacts}
    for name, one, other in _both(mine, theirs):
        kept = one or other
        kind = "figure" if kept is not None and kept.media_type.startswith("image/") else "artifact"
        if one is None or other is None:
            work.absent(kind, name, _size(one), _size(other))
        else:
            work.judge(kind, name, (_size(one), _size(other)), _artifact_match(work, one, other))


def _artifact_match(work: _Work, one: Artifact, other: Artifact) -> Callable[[Tolerance], Match]:
    def match(tolerance: Tolerance) -> Match:
        if one.media_type != other.media_type:
            return Match("diverged", None, f"{one.media_type}, then {other.media_type}")
        if one.digest == other.digest:
            return SAME
        return match_contents(one.media_type, *work.read(one.content, other.content), tolerance)

    return match


def _outputs(work: _Work) -> None:
    """Outputs in their order; the texts of one stream between two displays are one output."""
    mine = lanes(work.recorded.outcome.outputs, lambda blob: _read(work.recorded, blob, "recorded"))
    theirs = lanes(work.replayed.outcome.outputs, lambda blob: _read(work.replayed, blob, "replayed"))
    for name, one, other in _both(mine, theirs):
        shown = one and one.shown, other and other.shown
        if one is None or other is None:
            work.absent("output", name, *shown)
            continue
        work.judge(
            "output",
            name,
            (_cut(one.shown), _cut(other.shown)),
            lambda tolerance, one=one, other=other: match_lane(one, other, tolerance),  # type: ignore[misc]
            (one.text, other.text),
        )
        if one.truncated or other.truncated:
            work.skip("output", name, "it was larger than the limit; what was kept is compared")
    if list(mine) != list(theirs) and mine.keys() == theirs.keys():
        work.judge("output", "order", (", ".join(mine), ", ".join(theirs)), lambda _: Match("diverged"))


def _both[T](mine: dict[str, T], theirs: dict[str, T]) -> Iterator[tuple[str, T | None, T | None]]:
    """Names of both sides in the order of the record, then the new ones."""
    for name in dict.fromkeys((*mine, *theirs)):
        yield name, mine.get(name), theirs.get(name)


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
