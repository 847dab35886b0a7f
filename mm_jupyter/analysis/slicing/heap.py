"""Which names may reach which objects, as far as the source of the executions so far tells."""

from __future__ import annotations

from collections.abc import Iterable

from mm_jupyter.analysis.names import PARAMETER, Effects, Names, Value

Objects = frozenset[int]
NOTHING: Objects = frozenset()
MAX_OBJECTS = 24
"""A name that could be more objects is taken to be one that could be any of them."""


class Heap:
    """Abstract objects, numbered.

    ``own``: a name -> the objects that it may be. ``inside``: an object -> those that it may hold. ``behind``: an
    instance -> the class or function that made it, which is read with it and not changed through it. ``code``: what an
    object does when called. ``lazy``: objects that are used up by reading them. ``settled``: what installed packages
    export, whose changes are followed otherwise: who holds it holds nothing that a call could change. ``frozen``: what
    the present execution was seen to leave as it was. ``changed``: an object -> the executions that changed it last.
    """

    def __init__(self) -> None:
        self.own: dict[str, Objects] = {}
        self.inside: dict[int, set[int]] = {}
        self.behind: dict[int, set[int]] = {}
        self.code: dict[int, tuple[Effects, ...]] = {}
        self.lazy: set[int] = set()
        self.settled: set[int] = set()
        self.frozen: set[int] = set()
        self.changed: dict[int, set[int]] = {}
        self._views: dict[int, set[int]] = {}
        self._became: dict[int, int] = {}
        self._modules: dict[str, int] = {}
        self._parts: dict[tuple[int, str], int] = {}
        self._keyed: set[int] = set()
        self._count = 0

    def fresh(self) -> int:
        """A new object."""
        self._count += 1
        return self._count

    def module(self, path: str) -> int:
        """The one object of a module or of what it exports."""
        if path not in self._modules:
            self._modules[path] = self.fresh()
        return self._modules[path]

    def current(self, items: Iterable[int]) -> Objects:
        """The objects as they are called since some became one."""
        if not self._became:
            return frozenset(items)
        found: set[int] = set()
        for item in items:
            last = item
            while last in self._became:
                last = self._became[last]
            found.add(last)
        return frozenset(found)

    def owned(self, names: Iterable[str]) -> Objects:
        """The objects that the names may be."""
        found: set[int] = set()
        for name in names:
            found |= self.own.get(name, NOTHING)
        return frozenset(found)

    def reached(self, start: Iterable[int], *, code: bool = True) -> set[int]:
        """``start`` and everything that can be reached from it; ``code``: the classes of instances too."""
        seen: set[int] = set()
        stack = list(start)
        settled = self.settled.difference(stack)
        while stack:
            item = stack.pop()
            if item not in seen and item not in settled:
                seen.add(item)
                stack += self.inside.get(item, ())
                if code:
                    stack += self.behind.get(item, ())
        return seen

    def effects(self, names: Iterable[str]) -> list[Effects]:
        """What code that can be reached through the names does when it is called."""
        if not self.code:
            return []
        return [
            effects
            for item in sorted(self.reached(self.owned(names)))
            for effects in self.code.get(item, ())
        ]

    def hold(self, holders: Iterable[int], held: Iterable[int]) -> None:
        """Note that each of ``holders`` may hold each of ``held``."""
        every = set(held)
        if every:
            for holder in set(holders) - self.settled:
                self.inside.setdefault(holder, set()).update(every - {holder})

    def _part(self, holder: int, key: str) -> int:
        """The object that stands for the element ``key`` of ``holder``; without a key for any element."""
        part = self._parts.get((holder, key))
        if part is not None:
            (part,) = self.current((part,))
        else:
            part = self._parts[holder, key] = self.fresh()
            self._keyed.add(part)
            if holder in self.frozen:
                self.frozen.add(part)
            self.hold((holder,), (part,))
            if key:
                self.hold((self._part(holder, ""),), (part,))
        return part

    def _elements(self, holders: Objects, key: str) -> Objects:
        """The objects that an element of ``holders`` may be: what was put there, and what stands for its key."""
        deep = "." in key or "*" in key
        around = self.reached(holders, code=False) if deep else self._viewed(holders)
        found = {item for holder in around for item in self.inside.get(holder, ())}
        key = key.strip("*.")
        if key:
            found -= self._keyed
        return frozenset(found | {self._part(holder, key) for holder in holders})

    def _items(self, holders: Objects) -> set[int]:
        """What a copy of ``holders`` holds."""
        found = {self._part(holder, "") for holder in holders}
        return found.union(*(self.inside.get(holder, ()) for holder in self._viewed(holders)))

    def _viewed(self, start: Iterable[int]) -> set[int]:
        """``start`` with everything that shares its elements."""
        seen: set[int] = set()
        stack = list(start)
        while stack:
            item = stack.pop()
            if item not in seen:
                seen.add(item)
                stack += self._views.get(item, ())
        return seen

    def merge(self, items: set[int]) -> int:
        """One new object in the place of ``items``, which could be any of them from now on."""
        new = self.fresh()
        for name, own in self.own.items():
            if not own.isdisjoint(items):
                self.own[name] = (own - items) | {new}
        for links in (self.inside, self.behind, self._views):
            outside: set[int] = set().union(*(links.pop(item, ()) for item in items)) - items
            for holder in [item for item, held in links.items() if not held.isdisjoint(items)]:
                links[holder] = (links[holder] - items) | {new}
            if outside:
                links[new] = outside
        code = [effects for item in sorted(items) for effects in self.code.pop(item, ())]
        if code:
            self.code[new] = tuple(dict.fromkeys(code))
        if not self.lazy.isdisjoint(items):
            self.lazy.add(new)
        changers = set().union(*(self.changed.pop(item, ()) for item in items))
        if changers:
            self.changed[new] = changers
        self._became.update(dict.fromkeys(items, new))
        for path, item in self._modules.items():
            if item in items:
                self._modules[path] = new
        for place in [place for place in self._parts if place[0] in items]:
            del self._parts[place]
        return new

    def value(self, value: Value) -> Objects:
        """The objects that an expression's value may be."""
        given = self.owned(value.given)
        makers = self.effects(value.called) if value.called else []
        views = self.owned(value.views) - self.settled
        for effects in makers:
            if PARAMETER in effects.returns:
                views |= given
            views |= self.owned(effects.returns - {PARAMETER}) - self.settled
        same = self.owned(value.same)
        if same and not (views or value.elements or value.holds or value.code or value.items):
            return same
        new, same = (
            self.fresh(),
            same | self._elements(self.owned(value.elements) - self.settled, value.key),
        )
        for view in views:
            self._views.setdefault(new, set()).add(view)
            self._views.setdefault(view, set()).add(new)
        self.hold((new,), views)
        self.hold(views, (new,))
        self.hold((new,), self.owned(value.holds) | self._items(self.owned(value.items)))
        if value.code:
            self.code[new] = value.code
        if any(effects.makes_code for effects in makers):
            self.behind[new] = set(self.owned(value.called))
        if value.lazy or any(effects.lazy for effects in makers):
            self.lazy.add(new)
            self.hold((new,), given)
        may_be = same | {new}
        return may_be if len(may_be) <= MAX_OBJECTS else frozenset((self.merge(set(may_be)),))


def settled_uses(effects: Effects, settled: Names) -> Names:
    """The global names that code reads, without those that its caller had just bound itself."""
    return effects.uses - settled
