"""One execution, seen from before to after: names, generators, files, modules, and what else it touched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from mm_jupyter.kernel import entropy, files
from mm_jupyter.kernel.bindings import Bindings
from mm_jupyter.kernel.marks import Marked, Marks
from mm_jupyter.kernel.random_paths import find
from mm_jupyter.kernel.randomness import Generators, Snapshot
from mm_jupyter.kernel.session import SessionLog
from mm_jupyter.kernel.surroundings import Surroundings
from mm_jupyter.kernel.unseen import Unseen
from mm_jupyter.records import (
    Asked,
    Entropy,
    Execution,
    Listing,
    LocalModule,
    RandomState,
    Surrounding,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one execution did, as far as it could be seen. ``uses`` are its files, some still being read."""

    bound: tuple[str, ...]
    deleted: tuple[str, ...]
    asked: tuple[Asked, ...]
    modules: tuple[LocalModule, ...]
    random: tuple[RandomState, ...]
    entropy: tuple[Entropy, ...]
    marked: Marked
    surroundings: tuple[Surrounding, ...]
    uses: files.Uses
    listings: tuple[Listing, ...]
    unseen: int

    def noted(self, execution: Execution, **ended: Any) -> Execution:
        """The execution with what was seen of it, its files aside, and with how it ``ended``."""
        return replace(
            execution,
            **ended,
            bound=self.bound,
            deleted=self.deleted,
            asked=self.asked,
            modules=self.modules,
            random=self.random,
            entropy=self.entropy,
            changed=self.marked.changed,
            unchanged=self.marked.unchanged,
            shares=self.marked.shares,
            surroundings=self.surroundings,
            listings=self.listings,
            unseen=self.unseen,
        )


class Observer:
    """Watches one namespace, an execution at a time: ``begin`` before it, ``end`` after it."""

    def __init__(self, log: SessionLog, namespace: dict[str, Any]) -> None:
        self._log = log
        self._namespace = namespace
        self._bindings = Bindings(namespace)
        self._generators = Generators()
        self._generator_paths: dict[str, list[str]] = {}
        self._random: Snapshot = {}
        self._marks = Marks(namespace, log.modules)
        self._surroundings = Surroundings(namespace)
        self._unseen = Unseen()

    def begin(self, source: str, *, tracked: bool) -> None:
        """Look at what is there before the execution of ``source``."""
        self._marks.begin(source, tracked=tracked)
        self._surroundings.begin(source)
        self._random = self._take()

    def listen(self) -> None:
        """Begin to see what the execution opens, asks for and draws: called last, so that nothing of ours is seen."""
        entropy.begin(self._log.modules)
        self._unseen.begin()
        files.begin(self._log.keep_bytes)

    def end(self) -> Seen:
        """Look at what is there after it."""
        log = self._log
        used = files.end(log.root, log.ignore)
        unseen = self._unseen.end(used)
        drawn = entropy.end()
        bound, deleted = self._bindings.changes(self._namespace)
        marked = self._marks.end(bound)
        changed = (name for name in marked.changed if name in self._namespace)
        self._find_generators((*bound, *changed), deleted)
        return Seen(
            bound=bound,
            deleted=deleted,
            asked=used.asked,
            modules=log.changed_modules(),
            random=self._moved(),
            entropy=drawn,
            marked=marked,
            surroundings=self._surroundings.end(),
            uses=files.describe(used, log.root, log.sink.put, log.keep_bytes),
            listings=files.listings(used, log.root),
            unseen=unseen,
        )

    def _find_generators(self, touched: tuple[str, ...], deleted: tuple[str, ...]) -> None:
        for name in (*touched, *deleted):
            self._generator_paths.pop(name, None)
        for name in touched:
            paths = find(name, self._namespace[name])
            if paths:
                self._generator_paths[name] = paths

    def _take(self) -> Snapshot:
        paths = (path for paths in self._generator_paths.values() for path in paths)
        return self._generators.take(self._namespace, paths)

    def _moved(self) -> tuple[RandomState, ...]:
        put = self._log.sink.put
        now = self._take()
        moved = self._generators.moved(self._random, now)
        return tuple(
            RandomState(
                generator=generator,
                before=put(before) if before is not None else None,
                after=put(after),
            )
            for generator, before, after in moved
        )
