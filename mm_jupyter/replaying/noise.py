"""How far do a run's metrics move when nothing changes but its seeds and its threads? Replays say."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mm_jupyter.analysis.reseeding import STRIDE, reseed
from mm_jupyter.errors import CannotReplay
from mm_jupyter.records import Noise, NoiseReplay, NotCompared, Recipe, Spread
from mm_jupyter.replaying.attempt import Settings, generators
from mm_jupyter.replaying.factors import THREADS, with_cells
from mm_jupyter.replaying.record import Record, recipes
from mm_jupyter.replaying.trying import Progress, Tried, try_recipe


@dataclass(slots=True)
class _Laboratory:
    """Replays one recipe under other seeds and threads, and keeps what each gave."""

    record: Record
    recipe: Recipe
    settings: Settings
    progress: Progress
    replays: list[NoiseReplay] = field(default_factory=list)
    metrics: list[Mapping[str, float]] = field(default_factory=list)

    def replay(self, seed: int | None, threads: int | None) -> None:
        settings, recipe = self.settings, self.recipe
        if seed is not None:
            settings = replace(settings, seed=seed * STRIDE)
            recipe = _reseeded(recipe, seed)
        if threads is not None:
            names = {one: str(threads) for one in THREADS.values()}
            settings = replace(settings, extra={**settings.extra, **names})
        started = time.monotonic()
        tried = try_recipe(self.record, recipe, settings, self._tell(seed, threads))
        metrics, failed = _gave(tried)
        self.metrics.append(metrics)
        self.replays.append(
            NoiseReplay(
                seed=seed,
                threads=threads,
                seconds=time.monotonic() - started,
                failed=failed,
            )
        )

    def _tell(self, seed: int | None, threads: int | None) -> Progress:
        what = f"with other seeds, {seed}." if seed is not None else f"with {threads} threads"
        return lambda _, cell, cells: self.progress(what, cell, cells)


def measure_noise(
    record: Record, settings: Settings, *, seeds: int, threads: Sequence[int], progress: Progress
) -> Noise:
    """Replay a run once for each of ``seeds`` other seeds, and once for each number of ``threads``.

    Seeds that its cells spell out are moved, those of the global generators are set, and what was drawn from the
    operating system is drawn anew. Each replay changes one thing: seeds with the recorded threads, threads with the
    recorded seeds.

    Raises:
        CannotReplay: it has no metric, no recipe, or no replay gave one.
    """
    row = record.run.row
    if not row.metrics:
        raise CannotReplay(row.ref, "it has no metric that could vary")
    started = time.monotonic()
    recipe = recipes(record)[0]
    seeded = _seeds(record, recipe)
    room = _Laboratory(record, recipe, settings, progress)
    for seed in range(1, seeds + 1 if seeded else 1):
        room.replay(seed, None)
    for number in threads:
        room.replay(None, number)
    if room.replays and all(one.failed for one in room.replays):
        raise CannotReplay(row.ref, str(room.replays[0].failed).rstrip("."))
    spreads = tuple(_spreads(row.metrics, room.metrics))
    return Noise(
        run=row.ref,
        said=_sentence(spreads, room.replays, seeded),
        spreads=spreads,
        replays=tuple(room.replays),
        seeds=tuple(seeded),
        not_varied=tuple(_not_varied(record, recipe)),
        seconds=time.monotonic() - started,
        at=time.time(),
    )


def _reseeded(recipe: Recipe, by: int) -> Recipe:
    return with_cells(recipe, {step.seq: reseed(step.source, by).source for step in recipe.steps})


def _seeds(record: Record, recipe: Recipe) -> list[str]:
    """What can be seeded otherwise: seeds in the cells, global generators, draws from the operating system."""
    steps = record.steps(recipe)
    written = [where for step in recipe.steps for where in reseed(step.source, 1).where]
    drawn = [
        f"{draw.source} seeded by the system"
        for step in steps
        for draw in step.entropy
        if draw.source != "uuid"
    ]
    return list(dict.fromkeys([*written, *generators(steps), *drawn]))


def _not_varied(record: Record, recipe: Recipe) -> Iterator[NotCompared]:
    """Seeds that stay as they are, in the project's modules."""
    modules = {one.path: one for step in record.steps(recipe) for one in step.modules}
    for path, module in modules.items():
        found = reseed(record.read(module.source).decode(errors="replace"), 1).where
        if found:
            yield NotCompared(kind="seed", name=", ".join(found), why=f"it stands in {path}")


def _gave(tried: Tried) -> tuple[Mapping[str, float], str | None]:
    """The metrics of a replay, or why it gave none."""
    side = tried.attempts[-1].side if tried.attempts else None
    if side is None:
        return {}, tried.judged.said
    if side.outcome.failure is not None:
        failure = side.outcome.failure
        return {}, f"{failure.name}: {failure.message}"[:300]
    return {metric.name: metric.value for metric in side.outcome.metrics}, None


def _spreads(
    recorded: Mapping[str, float], replays: Sequence[Mapping[str, float]]
) -> Iterator[Spread]:
    for name, value in recorded.items():
        values = tuple(one.get(name) for one in replays)
        known = [one for one in (value, *values) if one is not None and math.isfinite(one)]
        if len(known) < 2:
            continue
        yield Spread(
            metric=name,
            recorded=value,
            values=values,
            mean=statistics.fmean(known),
            deviation=statistics.stdev(known),
            low=min(known),
            high=max(known),
        )


def _sentence(
    spreads: Sequence[Spread], replays: Sequence[NoiseReplay], seeded: Sequence[str]
) -> str:
    failed = sum(one.failed is not None for one in replays)
    rest = f" {failed} of {len(replays)} replays failed." if failed else ""
    moved = [one.metric for one in spreads if one.deviation > 0]
    if moved:
        more = f" and {len(moved) - 1:,} more" if len(moved) > 1 else ""
        by = {True: "seeds", False: "threads"}
        kinds = dict.fromkeys(by[one.seed is not None] for one in replays)
        return f"Other {' and '.join(kinds)} move {moved[0]}{more}.{rest}"
    if not replays:
        return "Nothing random was seen in it: no seed, and no generator that it drew from."
    if not seeded:
        return f"Nothing random was seen in it, and other threads move no metric.{rest}"
    return f"No metric moves.{rest}"
