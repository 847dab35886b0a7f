"""The points of an open run that wait for the store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from mm_jupyter.records import SeriesChunk

MANY = 500
"""Rows that should be sorted at once, while the processor still has them at hand."""

Columns = tuple[list[int], list[float], list[float]]


class _Sorted(NamedTuple):
    """Rows as columns by series, those of one sorting in one part; how many points they are; and the last step and
    value of each series, those sent long ago included."""

    parts: tuple[Mapping[str, Columns], ...]
    points: int
    last: Mapping[str, tuple[int, float]]


class Points:
    """Points from any thread. To add one to each of some series is to append it to ``rows``, for loops do it often: the
    step (None: after the last one), a float by series, and the time. Every so many rows they are sorted into series.
    An interrupt at any place neither loses nor doubles a row that waits."""

    def __init__(self) -> None:
        self.rows: list[tuple[int | None, dict[str, float], float]] = []
        self._sorted = _Sorted((), 0, {})
        self._lock = threading.Lock()

    def sort(self) -> int:
        """Sort the rows, unless another thread is about it; how many points wait."""
        if self._lock.acquire(blocking=False):
            try:
                self._sort()
            finally:
                self._lock.release()
        return self._sorted.points

    def last(self) -> dict[str, float]:
        """The last value of each series."""
        with self._lock:
            self._sort()
            return {name: value for name, (_, value) in self._sorted.last.items()}

    def send(self, to: Callable[[Sequence[SeriesChunk]], None], *, wait: bool = True) -> None:
        """Give what waits to ``to``. What it refuses waits for the next time, and its error is raised.

        Args:
            wait: for another thread that is sending; else what waits is left to it, or to the next time.
        """
        if not self._lock.acquire(blocking=wait):
            return
        try:
            self._sort()
            parts, _, last = self._sorted
            if parts:
                to(_chunks(parts))
                self._sorted = _Sorted((), 0, last)
        finally:
            self._lock.release()

    def _sort(self) -> None:
        rows = self.rows
        end = len(rows)
        if not end:
            return
        parts, count, last = self._sorted
        new: dict[str, Columns] = {}
        for step, values, now in rows[:end]:
            for name, value in values.items():
                try:
                    steps, numbers, times = new[name]
                except KeyError:
                    steps, numbers, times = new[name] = [], [], []
                if step is None:
                    before = steps[-1] if steps else last[name][0] if name in last else -1
                    steps.append(before + 1)
                else:
                    steps.append(step)
                numbers.append(value)
                times.append(now)
        added = sum(len(steps) for steps, _, _ in new.values())
        ends = {name: (steps[-1], numbers[-1]) for name, (steps, numbers, _) in new.items()}
        after = _Sorted((*parts, new), count + added, {**last, **ends})
        self._sorted = after  # nothing is called between these two: nothing interrupts here
        del rows[:end]


def _chunks(parts: Sequence[Mapping[str, Columns]]) -> list[SeriesChunk]:
    by_name: dict[str, list[Columns]] = {}
    for part in parts:
        for name, columns in part.items():
            by_name.setdefault(name, []).append(columns)
    return [_chunk(name, columns) for name, columns in by_name.items()]


def _chunk(name: str, parts: Sequence[Columns]) -> SeriesChunk:
    steps, values, times = zip(*parts, strict=True)
    return SeriesChunk(
        name=name,
        steps=tuple(chain.from_iterable(steps)),
        values=tuple(chain.from_iterable(values)),
        times=tuple(chain.from_iterable(times)),
    )
