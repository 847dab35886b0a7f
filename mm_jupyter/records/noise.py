"""Noise: how far the metrics of a run move when nothing changes but its seeds and threads."""

from __future__ import annotations

from dataclasses import dataclass

from mm_jupyter.records.names import RunRef
from mm_jupyter.records.verdict import NotCompared


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One metric over the replays that gave it. ``values`` are theirs, in their order (None: it gave none);
    ``deviation`` is the sample standard deviation (n - 1) of these and the ``recorded`` one together, ``mean``, ``low``
    and ``high`` are theirs too."""

    metric: str
    recorded: float
    values: tuple[float | None, ...]
    mean: float
    deviation: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseReplay:
    """One replay: ``seed`` counts the other seeds from 1 (None: as recorded), ``threads`` is the number that was set
    (None: as recorded). ``failed`` says why it gave nothing."""

    seed: int | None
    threads: int | None
    seconds: float
    failed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """What replays with other seeds and threads gave. ``seeds`` names what was seeded otherwise; ``at`` is in seconds
    since the epoch."""

    run: RunRef
    said: str
    spreads: tuple[Spread, ...]
    replays: tuple[NoiseReplay, ...]
    seeds: tuple[str, ...]
    not_varied: tuple[NotCompared, ...]
    seconds: float
    at: float
