"""A value -> its mark: what tells, at the speed of C, whether an object is as it was.

A mark is a hash of a bounded walk by ``pickle``'s C pickler, which is told the state of every object that is no plain
container: no code of the user's runs, not even ``__reduce__``, a property or ``__eq__``. A mark that read everything
is *full*; what is too large, or keeps its state where Python cannot see it, is sampled or told apart by identity, and
its mark is not full. Marks are compared within one process and never kept.
"""

from __future__ import annotations

import _pickle
import collections
import functools
import sys
import types
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

PLAIN_BYTES = 16 * 1024
"""A plain cell's marks read objects up to this size whole."""
_SAMPLE = 64
ATOMS = frozenset((type(None), bool, int, float, complex, str, bytes))
"""Types whose objects never change and hold nothing."""
_SIZED = (list, dict, set, frozenset, tuple, collections.deque)
_SETTLED = (
    types.ModuleType, types.CodeType, type, range, slice,
    type(NotImplemented), type(...), property, staticmethod, classmethod,
)  # fmt: skip
"""What cannot be another in content while it is the same object, or is not looked into."""
_METHODS = (types.MethodType, types.BuiltinMethodType)
_NOT_BOUND = (types.ModuleType, type, type(None))
"""What a function of C is bound to where it is no object's method."""
_SETTLED_NAMES = frozenset(
    """
    sklearn.tree._tree.Tree datetime.datetime datetime.date datetime.time datetime.timedelta datetime.timezone
    decimal.Decimal fractions.Fraction re.Pattern uuid.UUID pathlib.PosixPath pathlib.PurePosixPath pathlib.WindowsPath
    numpy.random._generator.Generator numpy.random.mtrand.RandomState random.Random zoneinfo.ZoneInfo
    """.split()
)
"""Classes by name whose objects do not change, or whose change is recorded otherwise (generators of random numbers)."""
_SETTLED_MODULES = (
    "pyarrow.",
    "polars.datatypes",
    "numpy.dtypes",
    "pandas._libs.tslibs",
    "pandas.core.dtypes",
)


class Mark(NamedTuple):
    """``full``: everything was read, so that equal marks mean an equal object."""

    value: int
    full: bool


class _TooLarge(Exception):
    """The walk has read as much as it may."""


class _Bounded:
    """A file for a pickler that takes only so much."""

    __slots__ = ("left", "pieces")

    def __init__(self, limit: int) -> None:
        self.left = limit
        self.pieces: list[bytes] = []

    def write(self, data: Any) -> None:
        piece = bytes(data)
        self.left -= len(piece)
        if self.left < 0:
            raise _TooLarge
        self.pieces.append(piece)


class _Walk(_pickle.Pickler):
    """Writes an object's state. ``partial``: something was told apart by identity, or sampled."""

    def __init__(self, file: _Bounded, limit: int) -> None:
        super().__init__(file, 5)
        self.left = limit
        self.objects = limit // 64
        self.partial = False

    def reducer_override(self, value: Any) -> Any:
        kind = type(value)
        if value is tuple:
            return NotImplemented  # it is named in what this method returns
        self.objects -= 1
        if self.objects < 0:
            raise _TooLarge
        return tuple, ((id(kind), *self.state(value, kind)),)

    def state(self, value: Any, kind: type) -> tuple[Any, ...]:
        how = _how(kind)
        if how is not None:
            return how(self, value)
        parts, whole = _parts(kind)
        if not whole:
            self.partial = True
            parts = (lambda held: (id(held),), *parts)
        return tuple(part(value) for part in parts)

    def taken(self, size: int) -> bool:
        """Whether ``size`` more bytes may be read."""
        self.left -= size
        return self.left >= 0


def mark(value: object, limit: int = PLAIN_BYTES) -> Mark:
    """The mark of an object; it reads up to about ``limit`` bytes of it."""
    if type(value) in _SIZED and len(value) > limit // 4:  # type: ignore[arg-type]
        return Mark(_sampled(value), full=False)  # the pickler would read 64 KiB before it asks
    file = _Bounded(limit)
    walk = _Walk(file, limit)
    try:
        walk.dump([value])
    except Exception:  # noqa: BLE001 - too large, too deep, or changed by a thread meanwhile
        return Mark(_sampled(value), full=False)
    return Mark(hash(b"".join(file.pieces)), full=not walk.partial)


def changes(value: object) -> bool:
    """Whether an object can become another in content while it stays the same object.

    A function by its closure, its defaults and its attributes; a class of the notebook by its attributes.
    """
    kind: Any = type(value)
    if kind in ATOMS:
        return False
    if kind is types.FunctionType:
        function: Any = value
        held = function.__closure__ or function.__defaults__ or function.__kwdefaults__
        return function.__module__ == "__main__" and bool(held or function.__dict__)
    if issubclass(kind, type):
        return bool(type.__getattribute__(value, "__module__") == "__main__")
    if kind in _METHODS:
        bound = value.__self__  # type: ignore[attr-defined]
        return not isinstance(bound, _NOT_BOUND) and changes(bound)
    return _how(kind) is not _settled


def members(value: object) -> Iterator[Any]:
    """What a container, an instance or a function's closure holds directly; nothing of a library's own types."""
    kind: Any = type(value)
    if kind is types.FunctionType:
        function: Any = value
        yield from (_cell(cell) for cell in function.__closure__ or ())
    elif kind in _METHODS:
        yield value.__self__  # type: ignore[attr-defined]
    elif kind is functools.partial:
        partial: Any = value
        yield from (partial.func, *partial.args, *partial.keywords.values())
    elif _how(kind) is None:
        for part in _parts(kind)[0]:
            held = part(value)
            if isinstance(held, dict):
                yield from list(dict.values(held))
            elif isinstance(held, (list, tuple, set)):
                yield from (
                    member[-1] if type(member) is tuple and member else member for member in held
                )
            else:
                yield held


def _sampled(value: object) -> int:
    """A few members by identity, and how many there are."""
    kind = type(value)
    try:
        if kind in (list, tuple, collections.deque):
            held: Any = value
            step = max(1, len(held) // _SAMPLE)
            members: Any = held[::step] if kind is not collections.deque else islice(held, _SAMPLE)
            return hash((id(value), len(held), *map(id, members)))
        if kind in (dict, set, frozenset):
            few = islice(value.values() if isinstance(value, dict) else value, _SAMPLE)  # type: ignore[call-overload]
            return hash((id(value), len(value), *map(id, few)))  # type: ignore[arg-type]
        own = _own_dict(value)
        if own is not None:
            return hash((id(value), len(own), *map(id, islice(own.values(), _SAMPLE))))
    except RuntimeError:  # a thread changed it meanwhile
        pass
    return id(value)


# -- what a kind of object holds -----------------------------------------------------------------------------------

_State = Callable[[_Walk, Any], tuple[Any, ...]]


@cache
def _how(kind: type) -> _State | None:
    """How objects of one class are read; None for instances of the user's and of libraries' Python classes."""
    if issubclass(kind, _SETTLED):
        return _class if issubclass(kind, type) else _settled
    for base, how in _KINDS.items():
        if issubclass(kind, base):
            return how
    name = f"{kind.__module__}.{kind.__qualname__}"
    if name in _SETTLED_NAMES or name.startswith(_SETTLED_MODULES):
        return _settled
    for base in kind.__mro__:
        known = _LIBRARIES.get((base.__module__.partition(".")[0], base.__name__))
        if known is not None:
            return known
    return None


def _settled(_: _Walk, value: Any) -> tuple[Any, ...]:
    return (id(value),)


def _class(_: _Walk, value: Any) -> tuple[Any, ...]:
    if type.__getattribute__(value, "__module__") != "__main__":
        return (id(value),)
    own = type.__dict__["__dict__"].__get__(value)
    hidden = ("__dict__", "__weakref__", "__doc__", "__annotations__")
    return (id(value), [(name, part) for name, part in own.items() if name not in hidden])


def _function(_: _Walk, value: Any) -> tuple[Any, ...]:
    if value.__module__ != "__main__":
        return (id(value),)
    cells = [_cell(cell) for cell in value.__closure__ or ()]
    return (
        id(value),
        id(value.__code__),
        cells,
        value.__defaults__,
        value.__kwdefaults__,
        value.__dict__,
    )


def _cell(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty yet
        return None


def _generator(walk: _Walk, value: Any) -> tuple[Any, ...]:
    walk.partial = True
    frame = value.gi_frame
    return id(value), None if frame is None else frame.f_lasti


def _bytearray(_: _Walk, value: Any) -> tuple[Any, ...]:
    return (bytes(memoryview(value)),)


def _array(walk: _Walk, value: Any) -> tuple[Any, ...]:
    """numpy's: the bytes, or where they are too many, a sample of them."""
    numpy = sys.modules["numpy"]
    plain = value.view(numpy.ndarray) if type(value) is not numpy.ndarray else value
    about = plain.dtype.str, plain.shape, plain.strides
    if plain.dtype.hasobject:
        return (*about, plain.tolist() if walk.taken(plain.nbytes) else _few(walk, plain))
    if walk.taken(plain.nbytes):
        return (*about, plain.tobytes())
    return (*about, id(value), _few(walk, plain))


def _few(walk: _Walk, plain: Any) -> Any:
    walk.partial = True
    flat = (
        plain.reshape(-1)
        if plain.flags.c_contiguous
        else plain.T.reshape(-1)
        if plain.flags.f_contiguous
        else None
    )
    if flat is None:
        return 0
    few = flat[:: max(1, flat.size // _SAMPLE)]
    return list(map(id, few)) if plain.dtype.hasobject else (few.tobytes(), flat[-1:].tobytes())


def _scalar(_: _Walk, value: Any) -> tuple[Any, ...]:
    return (value.tobytes(),)


def _frame(_: _Walk, value: Any) -> tuple[Any, ...]:
    """pandas': the arrays of its blocks, their places, and the axes."""
    manager = value._mgr
    blocks = [(block.values, block.mgr_locs.as_array) for block in manager.blocks]
    return list(manager.axes), blocks, value._attrs, getattr(value, "_name", None)


def _index(_: _Walk, value: Any) -> tuple[Any, ...]:
    return (
        getattr(value, "_data", None),
        getattr(value, "_name", None),
        getattr(value, "_range", None),
        getattr(value, "_names", None),
        getattr(value, "_codes", None),
        getattr(value, "_levels", None),
    )


def _masked(_: _Walk, value: Any) -> tuple[Any, ...]:
    """pandas' arrays with an array inside."""
    own = _own_dict(value) or {}
    return tuple(
        (name, own[name])
        for name in ("_ndarray", "_data", "_mask", "_pa_array", "_codes")
        if name in own
    )


def _tensor(walk: _Walk, value: Any) -> tuple[Any, ...]:
    walk.partial = True
    return id(value), value._version, value.data_ptr()


def _iterator(walk: _Walk, value: Any) -> tuple[Any, ...]:
    """The builtin iterators tell where they are."""
    walk.partial = True
    return id(value), value.__reduce__()[2:]


def _method(_: _Walk, value: Any) -> tuple[Any, ...]:
    """A method by what it is bound to; a function of a library is bound to its module."""
    bound = value.__self__
    return (id(value),) if isinstance(bound, _NOT_BOUND) else (bound,)


def _partial(_: _Walk, value: Any) -> tuple[Any, ...]:
    return value.func, value.args, value.keywords


_KINDS: dict[type, _State] = {
    types.MethodType: _method,
    types.BuiltinMethodType: _method,
    functools.partial: _partial,
    types.FunctionType: _function,
    types.GeneratorType: _generator,
    bytearray: _bytearray,
    type(iter([])): _iterator,
    type(iter(())): _iterator,
    type(iter("")): _iterator,
    type(iter(range(0))): _iterator,
}
_LIBRARIES: dict[tuple[str, str], _State] = {
    ("numpy", "ndarray"): _array,
    ("numpy", "generic"): _scalar,
    ("numpy", "dtype"): _settled,
    ("pandas", "NDFrame"): _frame,
    ("pandas", "Index"): _index,
    ("pandas", "ExtensionArray"): _masked,
    ("torch", "Tensor"): _tensor,
}

_Part = Callable[[Any], Any]


@cache
def _parts(kind: type) -> tuple[tuple[_Part, ...], bool]:
    """How to read instances of a Python class: members, slots, attributes; False where C keeps more in them."""
    parts: list[_Part] = []
    slots = 0
    for base in kind.__mro__:
        for part in vars(base).values():
            if isinstance(part, types.MemberDescriptorType):
                parts.append(_slot(part))
                slots += 1
    plain = next((base for base in _CONTAINERS if issubclass(kind, base)), object)
    if plain is not object:
        parts.append(_CONTAINERS[plain])
    parts.append(_own_dict)
    # A class statement adds a pointer for each slot, and two for the dict and the weak references.
    whole = kind.__basicsize__ <= plain.__basicsize__ + 8 * (slots + 2)
    return tuple(parts), whole and bool(kind.__flags__ & 1 << 9)


def _slot(descriptor: Any) -> _Part:
    def read(value: Any) -> Any:
        try:
            return descriptor.__get__(value)
        except AttributeError:  # it is not set
            return None

    return read


def _own_dict(value: Any) -> Any:
    try:
        own = object.__getattribute__(value, "__dict__")
    except Exception:  # noqa: BLE001 - a class may do anything
        return None
    return own if type(own) is dict else None


_CONTAINERS: dict[type, _Part] = {
    dict: lambda value: list(dict.items(value)),
    list: lambda value: list(list.__iter__(value)),
    tuple: lambda value: tuple(tuple.__iter__(value)),
    set: lambda value: list(set.__iter__(value)),
    frozenset: lambda value: list(frozenset.__iter__(value)),
    collections.deque: lambda value: list(collections.deque.__iter__(value)),
    str: str.__str__,
    int: int.__int__,
    float: float.__float__,
}
