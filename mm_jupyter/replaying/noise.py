"""How far do a run's metrics move when nothing changes but its seeds and its threads? Replays say."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from mm_jupyter.analysis.reseeding import STRIDE, reseed
from mm_jupyter.errors import CannotReplay
from mm_jupyter.records import Noise, NoiseReplay, NotCompared, Recipe, Spread
from mm_jupyter.replaying.attempt import Settings, generators
from mm_jupyter.replaying.factors import THREADS, with_cells
from mm_jupyter.replaying.record import Record, recipes
from mm_jupyter.replaying.several import Task, do_all, usual_jobs
from mm_jupyter.replaying.trying import Progress, Tried, try_recipe


@dataclass(frozen=True, slots=True)
class _Given:
    """What one replay gave: its metrics, or why there are none."""

    replay: NoiseReplay
    metrics: Mapping[str, float]
    strained: bool


def measure_noise(
    record: Record,
    settings: Settings,
    *,
    seeds: int,
    threads: Sequence[int],
    jobs: int | None = None,
    progress: Progress,
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
    asked = [(seed, None) for seed in range(1, seeds + 1 if seeded else 1)]
    tasks = [
        _task(record, recipe, settings, *one) for one in (*asked, *((None, n) for n in threads))
    ]
    given = _all(tasks, jobs or usual_jobs(len(tasks)), progress)
    replays = tuple(one.replay for one in given)
    if replays and all(one.failed for one in replays):
        raise CannotReplay(row.ref, str(replays[0].failed).rstrip("."))
    spreads = tuple(_spreads(row.metrics, [one.metrics for one in given]))
    return Noise(
        run=row.ref,
        said=_sentence(spreads, replays, seeded),
        spreads=spreads,
        replays=replays,
        seeds=tuple(seeded),
        not_varied=tuple(_not_varied(record, recipe)),
        seconds=time.monotonic() - started,
        at=time.time(),
    )


def _task(
    record: Record, recipe: Recipe, settings: Settings, seed: int | None, threads: int | None
) -> Task[_Given]:
    if seed is not None:
        settings = replace(settings, seed=seed * STRIDE)
        recipe = _reseeded(recipe, seed)
    if threads is not None:
        names = {one: str(threads) for one in THREADS.values()}
        settings = replace(settings, extra={**settings.extra, **names})

    def work(own: Settings, progress: Progress) -> _Given:
        started = time.monotonic()
        tried = try_recipe(record, recipe, own, progress)
        metrics, failed = _gave(tried)
        seconds = time.monotonic() - started
        replay = NoiseReplay(seed=seed, threads=threads, seconds=seconds, failed=failed)
        strained = failed is not None and any(one.strained for one in tried.attempts)
        return _Given(replay, metrics, strained)

    return Task(settings, work)


def _all(tasks: Sequence[Task[_Given]], jobs: int, progress: Progress) -> list[_Given]:
    """What each replay gave, in order; an error of one is raised when all have ended."""
    found: dict[int, _Given | Exception] = {}

    def tell(*_: object) -> None:
        progress("with other seeds and threads, replay", len(found), len(tasks))

    with closing(do_all(tasks, jobs, tell)) as ends:
        for ended in ends:
            found[ended.at] = ended.result
            tell()
    given: list[_Given] = []
    for at in range(len(tasks)):
        result = found[at]
        if isinstance(result, Exception):
            raise result
        given.append(result)
    return given


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
