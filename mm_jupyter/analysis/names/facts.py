"""What the source of one cell says about names: the facts that a slice is cut by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

Names = frozenset[str]
Literal = str | int | float | bool | None

NONE: Names = frozenset()
PARAMETER = "()"
"""Stands in the effects of a function for whatever the caller gave it."""


class Value(NamedTuple):
    """Where the value of an expression comes from, in names.

    ``same``: it may be the very object of the name. ``views``: it may share memory with it. ``elements``: it may be
    an element or an attribute of it. ``holds``: it may hold it. ``given``: receivers and arguments of the calls that
    made it; ``called``: the names called. ``code``: functions written inside it. ``lazy``: taking from it moves it on.
    ``items``: it may hold the elements of the name, as a copy does.
    ``key``: which element, where the source names it (``price`` of ``df["price"]``); ``*`` and ``.`` go deeper.
    """

    same: Names = NONE
    views: Names = NONE
    elements: Names = NONE
    holds: Names = NONE
    given: Names = NONE
    called: Names = NONE
    code: tuple[Effects, ...] = ()
    lazy: bool = False
    key: str = ""
    items: Names = NONE

    @property
    def shared(self) -> Names:
        """Every name whose object may be reached through the value, calls aside."""
        return self.same | self.views | self.elements | self.holds


FRESH = Value()


@dataclass(frozen=True, slots=True)
class Bind:
    """A name gets a value."""

    target: str
    value: Value


@dataclass(frozen=True, slots=True)
class Store:
    """Something is put into the object of a name (``x[0] = v``, ``x.a = v``, ``x.append(v)``).

    ``deep``: into something inside it (``x.a[0] = v``). ``sure``: the syntax says it, not the name of a method.
    """

    target: str
    value: Value
    deep: bool
    sure: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A call. ``changes`` are the receivers and arguments that such a call is known, or its form says, to change.

    ``path`` is what is called, dotted, where it can be written so; ``bare``: a statement throws the result away.
    """

    called: Names
    receivers: Names
    arguments: Names
    changes: Names
    path: str
    bare: bool


Step = Bind | Store | Call


@dataclass(frozen=True, slots=True)
class Effects:
    """What happens when a function (or a method of a class) that a cell defines is called later.

    Names are global ones; ``PARAMETER`` stands for what the caller gives. ``returns``: what the result may share.
    ``makes_code``: the result may be code again (an instance, a closure); ``lazy``: reading the result runs it.
    ``stateful``: a call may change something that only the function itself can reach.
    """

    uses: Names
    defines: Names
    changes: Names
    calls: tuple[Call, ...]
    barriers: Names
    mentions: Names
    returns: Names
    makes_code: bool
    lazy: bool
    stateful: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CellNames:
    """The facts of one cell, as its source has them; what really happened stands in the execution's record.

    ``defines``: top-level names that it binds. ``uses``: top-level names that it reads before it surely bound them
    itself, functions that it defines and calls included. ``late``: what functions and classes that it defines will do
    when called, by name. ``changes``: names whose object it surely changes in place. ``may_change``: receivers and
    arguments of calls. ``deletes``: names that it deletes. ``barriers``: one word for each kind of change to the
    surroundings. ``literals``: names bound directly to a constant. ``imports``: name -> dotted path of what it is.
    ``certain``: names surely bound when it ran through.
    ``dotted_imports``: names bound by ``import a.b``, which adds to a package that may be there already.
    ``augments``: names bound by augmented assignment alone. ``mentions``: words in texts that other code evaluates
    (SQL, ``df.query``, shell lines), which may be names. ``opaque``: it may read any name. ``settled``: used name ->
    names that the cell had surely bound when it first read it. ``steps``: binds, stores and calls in order.
    ``history``: numbers of the executions whose source or result it asks for (``_3``, ``Out[3]``).
    ``shows``: it ends in an expression whose value IPython keeps as ``Out[n]``. ``ours``: nothing but lines of
    mm_jupyter's own (``%load_ext mm_jupyter``, ``%mm``, ``import mm_jupyter``).
    """

    defines: Names = NONE
    uses: Names = NONE
    late: dict[str, Effects] = field(default_factory=dict)
    changes: Names = NONE
    may_change: Names = NONE
    deletes: Names = NONE
    barriers: Names = NONE
    literals: dict[str, Literal] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    certain: Names = NONE
    augments: Names = NONE
    dotted_imports: Names = NONE
    mentions: Names = NONE
    opaque: bool = False
    settled: dict[str, Names] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    history: frozenset[int] = frozenset()
    shows: bool = False
    ours: bool = False
    syntax_ok: bool = True

    @property
    def late_uses(self) -> dict[str, Names]:
        """Global names that each function or class of the cell reads when it is called."""
        return {name: effects.uses for name, effects in self.late.items()}
