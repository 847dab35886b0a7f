"""Values and models of two sides: by digest, and where those differ by comparable form."""

from __future__ import annotations

from collections.abc import Callable

from mm_jupyter.analysis.comparing.matching import SAME, Match, Tolerance
from mm_jupyter.analysis.comparing.sides import Missing, Work, both
from mm_jupyter.analysis.comparing.values import match_forms
from mm_jupyter.analysis.fingerprints import BadForm, read_form
from mm_jupyter.records import ContentDigest, Item, Model, Value


def compare_values(work: Work) -> None:
    """What top-level names held. One that is a metric or a model, too, is not said twice."""
    told = {item.name: item for item in work.items if item.kind == "metric"}
    models = {model.name for side in work.sides for model in side.outcome.models}
    mine = {value.name: value for value in work.recorded.outcome.values}
    theirs = {value.name: value for value in work.replayed.outcome.values}
    for name, one, other in both(mine, theirs):
        metric = told.get(name)
        if name in models or (metric is not None and _says_all(metric, one, other)):
            continue
        if one is None or other is None:
            summaries = [value.summary if value else None for value in (one, other)]
            work.absent("value", name, summaries[0], summaries[1])
        else:
            _kept(work, "value", name, one, other, (one.summary, other.summary))


def _says_all(metric: Item, one: Value | None, other: Value | None) -> bool:
    """Whether a metric tells all of a value: it differs, too, or the value is the same (a float hides a type)."""
    if metric.verdict != "identical" or metric.rule is not None or one is None or other is None:
        return True
    return one.digest is not None and one.digest == other.digest


def compare_models(work: Work) -> None:
    """Fitted models by their state."""
    mine = {model.name: model for model in work.recorded.outcome.models}
    theirs = {model.name: model for model in work.replayed.outcome.models}
    for name, one, other in both(mine, theirs):
        if one is None or other is None:
            work.absent("model", name, one.type if one else None, other.type if other else None)
        else:
            _kept(work, "model", name, one, other, (one.type, other.type))


def _kept(
    work: Work,
    kind: str,
    name: str,
    one: Value | Model,
    other: Value | Model,
    shown: tuple[str, str],
) -> None:
    """Two values by digest, and by form where their digests differ or there is none."""
    mine, theirs = _digest(one), _digest(other)
    if one.type != other.type:
        work.judge(
            kind,
            name,
            shown,
            lambda _: Match("diverged", None, f"type {one.type}, then {other.type}"),
        )
        return
    if mine is not None and mine == theirs:
        work.judge(kind, name, shown, lambda _: SAME)
        return

    def match(tolerance: Tolerance) -> Match:
        if one.form is None or other.form is None:
            return Match("diverged", None, "too large to say where")
        forms = [read_form(data) for data in work.read(one.form, other.form)]
        found = match_forms(forms[0], forms[1], tolerance)
        if found == SAME and mine and theirs:
            return Match("diverged", None, "its comparable form does not say where")
        return found

    if mine is None or theirs is None:
        _half_read(work, kind, name, one, other, shown, match)
    else:
        work.judge(kind, name, shown, match, differs=True)


def _half_read(
    work: Work,
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
    except (Missing, BadForm) as error:
        work.skip(kind, name, str(error))
        return
    if found.likeness != "identical":
        work.judge(kind, name, shown, match)
    work.skip(
        kind, name, f"{why}; the rest is {'equal' if found.likeness == 'identical' else 'compared'}"
    )


def _digest(kept: Value | Model) -> ContentDigest | None:
    return kept.digest if isinstance(kept, Value) else kept.state
