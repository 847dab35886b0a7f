"""The noise of a run's metrics: replays with other seeds and threads, kept with the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mm_jupyter.api.replays import ReplayProgress, record_of, settings_for, teller
from mm_jupyter.api.runs import found, writer
from mm_jupyter.errors import BadInput
from mm_jupyter.records import Noise, RunRef
from mm_jupyter.replaying.attempt import Settings
from mm_jupyter.replaying.noise import measure_noise
from mm_jupyter.replaying.record import Record
from mm_jupyter.replaying.trying import Progress
from mm_jupyter.workspace import Workspace


def noise(
    name: str,
    *,
    seeds: int = 10,
    threads: Sequence[int] = (),
    jobs: int | None = None,
    allow: Sequence[str] = (),
    timeout: float | None = None,
    progress: Callable[[ReplayProgress], None] | None = None,
    workspace: Workspace | None = None,
) -> Noise:
    """Replay a run under other seeds and numbers of threads and keep how far its metrics move: ``mm.noise("churn/7")``.

    From then on a difference that is no larger is shown as noise, in cards, comparisons and the sidebar.

    Args:
        seeds: replays with other seeds.
        threads: numbers of threads, a replay each.
        jobs: replays at a time; by default as many as there are CPUs and free gigabytes of memory.
        allow, timeout: as of ``replay``.
        progress: told how many replays have ended.

    Raises:
        BadInput: there is nothing to vary.
        NoSuchRun: with the nearest names.
        CannotReplay: it has no metric or no recipe, or no replay gave a metric.
        StoreUntrusted: as of ``replay``.
    """
    if seeds < 0 or any(one < 1 for one in threads):
        raise BadInput("Seeds are counted from 0 on, threads from 1 on.")
    if not seeds and not threads:
        raise BadInput("There is nothing to vary: ask for seeds, for threads, or for both.")
    space = found(workspace)
    record = record_of(space, RunRef.parse(name))
    settings = settings_for(space, record, allow, timeout)
    tell = teller(record, progress)
    return measured(space, record, settings, seeds, threads, jobs, tell)


def measured(
    space: Workspace,
    record: Record,
    settings: Settings,
    seeds: int,
    threads: Sequence[int],
    jobs: int | None,
    progress: Progress,
) -> Noise:
    """As ``noise``, with settings that can stop it."""
    result = measure_noise(
        record, settings, seeds=seeds, threads=threads, jobs=jobs, progress=progress
    )
    writer(space).add_noise(result)
    return result


def last_noise(name: str, *, workspace: Workspace | None = None) -> Noise | None:
    """The noise that was measured last of a run, None where none was. Raises NoSuchRun."""
    return found(workspace).store.noise(RunRef.parse(name))
