"""What an execution changed in place: the marks of what it can reach, before it and after it.

Source alone cannot tell what ``mut()`` or ``for row in rows: row["x"] = 1`` changes, and a namespace's identities do
not show it. Marks serve slicing, and choose what else of a tracked cell is compared; no verdict rests on a mark.
"""

from __future__ import annotations

import functools
import sys
import time
import types
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mm_jupyter.kernel.marking import ATOMS, PLAIN_BYTES, Mark, changes, mark
from mm_jupyter.kernel.reach import reachable
from mm_jupyter.kernel.sharing import shares

TRACKED_BYTES = 256 * 1024
"""Before and after a tracked cell objects are read up to this size."""
PLAIN_SECONDS = 0.000_1
TRACKED_SECONDS = 0.01
"""CPU seconds that the marks before a cell may take; those after it are as many. What does not fit in is not looked
at: the cell may have changed it, and then only its source tells."""
_CACHE = type(functools.cache(len))
"""What ``lru_cache`` makes: a call of it fills the cache, and changes nothing that a later call could tell."""
_SHARE = 0.2
"""Of that time, the most that one object is charged for."""
_DEAR_SECONDS = 0.000_05
_NAMES = 100


@dataclass(frozen=True, slots=True)
class Marked:
    """As in ``Execution``."""

    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    shares: tuple[tuple[str, ...], ...] = ()


class Marks:
    """The marks around one execution at a time."""

    def __init__(self, namespace: Mapping[str, Any], local: Collection[str]) -> None:
        """``local`` holds the names of the project's own modules: what they hold may change too."""
        self._namespace = namespace
        self._local = local
        self._before: dict[str, tuple[int, Mark]] = {}
        self._limit = PLAIN_BYTES
        self._dear: dict[tuple[int, type], int] = {}
        self._caches: list[str] = []

    def begin(self, source: str, *, tracked: bool) -> None:
        """Mark what the cell ``source`` can reach."""
        namespace = self._namespace
        self._limit = TRACKED_BYTES if tracked else PLAIN_BYTES
        self._before = {}
        names: list[str] = []
        self._caches = []
        found = reachable(source, namespace)
        for name in found:
            value = namespace[name]
            if type(value) is _CACHE:
                self._caches.append(name)
            elif type(value) not in ATOMS and self._changes(value):
                names.append(name)
        if self._local:
            names += self._homes(found, names)
        now = time.thread_time()
        left = budget = TRACKED_SECONDS if tracked else PLAIN_SECONDS
        for name in names[:_NAMES]:
            value = self._held(name)
            if not tracked and self._dear.get((id(value), type(value)), 0) > 1:
                continue
            self._before[name] = id(value), self._mark(value)
            start, now = now, time.thread_time()
            if now - start > _DEAR_SECONDS and not tracked:
                self._remember(value)
            # At most a share: the first object of its kind, or a collection of garbage, must not hide all the others.
            left -= min(now - start, budget * _SHARE)
            if left < 0:
                break

    def end(self, bound: Collection[str]) -> Marked:
        """Compare; ``bound`` are the names that hold another object now."""
        namespace = self._namespace
        before, self._before = self._before, {}
        changed: list[str] = []
        unchanged = [name for name in self._caches if name not in bound]
        for name, (owner, old) in before.items():
            value = self._held(name)
            if id(value) != owner:
                continue
            new = self._mark(value)
            if new != old:
                changed.append(name)
            elif new.full:
                unchanged.append(name)
        fresh = [name for name in bound if changes(namespace[name])]
        if not fresh and not changed:
            return Marked((), tuple(unchanged))
        looked_at = dict.fromkeys(
            (*fresh[:_NAMES], *(name for name in before if name in namespace))
        )
        return Marked(tuple(changed), tuple(unchanged), shares(looked_at, namespace))

    def _held(self, name: str) -> Any:
        return self._namespace[name] if name in self._namespace else sys.modules.get(name)

    def _homes(self, found: Iterable[str], names: Collection[str]) -> list[str]:
        """The project's modules that the cell's functions and classes come from: a call may change what they hold."""
        homes = dict.fromkeys(
            getattr(self._namespace[name], "__module__", None) or ""
            for name in found
            if type(self._namespace[name]) in (types.FunctionType, type)
        )
        return [home for home in homes if home in self._local and home not in names]

    def _changes(self, value: Any) -> bool:
        return changes(value) or self._is_local(value)

    def _is_local(self, value: Any) -> bool:
        return issubclass(type(value), types.ModuleType) and value.__name__ in self._local

    def _mark(self, value: Any) -> Mark:
        if self._is_local(value):
            value = {name: held for name, held in vars(value).items() if name[:2] != "__"}
        return mark(value, self._limit)

    def _remember(self, value: Any) -> None:
        """The first time may be slow for the first of its kind; twice is slow."""
        if len(self._dear) > 1_000:
            self._dear.clear()
        key = id(value), type(value)
        self._dear[key] = self._dear.get(key, 0) + 1
