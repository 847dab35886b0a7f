"""Why does a run not come out as recorded? One factor after another is put back, and a replay says what that does.

The smallest set of factors that brings the result back is found by halving (Zeller's delta debugging; Junker's
QuickXplain where several are needed at once): about log2(n) + 2 replays for one factor among n.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from mm_jupyter.errors import CannotRebuild, CannotReplay
from mm_jupyter.records import (
    Cause,
    Environment,
    Experiment,
    Explanation,
    NotCompared,
    Recipe,
    Verdict,
)
from mm_jupyter.replaying.attempt import Settings
from mm_jupyter.replaying.factors import (
    ORDER,
    Factor,
    of_clock,
    of_environment,
    of_project,
    settings_with,
    top_to_bottom,
    with_cells,
)
from mm_jupyter.replaying.first_difference import FACTOR, first_difference
from mm_jupyter.replaying.record import Record
from mm_jupyter.replaying.trying import GOOD, Progress, Tried, once_more, try_recipe
from mm_jupyter.replaying.verifying import Verified, search, verified


@dataclass(slots=True)
class _Laboratory:
    """Replays one recipe with factors put back; each set of factors once. ``top`` is what is replayed while the order
    of execution is not put back; with ``clock`` nothing may be excused by the clock."""

    record: Record
    recipe: Recipe
    top: Recipe
    settings: Settings
    cells: Mapping[int, str]
    current: Environment | None
    progress: Progress
    clock: bool = False
    experiments: list[Experiment] = field(default_factory=list)
    known: dict[frozenset[Factor], Verdict] = field(default_factory=dict)
    settled: set[frozenset[Factor]] = field(default_factory=set)

    def good(self, factors: Sequence[Factor]) -> bool:
        """Whether the record comes out again with these put back."""
        self.verdict(factors)
        return frozenset(factors) in self.settled

    def verdict(self, factors: Sequence[Factor]) -> Verdict:
        """What a replay with these put back says."""
        key = frozenset(factors)
        if key not in self.known:
            started = time.monotonic()
            tried = self.replay(factors)
            self.known[key] = tried.judged.verdict
            judged = tried.judged
            if judged.verdict in GOOD and not (self.clock and of_clock(judged)):
                self.settled.add(key)
            self.experiments.append(
                Experiment(
                    put_back=tuple(one.name for one in factors),
                    verdict=tried.judged.verdict,
                    seconds=time.monotonic() - started,
                )
            )
        return self.known[key]

    def replay(self, factors: Sequence[Factor]) -> Tried:
        kept = {one.seq for one in factors}
        cells = {seq: source for seq, source in self.cells.items() if seq not in kept}
        settings = settings_with(
            factors,
            self.settings,
            self.record.run.environment,
            self.current,
            lambda what: self.progress(what, 0, 1),
        )
        ordered = any(one.cause.factor == ORDER for one in factors)
        recipe = with_cells(self.recipe if ordered else self.top, cells)

        def tell(_: str, cell: int, of: int) -> None:
            names = ", ".join(one.name for one in factors[:2]) or "nothing"
            more = f" and {len(factors) - 2} more" if len(factors) > 2 else ""
            self.progress(f"with {names}{more} put back", cell, of)

        return try_recipe(self.record, recipe, settings, tell)


def explain(
    record: Record,
    settings: Settings,
    *,
    cells: Mapping[str, str],
    restore: bool = True,
    progress: Progress,
) -> tuple[Explanation, Verified]:
    """Find what explains that a run does not come out as recorded, by replays.

    First with the recorded inputs, modules and random states; where the run then reproduces, or ``restore`` is off, as
    the project is now. ``cells``: the sources that its notebook has now, by cell id.

    Raises:
        CannotReplay: the run has no recipe, or it has no result that could be compared.
    """
    started = time.monotonic()
    best, replays, known = search(record, settings, times=1, progress=progress)
    clock = of_clock(best.judged)
    if not best.attempts or (best.judged.verdict == "unverifiable" and not clock):
        raise CannotReplay(record.run.row.ref, best.judged.said.rstrip("."))
    current, recipe = best.attempts[-1].environment, best.recipe
    room = _Laboratory(record, recipe, recipe, settings, {}, current, progress)
    if best.judged.verdict in (*GOOD, "unverifiable"):
        room.clock = True
        helped = restore and bool(clock) and room.good(clock)
        factors = clock
    else:
        helped, factors = restore, of_environment(record, current)
    if not helped and best.judged.verdict == "unverifiable":
        raise CannotReplay(record.run.row.ref, best.judged.said.rstrip("."))
    if not helped:
        top = top_to_bottom(record, recipe, cells)
        factors = of_project(record, recipe, top, settings.root, cells)
        changed = {
            one.seq: one.source for one in factors if one.seq is not None and one.source is not None
        }
        own = replace(settings, restore=False)
        replays += len(room.experiments)
        room = _Laboratory(record, recipe, top, own, changed, current, progress)
        best, more = _as_it_is(record, room, progress)
        replays += more
        if best.judged.verdict == "unstable":
            parts, more = first_difference(record, best, own, progress)
            replays += more
            known = known if parts is None else (*known, parts)
    causes, said, not_tried = _experiments(room, factors, best)
    if any(cause.confirmed for cause in (*known, *causes)):
        known = tuple(cause for cause in known if cause.confirmed)
    found = verified(
        record,
        best,
        room.settings,
        replays=replays + len(room.experiments),
        seconds=time.monotonic() - started,
        known=(),
    )
    ranked = _ranked((*known, *causes, *found.judgement.causes))
    judgement = replace(
        found.judgement,
        causes=ranked,
        not_compared=tuple(dict.fromkeys((*found.judgement.not_compared, *not_tried))),
    )
    explanation = Explanation(
        judgement=judgement, helped=helped, said=said, experiments=tuple(room.experiments)
    )
    return explanation, replace(found, judgement=judgement)


def _as_it_is(record: Record, room: _Laboratory, progress: Progress) -> tuple[Tried, int]:
    """The project as it is now; twice where it does not reproduce, to tell unstable from diverged."""
    recipe = with_cells(room.top, room.cells)
    tried = try_recipe(record, recipe, room.settings, progress)
    if tried.attempts and tried.judged.verdict not in GOOD:
        tried = once_more(record, tried, room.settings, progress)
    return tried, len(tried.attempts)


def _experiments(
    room: _Laboratory, factors: Sequence[Factor], best: Tried
) -> tuple[tuple[Cause, ...], str, tuple[NotCompared, ...]]:
    """The causes that the experiments decide, a sentence, and why some could not be made."""
    if best.judged.verdict in GOOD and not room.clock:
        return (
            (),
            "It comes out as recorded, also as things are now: there is nothing to explain.",
            (),
        )
    if not factors:
        return (), "Nothing that could be put back differs from the record.", ()
    try:
        if not room.good(factors):
            causes = tuple(replace(one.cause, confirmed=None) for one in factors)
            said = "With everything put back that can be it still does not come out as recorded."
            return (() if room.known else causes), said, ()
        chosen = _smallest(room, factors)
        company = _company(room, chosen)
    except CannotRebuild as error:
        why = NotCompared(kind="experiment", name="environment", why=str(error))
        return (), f"{str(error).rstrip('.')}, so no experiment could be made.", (why,)
    true = [one for one in chosen if one not in company]
    beside = f" (and {_and(company)}, without which it does not run)" if company else ""
    said = (
        f"With {_and(true)} as recorded{beside}, and all else as it is now, the result comes again."
    )
    decided = tuple(
        replace(one.cause, confirmed=None if one in company else one in true) for one in factors
    )
    return decided, said, ()


def _and(factors: Sequence[Factor]) -> str:
    return " and ".join(one.name for one in factors)


def _smallest(room: _Laboratory, factors: Sequence[Factor]) -> list[Factor]:
    """A smallest set that brings the result back; ``factors`` together are known to."""
    left = list(factors)
    while (
        len(left) > 1
    ):  # one is enough, mostly: the other half is believed, and the last one tried
        half = left[: len(left) // 2]
        left = half if room.good(half) else left[len(left) // 2 :]
    if room.good(left):
        return left
    return _several(room, list(factors), [])


def _company(room: _Laboratory, chosen: Sequence[Factor]) -> list[Factor]:
    """Of several the ones without which the others only fail to run: an old package needs an old one below it."""
    if len(chosen) == 1:
        return []
    found = [
        one
        for one in chosen
        if room.verdict([other for other in chosen if other != one]) == "failed"
    ]
    return found if len(found) < len(chosen) else []


def _several(room: _Laboratory, factors: list[Factor], fixed: list[Factor]) -> list[Factor]:
    if len(factors) == 1:
        return factors
    one, other = factors[: len(factors) // 2], factors[len(factors) // 2 :]
    if room.good([*fixed, *one]):
        return _several(room, one, fixed)
    if room.good([*fixed, *other]):
        return _several(room, other, fixed)
    first = _several(room, one, [*fixed, *other])
    return [*first, *_several(room, other, [*fixed, *first])]


def _ranked(causes: Sequence[Cause]) -> tuple[Cause, ...]:
    """Confirmed first, excluded last; of what is named twice the experiment's word. Where it first differs is a place
    more than a cause, and stands behind those that are as sure."""
    unique: dict[tuple[str, str], Cause] = {}
    for cause in causes:
        unique.setdefault((cause.factor, cause.name), cause)
    order = {True: 0, None: 1, False: 2}
    return tuple(
        sorted(unique.values(), key=lambda one: (order[one.confirmed], one.factor == FACTOR))
    )
