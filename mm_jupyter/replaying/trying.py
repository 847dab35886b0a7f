"""One recipe of a run, replayed and judged against the record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mm_jupyter.analysis.comparing import Excuse, Judged, Side, UserRule, judge
from mm_jupyter.analysis.names import body, cell_names
from mm_jupyter.analysis.tainting import Taint, taint
from mm_jupyter.errors import NoWorkspace
from mm_jupyter.records import NotCompared, Recipe, Verdict
from mm_jupyter.replaying.attempt import Attempt, Settings, attempt, missing_secrets
from mm_jupyter.replaying.inputs import Laid, gather
from mm_jupyter.replaying.record import Record

GOOD: tuple[Verdict, ...] = ("identical", "equivalent")
RANK: dict[Verdict, int] = {
    "identical": 0,
    "equivalent": 1,
    "unstable": 2,
    "diverged": 3,
    "failed": 4,
    "unverifiable": 5,
}
"""From the best to the worst."""

_NO_STORE = NoWorkspace.__name__

Progress = Callable[[str, int, int], None]
"""Called with what happens, the cell that ended, and how many there are."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A recipe, what was laid out for it, its replays, and what they say. No attempts: it could not be replayed."""

    recipe: Recipe
    laid: Laid
    attempts: tuple[Attempt, ...]
    judged: Judged


def try_recipe(record: Record, recipe: Recipe, settings: Settings, progress: Progress) -> Tried:
    """Replay a recipe once and judge it."""
    steps = record.steps(recipe)
    laid = gather(
        steps,
        settings.files or settings.root,
        record.read,
        restores=settings.restores,
        session=[one for one in record.executions if one.seq <= steps[-1].seq],
        elsewhere=settings.files is not None,
    )
    missing: tuple[NotCompared, ...] = ()
    if record.run.row.kind == "script" and not any(step.source.strip() for step in steps):
        why = "its source was not kept, for it was not in a file"
        missing = (NotCompared(kind="script", name="source", why=why),)
    elif secrets := missing_secrets(recipe.steps, settings):
        names = ", ".join(secrets)
        why = f"no environment variable holds the secret {names} that it needs"
        missing = (NotCompared(kind="secret", name=names, why=why),)
    elif laid.missing:
        first = laid.missing[0]
        why = f"its input {first.name} cannot be had: {first.why}"
        missing = laid.missing
    if missing:
        return Tried(recipe, laid, (), _unverifiable(why, missing))
    return once_more(record, Tried(recipe, laid, (), _unverifiable("", ())), settings, progress)


def once_more(record: Record, tried: Tried, settings: Settings, progress: Progress) -> Tried:
    """Replay it again, and judge all its replays together."""
    recipe = tried.recipe
    phase = f"{recipe.slice} recipe, {len(recipe.steps)} of {recipe.of} executions"
    one = attempt(
        record.run,
        recipe,
        {step.seq: step for step in record.steps(recipe)},
        tried.laid,
        record.read,
        settings,
        lambda cell, cells: progress(phase, cell, cells),
    )
    attempts = (*tried.attempts, one)
    return replace(tried, attempts=attempts, judged=_judge(record, attempts, settings.rules))


def _judge(record: Record, attempts: Sequence[Attempt], rules: Sequence[UserRule]) -> Judged:
    """Judge what the replays gave; one that did not reach its end speaks by why it did not."""
    broken = next((one for one in attempts if one.side is None), None)
    if broken is not None:
        said = str(broken.said).rstrip(".")
        judged = Judged("failed", f"The replay failed: {said}.", (), ())
    else:
        recorded, unset = _comparable(record, attempts[0])
        sides = [one.side for one in attempts if one.side is not None]
        judged = judge(recorded, sides, rules=rules, excuse=_excuse(record, attempts[0].recipe))
        judged = replace(judged, not_compared=(*judged.not_compared, *unset))
    raised = broken or next((one for one in attempts if _raised(one)), None)
    if raised is None or record.run.failure is not None:
        return judged
    outside = _outside(record, raised)
    return judged if outside is None else _unverifiable(outside.why, (outside,))


def _excuse(record: Record, recipe: Recipe) -> Excuse:
    """What the sources of a recipe show to depend on the clock or on secret draws: read where something differs."""
    found: list[Taint] = []

    def excuse(kind: str, name: str, texts: tuple[str, str] | None) -> str | None:
        if not found:
            modules = {
                module.name: record.read(module.source).decode(errors="replace")
                for step in record.steps(recipe)
                for module in step.modules
            }
            found.append(taint((step.source for step in recipe.steps), modules))
        return found[0].excuse(kind, name, texts)

    return excuse


def _raised(one: Attempt) -> bool:
    return one.side is not None and one.side.outcome.failure is not None


def _comparable(record: Record, one: Attempt) -> tuple[Side, tuple[NotCompared, ...]]:
    """The record without the params that no step of the recipe sets: papermill gave them, and nothing used them."""
    side = record.side
    if record.run.row.kind != "cell" or one.side is None:
        return side, ()
    here = {param.name for param in one.side.outcome.params}
    for step in record.steps(one.recipe):
        here.update(step.bound, cell_names(body(step.source)).defines)
    unset = [
        param.name
        for param in side.outcome.params
        if param.origin == "author" and param.name not in here
    ]
    kept = tuple(param for param in side.outcome.params if param.name not in unset)
    notes = (
        NotCompared(kind="param", name=name, why="nothing that led to the run used it")
        for name in unset
    )
    return Side(replace(side.outcome, params=kept), side.read), tuple(notes)


def _outside(record: Record, broken: Attempt) -> NotCompared | None:
    """Why the recipe failed, where that lies outside of it: it asked for something that is not there."""
    asked = [one for step in record.steps(broken.recipe) for one in step.asked]
    if any(one.kind == "input" for one in asked):
        return NotCompared(kind="input", name="keyboard", why="it asked for input at the keyboard")
    if f" raised {_NO_STORE}:" in (broken.said or "") or _raised_for_the_store(broken):
        return NotCompared(
            kind="store",
            name="mm_jupyter",
            why="it looks into the store of mm_jupyter itself (mm.runs, mm.load_model and the like), "
            "which a replay does not open: keep in a file what it needs of there",
        )
    for kind, name in broken.refusals:
        if kind == "network":
            return NotCompared(
                kind="network",
                name=name,
                why=f"its result came from the network ({name}), which was refused",
            )
    return None


def _raised_for_the_store(one: Attempt) -> bool:
    failure = None if one.side is None else one.side.outcome.failure
    return failure is not None and failure.name == _NO_STORE


def _unverifiable(why: str, missing: tuple[NotCompared, ...]) -> Judged:
    return Judged("unverifiable", f"Nothing could be compared: {why}.", (), missing)
