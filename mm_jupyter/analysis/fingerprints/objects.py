"""Everything else, taken apart without running the user's code: functions, classes, objects by their state.

An object's state is its ``__dict__`` and slots, read past ``__getattribute__``, properties and proxies. Only where a
class keeps state in C (Cython, pybind11) is ``__reduce_ex__`` asked, and only for classes that are no iterators.
"""

from __future__ import annotations

import collections
import copyreg
import enum
import functools
import io
import logging
import os
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mm_jupyter.analysis.fingerprints.arrays import (
    foreign_array_part,
    numpy_part,
    scipy_part,
    torch_part,
)
from mm_jupyter.analysis.fingerprints.frames import pandas_part, polars_part, pyarrow_part
from mm_jupyter.analysis.fingerprints.parts import Atom, Group, Opaque, Part, attributes
from mm_jupyter.analysis.fingerprints.plain import ATOMS, mapping, sequence, text_block

mro_of: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_qualname_of: Callable[[type], str] = type.__dict__["__qualname__"].__get__
_namespace_of: Callable[[type], Mapping[str, Any]] = type.__dict__["__dict__"].__get__


def dict_of(value: object) -> dict[str, Any]:
    """The real ``__dict__`` of an object, read past ``__getattribute__`` and properties; empty where it has none."""
    for base in mro_of(type(value)):
        member = _namespace_of(base).get("__dict__")
        if member is not None:
            if isinstance(member, (types.GetSetDescriptorType, types.MemberDescriptorType)):
                return member.__get__(value) or {}
            return {}
    return {}


def module_of(kind: type) -> str:
    """The module of a class, whatever its metaclass says."""
    module = type.__dict__["__module__"].__get__(kind)
    return module if isinstance(module, str) else ""


def label_of(kind: type) -> str:
    """A class as forms and digests name it: private modules left out, for they move between versions."""
    module = module_of(kind)
    public = [part for part in module.split(".") if not part.startswith("_")]
    return ".".join([*([] if module == "builtins" else public), str(_qualname_of(kind))])


def expand(value: object) -> Part:
    """Take any value apart that ``ATOMS`` does not know. Library code may raise; it then is opaque."""
    kind = type(value)
    try:
        plain = _PLAIN.get(kind)
        if plain is not None:
            return plain(value)
        kinds = mro_of(kind)
        for base in kinds:
            reader = _LIBRARIES.get(module_of(base).partition(".")[0])
            if reader is not None:
                part = reader(value, kinds)
                if part is not None:
                    return part
                break
        for base in kinds:
            known = _KINDS.get(base)
            if known is not None:
                return known(value)
        return _object(value, kind)
    except RecursionError:
        return Opaque(label_of(kind), "an object that is nested too deeply to be read")
    except Exception as error:
        return Opaque(label_of(kind), f"{_a(kind)} that cannot be read ({type(error).__name__})")


def _a(kind: type) -> str:
    name = str(_qualname_of(kind)).rpartition(".")[2]
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


# -- functions, classes, modules -----------------------------------------------------------------------------------


def _importable(value: Any) -> str | None:
    """``module:name`` of a function or class that an import gives back; None for one that the notebook made."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module == "__main__":
        return None
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        if found is None:
            return None
        found = getattr(found, "__dict__", {}).get(part)
    return f"{module}:{name}" if found is value else None


def _function(value: types.FunctionType) -> Part:
    where = _importable(value)
    if where is not None:
        return Atom("function", where)
    cells = [_cell(cell) for cell in value.__closure__ or ()]
    fields: list[tuple[str, object]] = [
        ("code", value.__code__),
        ("defaults", value.__defaults__),
        ("kwdefaults", value.__kwdefaults__),
        ("closure", Group("list", "", cells)),
        (
            "attributes",
            {name: part for name, part in value.__dict__.items() if name != "__wrapped__"},
        ),
    ]
    return attributes("function", value.__qualname__, fields)


def _cell(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not bound yet
        return Atom("empty cell", "")


def _code(code: types.CodeType) -> Part:
    """Bytecode, constants and names: no file name and no line numbers, so that a cell may move."""
    consts = tuple(code.co_consts)
    fields: list[tuple[str, object]] = [
        ("bytes", code.co_code),
        ("constants", Group("list", "", consts)),
        ("names", (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)),
        (
            "arguments",
            (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags),
        ),
        ("exceptions", code.co_exceptiontable),
        ("name", code.co_name),
    ]
    return attributes("code", "", fields)


_CLASS_NOISE = frozenset(
    {
        "__dict__",
        "__weakref__",
        "__module__",
        "__firstlineno__",
        "__static_attributes__",
        "_abc_impl",
        "__qualname__",
    }
)


def _class(value: type) -> Part:
    where = _importable(value) if module_of(value) != "__main__" else None
    if where is not None or module_of(value) != "__main__":
        return Atom("class", where or f"{module_of(value)}:{_qualname_of(value)}")
    names = {name: part for name, part in _namespace_of(value).items() if name not in _CLASS_NOISE}
    fields = [("bases", value.__bases__), ("names", names)]
    return attributes("class", str(_qualname_of(value)), fields)


def _method(value: types.MethodType) -> Part:
    return Group("method", "", (value.__func__, value.__self__))


def _builtin(value: types.BuiltinFunctionType) -> Part:
    owner = value.__self__
    if owner is None or isinstance(owner, types.ModuleType):
        return Atom("function", f"{value.__module__}:{value.__qualname__}")
    return Group("method", value.__name__, (owner,))


def _property(value: property) -> Part:
    return Group("property", "", (value.fget, value.fset, value.fdel))


def _wrapped(value: Any) -> Part:
    return Group("method", type(value).__name__, (value.__func__,))


def _partial(value: functools.partial[Any]) -> Part:
    return Group("partial", "", (value.func, value.args, value.keywords))


# -- containers and kinds with contents of their own ----------------------------------------------------------------


def _list(value: list[Any]) -> Part:
    return sequence("list", "", value)


def _tuple(value: tuple[Any, ...]) -> Part:
    return sequence("tuple", "", value)


def _set(value: set[Any] | frozenset[Any]) -> Part:
    return _elements(type(value).__name__, list(value))


def _elements(kind: str, values: list[Any]) -> Part:
    """The elements of a set; numbers or texts only are one sorted block."""
    kinds = set(map(type, values))
    if len(kinds) == 1 and kinds <= {int, str}:
        return sequence(kind, "", sorted(values))
    return Group(kind, "", values, ordered=False)


def _with_state(value: object, base: type, contents: Part) -> Part:
    """A subclass of a built-in: its contents and its own attributes."""
    fields = [("contents", contents), *_state(value, type(value))]
    return attributes(base.__name__, label_of(type(value)), fields)


def _named_list(value: list[Any]) -> Part:
    return _with_state(value, list, sequence("list", "", list(list.__iter__(value))))


def _named_tuple(value: tuple[Any, ...]) -> Part:
    return _with_state(value, tuple, sequence("tuple", "", tuple(tuple.__iter__(value))))


def _named_dict(value: dict[Any, Any]) -> Part:
    return _with_state(value, dict, mapping("dict", "", value))


def _named_set(value: set[Any]) -> Part:
    return _with_state(value, set, _elements("set", list(set.__iter__(value))))


def _named_frozenset(value: frozenset[Any]) -> Part:
    return _with_state(value, frozenset, _elements("set", list(frozenset.__iter__(value))))


def _ordered(value: collections.OrderedDict[Any, Any]) -> Part:
    contents = Group("odict", "", _items(value), pairs=True)
    return _with_state(value, dict, contents)


def _items(value: collections.OrderedDict[Any, Any]) -> Iterator[object]:
    for key in list(collections.OrderedDict.__iter__(value)):
        yield key
        yield dict.__getitem__(value, key)


def _default(value: collections.defaultdict[Any, Any]) -> Part:
    fields = [
        ("factory", value.default_factory),
        ("contents", mapping("dict", "", value)),
        *_state(value, type(value)),
    ]
    return attributes("dict", label_of(type(value)), fields)


def _deque(value: collections.deque[Any]) -> Part:
    fields = [
        ("contents", list(collections.deque.__iter__(value))),
        ("maxlen", value.maxlen),
        *_state(value, type(value)),
    ]
    return attributes("list", label_of(type(value)), fields)


def _proxy(value: types.MappingProxyType[Any, Any]) -> Part:
    return mapping("dict", "mappingproxy", value)


def _text(value: str) -> Part:
    return _with_state(value, str, text_block("str", str.__str__(value)))


def _scalar(base: type, plain: Callable[[Any], object]) -> Callable[[Any], Part]:
    """The reader of a subclass of a scalar; ``plain`` gives the scalar without asking the subclass."""
    return lambda value: _with_state(value, base, ATOMS[base](plain(value)))


def _enum(value: enum.Enum) -> Part:
    return Group("enum", f"{label_of(type(value))}.{value._name_}", (value._value_,))


def _file(value: object) -> Part:
    if type(value) in (io.BytesIO, io.StringIO):
        buffer: Any = value
        return Group("buffer", type(value).__name__, (buffer.getvalue(), buffer.tell()))
    return Opaque(label_of(type(value)), "an open file")


def _memory(value: memoryview) -> Part:
    return Group("memoryview", value.format, (value.tobytes(), value.shape))


def _iterator(value: object) -> Part:
    name = type(value).__name__.replace("_", " ")
    return Opaque(
        type(value).__name__,
        f"{'an' if name[0] in 'aeiou' else 'a'} {name}, which reading would use up",
    )


def _exception(value: BaseException) -> Part:
    fields = [("args", value.args), *_state(value, type(value))]
    return attributes("exception", label_of(type(value)), fields)


# -- any object ----------------------------------------------------------------------------------------------------


def _object(value: object, kind: type) -> Part:
    label = label_of(kind)
    if not _hides_state(kind):
        return attributes("object", label, _state(value, kind))
    if any("__next__" in _namespace_of(base) for base in mro_of(kind)):
        return _iterator(value)
    reduce = copyreg.dispatch_table.get(kind)
    reduced = reduce(value) if reduce is not None else value.__reduce_ex__(4)  # type: ignore[operator]
    if isinstance(reduced, str):
        return Atom("global", f"{module_of(kind)}:{reduced}")
    made, args, *rest = reduced
    state = rest[0] if rest else None
    items = list(rest[1]) if len(rest) > 1 and rest[1] is not None else []
    pairs_ = list(rest[2]) if len(rest) > 2 and rest[2] is not None else []
    if isinstance(state, dict):
        state = {name: part for name, part in state.items() if name not in NOISE}
    fields = [("args", (made, *args)), ("state", state), ("items", items), ("pairs", pairs_)]
    return attributes("object", label, fields)


NOISE = frozenset({"_sklearn_version", "__pyx_vtable__"})
"""Attributes that say what wrote the object, not what it is."""


def _state(value: object, kind: type) -> list[tuple[str, object]]:
    """The fields of an object, read past everything that its class overrides."""
    fields: dict[str, object] = {}
    for base in reversed(mro_of(kind)):
        namespace = _namespace_of(base)
        names = namespace.get("__slots__", ())
        for name in (names,) if isinstance(names, str) else tuple(names):
            private = name.startswith("__") and not name.endswith("__")
            slot = f"_{base.__name__.lstrip('_')}{name}" if private else name
            member = namespace.get(slot)
            if isinstance(member, types.MemberDescriptorType):
                try:
                    fields[slot] = member.__get__(value, kind)
                except AttributeError:  # an empty slot
                    continue
    fields.update(dict_of(value))
    cached = _cached_names(kind)
    return [
        (name, part)
        for name, part in fields.items()
        if type(name) is str and name not in NOISE and name not in cached
    ]


def _cached_names(kind: type) -> frozenset[str]:
    """Names of ``cached_property``s: whether one has been looked at says nothing about the value."""
    return frozenset(
        name
        for base in mro_of(kind)
        for name, member in _namespace_of(base).items()
        if type(member) is functools.cached_property
    )


def _hides_state(kind: type) -> bool:
    """Whether a class keeps something outside ``__dict__`` and slots: its instances are larger than those explain."""
    while kind is not object:
        base: type = type.__dict__["__base__"].__get__(kind)
        grown = kind.__basicsize__ - base.__basicsize__
        if grown > 0:
            word = object.__basicsize__ // 2
            for offset in ("__dictoffset__", "__weakrefoffset__"):
                own, inherited = getattr(kind, offset), getattr(base, offset)
                if own > 0 and inherited == 0:
                    grown -= word
            slots = _namespace_of(kind).get("__slots__", ())
            slots = (slots,) if isinstance(slots, str) else tuple(slots)
            grown -= word * sum(name not in ("__dict__", "__weakref__") for name in slots)
            if grown > 0:
                return True
        if kind.__itemsize__ and not base.__itemsize__:
            return True
        kind = base
    return False


def _booster(value: Any, kinds: tuple[type, ...]) -> Part | None:
    """xgboost's Booster and DMatrix, lightgbm's Booster: what they save."""
    names = [_qualname_of(kind) for kind in kinds]
    if "Booster" not in names:
        return (
            Opaque(label_of(type(value)), "a data set kept outside Python")
            if "DMatrix" in names
            else None
        )
    if hasattr(value, "save_raw"):
        return Group("booster", label_of(type(value)), (bytes(value.save_raw("ubj")),))
    return Group("booster", label_of(type(value)), (value.model_to_string(),))


def _keras(value: Any, kinds: tuple[type, ...]) -> Part | None:
    if hasattr(type(value), "get_weights") and hasattr(type(value), "get_config"):
        fields = (("config", value.get_config()), ("weights", value.get_weights()))
        return attributes("model", label_of(type(value)), fields)
    return foreign_array_part(value, kinds)


def _figure(value: Any, kinds: tuple[type, ...]) -> Part | None:
    return Opaque(label_of(type(value)), "a part of a figure, which is compared as a picture")


_PLAIN: dict[type, Callable[[Any], Part]] = {
    list: _list,
    tuple: _tuple,
    dict: functools.partial(mapping, "dict", ""),
    set: _set,
    frozenset: _set,
    types.FunctionType: _function,
    types.CodeType: _code,
    types.MethodType: _method,
    types.BuiltinFunctionType: _builtin,
    types.ModuleType: lambda value: Atom("module", str(dict_of(value).get("__name__"))),
    type: _class,
    property: _property,
    staticmethod: _wrapped,
    classmethod: _wrapped,
    functools.partial: _partial,
    types.MappingProxyType: _proxy,
    memoryview: _memory,
}
_KINDS: dict[type, Callable[[Any], Part]] = {
    enum.Enum: _enum,
    collections.OrderedDict: _ordered,
    collections.defaultdict: _default,
    collections.deque: _deque,
    dict: _named_dict,
    list: _named_list,
    tuple: _named_tuple,
    set: _named_set,
    frozenset: _named_frozenset,
    str: _text,
    bytes: _scalar(bytes, lambda value: bytes.__getitem__(value, slice(None))),
    int: _scalar(int, int.__pos__),
    float: _scalar(float, float.__pos__),
    complex: _scalar(complex, complex.__pos__),
    type: _class,
    types.ModuleType: lambda value: Atom("module", str(dict_of(value).get("__name__"))),
    mro_of(io.IOBase)[1]: _file,
    os.DirEntry: lambda value: Atom("path", value.path),
    types.GeneratorType: _iterator,
    types.CoroutineType: _iterator,
    types.AsyncGeneratorType: _iterator,
    BaseException: _exception,
    logging.Logger: lambda value: Atom("global", f"logging:{value.name}"),
}
_LIBRARIES: dict[str, Callable[[Any, tuple[type, ...]], Part | None]] = {
    "numpy": numpy_part,
    "scipy": scipy_part,
    "pandas": pandas_part,
    "polars": polars_part,
    "pyarrow": pyarrow_part,
    "torch": torch_part,
    "jax": foreign_array_part,
    "jaxlib": foreign_array_part,
    "tensorflow": foreign_array_part,
    "keras": _keras,
    "xgboost": _booster,
    "lightgbm": _booster,
    "matplotlib": _figure,
}
