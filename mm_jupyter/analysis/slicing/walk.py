"""The walk over a session, in order: which executions each execution needs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mm_jupyter.analysis.names import PARAMETER, Bind, Call, CellNames, Effects, Store
from mm_jupyter.analysis.names.facts import FRESH, NONE, Names
from mm_jupyter.analysis.names.habits import barrier_of_call, barrier_of_statement
from mm_jupyter.analysis.slicing.executed import facts, took_effect
from mm_jupyter.analysis.slicing.heap import NOTHING, Heap, Objects, settled_uses
from mm_jupyter.analysis.slicing.noticing import Barrier, barriers_of
from mm_jupyter.records import ContentDigest, Execution

_APPENDS = re.compile(r"""["']a[bt+]*["']""")
_RECENT = {"_": 1, "__": 2, "___": 3}
_MODULES = frozenset(("matplotlib.pyplot", "os.path"))


class Walk:
    """``needs``: an execution -> those that made what it found; ``barriers``: an execution -> the kinds of barrier
    that it is for every later one.

    What was seen when it ran goes before what its source says. ``conservative``: whatever a call was given, and
    whatever shares an object with that, may have changed, and the source counts beside what was seen.
    """

    def __init__(self, executions: Iterable[Execution], *, conservative: bool) -> None:
        self.conservative = conservative
        self.needs: dict[int, set[int]] = {}
        self.barriers: dict[int, frozenset[Barrier]] = {}
        self.ours: set[int] = set()
        self._heap = Heap()
        self._binder: dict[str, int] = {}
        self._imports: dict[str, str] = {}
        self._writers: dict[str, list[tuple[int, ContentDigest | None, bool]]] = {}
        self._counts: dict[int, int] = {}
        self._shown: list[int] = []
        self._last: int | None = None
        self._now = 0
        self._watched = False
        every = list(executions)
        self._local = {
            module.name.partition(".")[0] for execution in every for module in execution.modules
        }
        for execution in every:
            if took_effect(execution):
                self._execution(execution)

    def closure(self, starts: Iterable[int]) -> set[int]:
        """The executions that ``starts`` need, themselves included."""
        seen: set[int] = set()
        stack = list(starts)
        while stack:
            seq = stack.pop()
            if seq not in seen:
                seen.add(seq)
                stack += self.needs.get(seq, ())
        return seen

    def origins(self, names: Iterable[str]) -> set[str]:
        """The names, and the modules that they were imported from."""
        given = set(names)
        return given | {
            self._imports[one].partition(".")[0] for one in given if one in self._imports
        }

    def _execution(self, execution: Execution) -> None:
        names = facts(execution)
        self._now = execution.seq
        self._watched = not self.conservative and execution.surroundings is not None
        self._heap.frozen = self._found_unchanged(execution) | self._generators(execution)
        self.needs[execution.seq] = set()
        if names.ours:
            self.ours.add(execution.seq)
        barriers = set(names.barriers)
        effects = self._reads(names)
        for one in effects:
            barriers |= one.barriers
        self._history(names)
        self._files_read(execution)
        bound = self._bound(execution, names)
        met = self._met(names, effects) if self.conservative else set()
        barriers |= self._steps(names, bound, names.augments & set(execution.bound))
        for one in effects:
            self._late(one, barriers)
        if met:
            self._mix(met, bound)
        self._heap.frozen = set()
        self._change_deeply(execution.changed)
        modules = [name for name in execution.changed if name.partition(".")[0] in self._local]
        self._change(map(self._heap.module, modules))
        self._share(execution.shares)
        for name in (set(execution.deleted) | names.deletes) - bound:
            if execution.status == "ok" or name in execution.deleted:
                self._heap.own.pop(name, None)
                self._binder[name] = self._now
        self._generators(execution)
        kinds = barriers_of(execution, barriers, as_seen=not self.conservative)
        if kinds:
            self.barriers[execution.seq] = kinds
        self._note_for_later(execution, names)

    def _bound(self, execution: Execution, names: CellNames) -> set[str]:
        """The names that the execution really bound: the record's word, and what the source leaves no doubt about."""
        if execution.status in ("raised", "interrupted"):
            return set(execution.bound)
        return set(execution.bound) | names.certain

    def _found_unchanged(self, execution: Execution) -> set[int]:
        """The objects that were read in full before and after it and are the same, whatever its source looks like."""
        if self.conservative or not execution.unchanged:
            return set()
        heap = self._heap
        same = heap.reached(self._named(execution.unchanged), code=False)
        return same - heap.reached(self._named(execution.changed), code=False)

    def _named(self, names: Iterable[str]) -> Objects:
        """What names stand for; a module of the project may be named though nothing in the notebook is."""
        modules = {
            self._heap.module(name) for name in names if name.partition(".")[0] in self._local
        }
        return self._heap.owned(names) | modules

    def _generators(self, execution: Execution) -> set[int]:
        """The generators whose state moved: that is recorded, and restored before whatever moves them next."""
        if self.conservative:
            return set()
        moved = self._heap.owned(state.generator for state in execution.random)
        self._heap.settled |= moved  # nor does a generator hold what it was given
        return set(moved)

    def _share(self, groups: Iterable[tuple[str, ...]]) -> None:
        """Names whose objects were found to share memory or members, where the source did not show it."""
        heap = self._heap
        for group in groups:
            for i, name in enumerate(group):
                mine = heap.own.get(name, NOTHING)
                for other in group[i + 1 :]:
                    theirs = heap.own.get(other, NOTHING)
                    if heap.reached(mine).isdisjoint(heap.reached(theirs)):
                        heap.hold(mine, theirs)
                        heap.hold(theirs, mine)

    def _need(self, name: str) -> None:
        """The execution needs what ``name`` holds."""
        needs = self.needs[self._now]
        if name in self._binder:
            needs.add(self._binder[name])
        for item in self._heap.reached(self._heap.own.get(name, NOTHING)):
            needs |= self._heap.changed.get(item, set())
        needs.discard(self._now)

    def _reads(self, names: CellNames) -> list[Effects]:
        """Note everything read; the effects of code of earlier executions that may have been called."""
        known = self._binder.keys()
        waiting = list(known) if names.opaque else [*names.uses, *(names.mentions & known)]
        seen = set(waiting)
        called: list[Effects] = []
        while waiting:
            name = waiting.pop()
            self._need(name)
            settled = names.settled.get(name, NONE)
            for effects in self._heap.effects((name,)):
                if effects in called:
                    continue
                called.append(effects)
                mentioned = effects.mentions & known
                fresh = (settled_uses(effects, settled) | mentioned) - seen
                seen |= fresh
                waiting += fresh
        used_up = self._heap.reached(self._heap.owned(seen)) & self._heap.lazy
        if self._heap.lazy and used_up:
            self._change(used_up)
        return called

    def _change(self, items: Iterable[int]) -> None:
        needs = self.needs[self._now]
        for item in set(items) - self._heap.frozen:
            needs |= self._heap.changed.get(item, set())
            self._heap.changed[item] = {self._now}
        needs.discard(self._now)

    def _change_deeply(self, names: Iterable[str]) -> None:
        """The objects of ``names`` and what they hold may have changed; modules of installed packages never have."""
        for name in names:
            if not self._is_foreign(name):
                self._change(self._heap.reached(self._heap.own.get(name, NOTHING), code=False))

    def _is_foreign(self, name: str) -> bool:
        path = self._imports.get(name)
        return path is not None and path.partition(".")[0] not in self._local and path[:1] != "."

    def _is_module(self, name: str) -> bool:
        """A module of a package: its attributes and options are watched, and are barriers where they are set."""
        path = self._imports.get(name)
        return path is not None and ("." not in path or path in _MODULES) and self._is_foreign(name)

    def _steps(self, names: CellNames, bound: set[str], rebound: Names) -> set[str]:
        """Follow the cell's binds, stores and calls; the barriers that only the session's imports show.

        ``rebound``: names whose augmented assignment made a new object.
        """
        heap = self._heap
        before = dict(heap.own)
        final: dict[str, Objects] = {}
        barriers: set[str] = set()
        imports = self._imports = {**self._imports, **names.imports}
        for step in names.steps:
            if isinstance(step, Bind):
                new = (
                    self._augmented(step.target)
                    if step.target in rebound
                    else self._value(step, names)
                )
                final[step.target] = final.get(step.target, NOTHING) | new
                start = (
                    NOTHING if step.target in names.certain else before.get(step.target, NOTHING)
                )
                heap.own[step.target] = heap.current(final[step.target] | start)
            elif isinstance(step, Store):
                if step.target in rebound or (not step.sure and self._is_foreign(step.target)):
                    continue
                if not (self._watched and self._is_module(step.target)):
                    self._store(step)
                if (
                    step.target in imports
                    and step.target not in names.defines - names.imports.keys()
                ):
                    barriers.add("module")
            else:
                barriers |= self._call(step, imports)
        heap.own = {name: heap.current(own) for name, own in before.items()}
        for name in bound:
            heap.own[name] = heap.current(final.get(name, NOTHING)) or (
                NOTHING if name in names.literals else frozenset((heap.fresh(),))
            )
        self._bind(names, bound)
        return barriers

    def _bind(self, names: CellNames, bound: set[str]) -> None:
        """Note that this execution bound the names; ``import a.b`` adds to what an earlier one imported."""
        for name in bound:
            if name in names.dotted_imports and name in self._binder:
                self.needs[self._now].add(self._binder[name])
            self._binder[name] = self._now
            if name not in names.imports:
                self._imports.pop(name, None)
        self.needs[self._now].discard(self._now)

    def _augmented(self, name: str) -> Objects:
        """The object that ``name += ...`` made anew; it may hold what the former one held."""
        former = self._heap.own.get(name, NOTHING)
        new = frozenset((self._heap.fresh(),))
        self._heap.hold(new, self._heap.reached(former, code=False) - former)
        return new

    def _value(self, step: Bind, names: CellNames) -> Objects:
        path = names.imports.get(step.target)
        if path is not None:
            item = self._heap.module(path)
            root = path.partition(".")[0]
            if self._watched and root not in self._local and path[:1] != ".":
                self._heap.settled.add(item)
            if root in self._local and root != path:
                self._heap.behind.setdefault(item, set()).add(self._heap.module(root))
            return frozenset((item,))
        if step.value is FRESH and step.target in names.literals:
            return NOTHING
        return self._heap.value(step.value)

    def _store(self, step: Store) -> None:
        holders = self._heap.own.get(step.target, NOTHING)
        if self._watched and step.value.elements and all(map(self._is_module, step.value.shared)):
            held = set()  # a constant of a package, as ``np.nan``
        else:
            held = set(self._heap.owned(step.value.shared))
        if step.value.code or step.value.called or step.value.items:
            held |= self._heap.value(step.value)
        self._heap.hold(holders, held)
        self._change(self._heap.reached(holders, code=False) if step.deep else holders)

    def _call(self, call: Call, imports: dict[str, str]) -> set[str]:
        self._change_deeply(call.changes)
        if any(
            _changes_given(effects, self._heap, set())
            for effects in self._heap.effects(call.called)
        ):
            self._change_deeply(call.receivers | call.arguments)
        instances = self._heap.behind.keys() & self._heap.owned(call.called)
        if instances or any(effects.stateful for effects in self._heap.effects(call.called)):
            self._change_deeply(call.called)
        root, _, rest = call.path.partition(".")
        path = imports.get(root)
        if path is None:
            return set()
        full = f"{path}.{rest}" if rest else path
        if path.partition(".")[0] in self._local or path[:1] == ".":
            self._change_local(path)
            if call.bare:
                self._change_deeply(call.arguments | {root})
        barrier = barrier_of_call(full)
        if barrier is None and call.bare and rest:
            barrier = barrier_of_statement(full)
        return {barrier} if barrier else set()

    def _change_local(self, path: str) -> None:
        """A function of the project's own module may change what the module holds, unless that was seen to stay."""
        root = path.partition(".")[0]
        names = {name for name, one in self._imports.items() if one.partition(".")[0] == root}
        self._change_deeply(names)
        if self._watched:
            self._change({self._heap.module(root)})

    def _late(self, effects: Effects, barriers: set[str]) -> None:
        """What code of earlier executions changes when it is called now."""
        self._change_deeply(effects.changes - {PARAMETER})
        for call in effects.calls:
            barriers |= self._call(call, self._imports)

    def _met(self, names: CellNames, effects: list[Effects]) -> set[int]:
        """The conservative view: everything that the calls of an execution can reach."""
        calls = [step for step in names.steps if isinstance(step, Call)]
        calls += [call for one in effects for call in one.calls]
        if not calls:
            return set()
        seen: set[str] = set()
        for call in calls:
            seen |= call.called | call.receivers | call.arguments | call.changes
        for one in effects:
            seen |= one.uses
        for step in names.steps:
            if isinstance(step, Bind):  # what a name of the cell itself stands for
                seen |= step.value.shared | step.value.given | step.value.items
        known = [name for name in seen if not self._is_foreign(name)]
        return self._heap.reached(self._heap.owned(known)) or {self._heap.fresh()}

    def _mix(self, met: set[int], bound: set[str]) -> None:
        """All that the calls met, and all that was bound, may have changed and may hold one another now."""
        made = self._heap.owned(name for name in bound if not self._is_foreign(name))
        every = set(self._heap.current(met)) | self._heap.reached(made)
        self._change(every)
        self._heap.merge(every)

    def _history(self, names: CellNames) -> None:
        """``_``, ``_3``, ``Out[3]``: the executions whose result or source is asked for."""
        needs = self.needs[self._now]
        needs |= {self._counts[number] for number in names.history if number in self._counts}
        for name, back in _RECENT.items():
            if name in names.uses and name not in self._binder:
                needs.update(self._shown[-back:])
        if names.uses & {"_i", "_ii", "_iii"} and self._last is not None:
            needs.add(self._last)

    def _files_read(self, execution: Execution) -> None:
        read = [(file.path, file.digest) for file in execution.files if file.role == "input"]
        read += [(module.path, module.digest) for module in execution.modules]
        for path, digest in read:
            writers = self._writers.get(path, [])
            if not writers or (digest and writers[-1][1] and digest != writers[-1][1]):
                continue
            for seq, _, appended in reversed(writers):
                self.needs[self._now].add(seq)
                if not appended:
                    break
        for listing in execution.listings:
            for path, writers in self._writers.items():
                if path.rpartition("/")[0] == listing.path.rstrip("/").removeprefix("."):
                    self.needs[self._now].add(writers[-1][0])

    def _note_for_later(self, execution: Execution, names: CellNames) -> None:
        read = {file.path for file in execution.files if file.role == "input"}
        for file in execution.files:
            if file.role == "output":
                appended = file.path in read or bool(_APPENDS.search(execution.source))
                self._writers.setdefault(file.path, []).append(
                    (execution.seq, file.digest, appended)
                )
        if execution.count is not None:
            self._counts[execution.count] = execution.seq
        if names.shows and execution.status == "ok":
            self._shown.append(execution.seq)
        self._last = execution.seq


def _changes_given(effects: Effects, heap: Heap, seen: set[int]) -> bool:
    """A call of the code may change what it is given, itself or through code that it calls."""
    if PARAMETER in effects.changes:
        return True
    if id(effects) in seen:
        return False
    seen.add(id(effects))
    return any(
        _changes_given(inner, heap, seen)
        for call in effects.calls
        if PARAMETER in call.arguments | call.receivers
        for inner in heap.effects(call.called - {PARAMETER})
    )
