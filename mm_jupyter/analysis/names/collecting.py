"""What a walk over the source collects: names read, bound and changed, in the order in which it meets them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mm_jupyter.analysis.names.facts import (
    NONE,
    PARAMETER,
    Bind,
    Call,
    Effects,
    Literal,
    Names,
    Step,
    Store,
    Value,
)
from mm_jupyter.analysis.names.scopes import Scope, ScopeKind


@dataclass(slots=True)
class Notes:
    """Notes on code that runs together: the cell itself, or all functions of one definition."""

    uses: set[str] = field(default_factory=set)
    defines: set[str] = field(default_factory=set)
    barriers: set[str] = field(default_factory=set)
    mentions: set[str] = field(default_factory=set)
    steps: list[Step] = field(default_factory=list)
    given: set[str] = field(default_factory=set)
    """The parameters, of a function."""
    returned: set[str] = field(default_factory=set)
    makes_code: bool = False
    lazy: bool = False
    stateful: bool = False

    def effects(self) -> Effects:
        """The notes on a function in global names: its own names are followed to what they may share."""
        sources: dict[str, set[str]] = {name: {PARAMETER} for name in self.given}
        for step in self.steps:
            if isinstance(step, Bind) or (isinstance(step, Store) and ":" in step.target):
                shared = step.value.shared | step.value.items
                sources.setdefault(step.target, set()).update(shared)
        changes: set[str] = set()
        calls: list[Call] = []
        for step in self.steps:
            if isinstance(step, Store):
                changes |= _roots([step.target], sources)
            elif isinstance(step, Call):
                changes |= _roots(step.changes, sources)
                calls.append(
                    Call(
                        called=_roots(step.called, sources),
                        receivers=_roots(step.receivers, sources),
                        arguments=_roots(step.arguments, sources),
                        changes=_roots(step.changes, sources),
                        path=step.path,
                        bare=step.bare,
                    )
                )
        return Effects(
            uses=frozenset(self.uses),
            defines=frozenset(self.defines),
            changes=frozenset(changes),
            calls=tuple(calls),
            barriers=frozenset(self.barriers),
            mentions=frozenset(self.mentions),
            returns=_roots(self.returned, sources),
            makes_code=self.makes_code,
            lazy=self.lazy,
            stateful=self.stateful,
        )


def joined(several: tuple[Effects, ...], is_class: bool) -> Effects:
    """The effects of a class (those of its methods) or of a function with several definitions, taken together."""
    if len(several) == 1 and not is_class:
        return several[0]
    makes_code = is_class or any(effects.makes_code for effects in several)

    def union(name: str) -> frozenset[str]:
        return frozenset().union(*(getattr(effects, name) for effects in several))

    calls: tuple[Call, ...] = sum((effects.calls for effects in several), ())
    return Effects(
        uses=union("uses"),
        defines=union("defines"),
        changes=union("changes"),
        calls=calls,
        barriers=union("barriers"),
        mentions=union("mentions"),
        returns=union("returns"),
        makes_code=makes_code,
        lazy=any(effects.lazy for effects in several),
        stateful=any(effects.stateful for effects in several),
    )


def _roots(names: Iterable[str], sources: dict[str, set[str]]) -> Names:
    """The global names and ``PARAMETER`` that ``names`` may share an object with."""
    seen: set[str] = set()
    stack = list(names)
    while stack:
        name = stack.pop()
        if name not in seen:
            seen.add(name)
            stack += sources.get(name, ())
    return frozenset(name for name in seen if ":" not in name)


class Collector:
    """The state of a walk over one cell: scopes, what is surely bound by now, notes."""

    def __init__(self) -> None:
        self.scopes = [Scope("module")]
        self.cell = Notes()
        self.notes = self.cell
        self.bound: set[str] = set()
        self.late: dict[str, Effects] = {}
        self.changes: set[str] = set()
        self.deletes: set[str] = set()
        self.plain: set[str] = set()
        """Bound by anything but an augmented assignment."""
        self.literals: dict[str, Literal] = {}
        self.imports: dict[str, str] = {}
        self.dotted_imports: set[str] = set()
        self.settled: dict[str, Names] = {}
        self.history: set[int] = set()
        self.opaque = False
        self.conditional = 0
        """Depth of statements that may not run."""
        self._numbers = 0

    def scope(
        self, kind: ScopeKind, bound: Iterable[str], outer: Iterable[str] = (), title: str = ""
    ) -> Scope:
        """A new inner scope, entered."""
        self._numbers += 1
        mine = {self.written(word) for word in bound}
        scope = Scope(kind, self._numbers, mine, {self.written(word) for word in outer}, title)
        self.scopes.append(scope)
        return scope

    def written(self, name: str) -> str:
        """The name as it is stored: ``__private`` in a class is ``_Class__private``."""
        if name.startswith("__") and not name.endswith("__"):
            for scope in reversed(self.scopes):
                if scope.kind == "class" and scope.title.strip("_"):
                    return f"_{scope.title.lstrip('_')}{name}"
        return name

    def found(self, name: str) -> str:
        """Where a read of ``name`` finds it: a top-level name, or ``number:name``."""
        for scope in reversed(self.scopes):
            if scope.kind == "module" or name in scope.outer:
                return name
            if name in scope.bound:
                own = f"{scope.number}:{name}"
                if scope.kind != "class" or (scope is self.scopes[-1] and own in self.bound):
                    return own
        return name

    def home(self, name: str) -> str:
        """Where a binding of ``name`` puts it; ``:=`` in a comprehension goes to the scope around it."""
        for scope in reversed(self.scopes):
            if scope.kind == "comprehension" and name not in scope.bound:
                continue
            if scope.kind == "module" or name in scope.outer:
                return name
            if name in scope.bound:
                return f"{scope.number}:{name}"
            if scope.kind == "class":
                return f"{scope.number}:{name}"
        return name

    def read(self, word: str) -> str:
        """Note that ``word`` is read; where it was found."""
        name = self.found(self.written(word))
        if ":" in name:
            return name
        if self.notes is not self.cell:
            self.notes.uses.add(name)
            return name
        self._use(name)
        if name in self.late:
            self.call_late(self.late[name], {name})
        return name

    def _use(self, name: str) -> None:
        if name not in self.bound and name not in self.cell.uses:
            self.cell.uses.add(name)
            if self.bound:
                self.settled[name] = frozenset(self.bound)

    def call_late(self, effects: Effects, seen: set[str]) -> None:
        """Count what code that the cell itself defined does as done now."""
        self.cell.barriers |= effects.barriers
        self.cell.mentions |= effects.mentions
        for call in (Call(NONE, NONE, NONE, effects.changes, "", False), *effects.calls):
            every = (call.called, call.receivers, call.arguments, call.changes)
            called, receivers, arguments, changes = (part - {PARAMETER} for part in every)
            if receivers or arguments or changes:
                step = Call(called, receivers, arguments, changes, call.path, call.bare)
                self.cell.steps.append(step)
        for name in effects.defines:
            self.cell.defines.add(name)
            self.plain.add(name)
        for name in effects.uses:
            self._use(name)
            if name in self.late and name not in seen:
                seen.add(name)
                self.call_late(self.late[name], seen)

    def bind(self, word: str, value: Value, *, augmented: bool = False) -> str:
        """Note that ``word`` gets ``value``; where it is put."""
        name = self.home(self.written(word))
        if ":" not in name:
            self.notes.defines.add(name)
            if self.notes is self.cell:
                if not augmented:
                    self.plain.add(name)
                self.literals.pop(name, None)
                if not self.conditional:
                    self.late.pop(name, None)
                self.imports.pop(name, None)
        if self.notes is self.cell or ":" in name:
            self.bound.add(name)
        self.notes.steps.append(Bind(name, value))
        return name

    def store(self, roots: Names, value: Value, deep: bool, *, sure: bool = True) -> None:
        """Note that ``value`` is put into the objects of ``roots``."""
        for name in roots:
            self.notes.steps.append(Store(name, value, deep, sure))
            if sure and self.notes is self.cell and ":" not in name:
                self.changes.add(name)

    def in_function(self) -> bool:
        return self.notes is not self.cell
