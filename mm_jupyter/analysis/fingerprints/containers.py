"""Containers, their subclasses, and the standard library's kinds with contents of their own, taken apart."""

from __future__ import annotations

import collections
import enum
import functools
import io
import logging
import os
import types
from collections.abc import Callable, Iterator
from typing import Any

from mm_jupyter.analysis.fingerprints.parts import Atom, Group, Opaque, Part, attributes
from mm_jupyter.analysis.fingerprints.plain import ATOMS, mapping, sequence, text_block
from mm_jupyter.analysis.fingerprints.reflection import label_of, mro_of, state_of


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


def _withstate_of(value: object, base: type, contents: Part) -> Part:
    """A subclass of a built-in: its contents and its own attributes."""
    fields = [("contents", contents), *state_of(value, type(value))]
    return attributes(base.__name__, label_of(type(value)), fields)


def _named_list(value: list[Any]) -> Part:
    return _withstate_of(value, list, sequence("list", "", list(list.__iter__(value))))


def _named_tuple(value: tuple[Any, ...]) -> Part:
    return _withstate_of(value, tuple, sequence("tuple", "", tuple(tuple.__iter__(value))))


def _named_dict(value: dict[Any, Any]) -> Part:
    return _withstate_of(value, dict, mapping("dict", "", value))


def _named_set(value: set[Any]) -> Part:
    return _withstate_of(value, set, _elements("set", list(set.__iter__(value))))


def _named_frozenset(value: frozenset[Any]) -> Part:
    return _withstate_of(value, frozenset, _elements("set", list(frozenset.__iter__(value))))


def _ordered(value: collections.OrderedDict[Any, Any]) -> Part:
    contents = Group("odict", "", _items(value), pairs=True)
    return _withstate_of(value, dict, contents)


def _items(value: collections.OrderedDict[Any, Any]) -> Iterator[object]:
    for key in list(collections.OrderedDict.__iter__(value)):
        yield key
        yield dict.__getitem__(value, key)


def _default(value: collections.defaultdict[Any, Any]) -> Part:
    fields = [
        ("factory", value.default_factory),
        ("contents", mapping("dict", "", value)),
        *state_of(value, type(value)),
    ]
    return attributes("dict", label_of(type(value)), fields)


def _deque(value: collections.deque[Any]) -> Part:
    fields = [
        ("contents", list(collections.deque.__iter__(value))),
        ("maxlen", value.maxlen),
        *state_of(value, type(value)),
    ]
    return attributes("list", label_of(type(value)), fields)


def _proxy(value: types.MappingProxyType[Any, Any]) -> Part:
    return mapping("dict", "mappingproxy", value)


def _text(value: str) -> Part:
    return _withstate_of(value, str, text_block("str", str.__str__(value)))


def _scalar(base: type, plain: Callable[[Any], object]) -> Callable[[Any], Part]:
    """The reader of a subclass of a scalar; ``plain`` gives the scalar without asking the subclass."""
    return lambda value: _withstate_of(value, base, ATOMS[base](plain(value)))


def _enum(value: enum.Enum) -> Part:
    return Group("enum", f"{label_of(type(value))}.{value._name_}", (value._value_,))


def _file(value: object) -> Part:
    if type(value) in (io.BytesIO, io.StringIO):
        buffer: Any = value
        return Group("buffer", type(value).__name__, (buffer.getvalue(), buffer.tell()))
    return Opaque(label_of(type(value)), "an open file")


def _memory(value: memoryview) -> Part:
    return Group("memoryview", value.format, (value.tobytes(), value.shape))


def iterator_part(value: object) -> Part:
    name = type(value).__name__.replace("_", " ")
    return Opaque(
        type(value).__name__,
        f"{'an' if name[0] in 'aeiou' else 'a'} {name}, which reading would use up",
    )


def _exception(value: BaseException) -> Part:
    fields = [("args", value.args), *state_of(value, type(value))]
    return attributes("exception", label_of(type(value)), fields)


CONTAINERS: dict[type, Callable[[Any], Part]] = {
    list: _list,
    tuple: _tuple,
    dict: functools.partial(mapping, "dict", ""),
    set: _set,
    frozenset: _set,
    types.MappingProxyType: _proxy,
    memoryview: _memory,
}
"""By exact type."""
KINDS: dict[type, Callable[[Any], Part]] = {
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
    mro_of(io.IOBase)[1]: _file,
    os.DirEntry: lambda value: Atom("path", value.path),
    types.GeneratorType: iterator_part,
    types.CoroutineType: iterator_part,
    types.AsyncGeneratorType: iterator_part,
    BaseException: _exception,
    logging.Logger: lambda value: Atom("global", f"logging:{value.name}"),
}
"""By base class, the nearest in the order of resolution."""
