"""One execution, seen from before to after: names, generators, files, modules, and what else it touched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from mm_jupyter.kernel import files
from mm_jupyter.kernel.bindings import Bindings
from mm_jupyter.kernel.marks import Marked, Marks
from mm_jupyter.kernel.randomness import Generators, Snapshot, is_generator
from mm_jupyter.kernel.session import SessionLog
from mm_jupyter.kernel.surroundings import Surroundings
from mm_jupyter.records import Asked, Execution, LocalModule, RandomState, Surrounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one execution did, as far as it could be seen. ``uses`` are its files, some still being read."""

    bound: tuple[str, ...]
    deleted: tuple[str, ...]
    asked: tuple[Asked, ...]
    modules: tuple[LocalModule, ...]
    random: tuple[RandomState, ...]
    marked: Marked
    surroundings: tuple[Surrounding, ...]
    uses: files.Uses

    def noted(self, execution: Execution) -> Execution:
        """The execution with what was seen of it, its files aside."""
        return replace(
            execution,
            bound=self.bound,
            deleted=self.deleted,
            asked=self.asked,
            modules=self.modules,
            random=self.random,
            changed=self.marked.changed,
            unchanged=self.marked.unchanged,
            shares=self.marked.shares,
            surroundings=self.surroundings,
        )


class Observer:
    """Watches one namespace, an execution at a time: ``begin`` before it, ``end`` after it."""

    def __init__(self, log: SessionLog, namespace: dict[str, Any]) -> None:
        self._log = log
        self._namespace = namespace
        self._bindings = Bindings(namespace)
        self._generators = Generators()
        self._generator_names: set[str] = set()
        self._random: Snapshot = {}
        self._marks = Marks(namespace, log.modules)
        self._surroundings = Surroundings(namespace)

    def begin(self, source: str, *, tracked: bool) -> None:
        """Look at what is there before the execution of ``source``."""
        self._marks.begin(source, tracked=tracked)
        self._surroundings.begin(source)
        self._random = self._generators.take(self._namespace, self._generator_names)

    @staticmethod
    def listen() -> None:
        """Begin to see what the execution opens and asks for: called last, so that nothing of ours is seen."""
        files.begin()

    def end(self) -> Seen:
        """Look at what is there after it."""
        log = self._log
        used = files.end(log.root, log.ignore)
        bound, deleted = self._bindings.changes(self._namespace)
        self._find_generators(bound, deleted)
        return Seen(
            bound=bound,
            deleted=deleted,
            asked=used.asked,
            modules=log.changed_modules(),
            random=self._moved(),
            marked=self._marks.end(bound),
            surroundings=self._surroundings.end(),
            uses=files.describe(used, log.root, log.sink.put),
        )

    def _find_generators(self, bound: tuple[str, ...], deleted: tuple[str, ...]) -> None:
        self._generator_names.difference_update(bound, deleted)
        self._generator_names.update(name for name in bound if is_generator(self._namespace[name]))

    def _moved(self) -> tuple[RandomState, ...]:
        put = self._log.sink.put
        now = self._generators.take(self._namespace, self._generator_names)
        moved = self._generators.moved(self._random, now)
        return tuple(
            RandomState(
                generator=generator,
                before=put(before) if before is not None else None,
                after=put(after),
            )
            for generator, before, after in moved
        )
