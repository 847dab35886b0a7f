"""The points of an open run that wait for the store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from mm_jupyter.records import SeriesChunk

Columns = tuple[list[int], list[float], list[float]]


class _Sorted(NamedTuple):
    """Points by series; what the last one of each was, those sent long ago included."""

    waiting: dict[str, Columns]
    last: dict[str, tuple[int, float]]


class Points:
    """Rows of points, from any thread. To add one is one append, for loops do it often; it is sorted into series when
    they are sent. An interrupt at any place neither loses nor doubles a row that waits."""

    def __init__(self) -> None:
        self._rows: list[tuple[int | None, dict[str, float], float]] = []
        self._sorted = _Sorted({}, {})
        self._lock = threading.Lock()

    def add(self, step: int | None, values: dict[str, float], now: float) -> int:
        """Add one point to each series named, at ``step`` or after its last one. About how many points wait."""
        rows = self._rows
        rows.append((step, values, now))
        return len(rows) * len(values)

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
            waiting, last = self._sorted
            if waiting:
                to([_chunk(name, columns) for name, columns in waiting.items()])
                self._sorted = _Sorted({}, last)
        finally:
            self._lock.release()

    def _sort(self) -> None:
        count = len(self._rows)
        if not count:
            return
        waiting, last = self._sorted
        new: dict[str, Columns] = {}
        for step, values, now in self._rows[:count]:
            for name, value in values.items():
                if name not in new:
                    new[name] = [], [], []
                steps, numbers, times = new[name]
                if step is not None:
                    steps.append(step)
                elif steps:
                    steps.append(steps[-1] + 1)
                else:
                    steps.append(last[name][0] + 1 if name in last else 0)
                numbers.append(value)
                times.append(now)
        ends = {name: (steps[-1], values[-1]) for name, (steps, values, _) in new.items()}
        after = _Sorted(_joined(waiting, new), last | ends)
        self._sorted = after  # no call between these two: nothing interrupts here
        del self._rows[:count]


def _joined(first: dict[str, Columns], then: dict[str, Columns]) -> dict[str, Columns]:
    if not first:
        return then
    joined = dict(first)
    for name, (steps, values, times) in then.items():
        if name in first:
            before = first[name]
            joined[name] = before[0] + steps, before[1] + values, before[2] + times
        else:
            joined[name] = steps, values, times
    return joined


def _chunk(name: str, columns: Columns) -> SeriesChunk:
    steps, values, times = columns
    return SeriesChunk(name=name, steps=tuple(steps), values=tuple(values), times=tuple(times))
