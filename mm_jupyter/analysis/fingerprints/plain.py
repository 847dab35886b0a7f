"""Values of the standard library, taken apart."""

from __future__ import annotations

import datetime
import decimal
import pathlib
import sys
from array import array
from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any

from mm_jupyter.analysis.fingerprints.parts import Atom, Block, Group, Part, pairs

LONG = 200
"""Texts longer than this many characters are blocks, so that a form may leave them out."""


def _int(value: int) -> Atom:
    # str() of a huge int raises over sys.int_max_str_digits; hex() never does
    return Atom("int", str(value) if -(2**256) < value < 2**256 else hex(value))


def _str(value: str) -> Part:
    return Atom("str", value) if len(value) <= LONG else text_block("str", value)


def text_block(kind: str, value: str) -> Block:
    """A long text."""
    data = value.encode("utf-8", "surrogatepass")
    return Block(kind, "text", (len(value),), (data,), len(data))


def _bytes(value: bytes | bytearray) -> Part:
    kind = type(value).__name__
    if len(value) <= LONG // 2:
        return Atom(kind, value.hex())
    return Block(kind, "bytes", (len(value),), (bytes(value),), len(value))


def _moment(value: Any) -> Atom:
    fold = getattr(value, "fold", 0)
    zone = getattr(value, "tzinfo", None)
    name = "" if zone is None else " " + (value.tzname() or "")
    return Atom(type(value).__name__, value.isoformat() + name + (" fold" if fold else ""))


def _zone(value: datetime.timezone) -> Atom:
    return Atom("timezone", f"{value.utcoffset(None)} {value.tzname(None)}")


def _complex(value: complex) -> Atom:
    return Atom("complex", f"{value.real!r},{value.imag!r}")


def _path(value: pathlib.PurePath) -> Atom:
    return Atom("path", str(value))


def _slice(value: slice) -> Group:
    return Group("slice", "", (value.start, value.stop, value.step))


ATOMS: dict[type, Callable[[Any], Part]] = {
    type(None): lambda _: Atom("none", ""),
    type(...): lambda _: Atom("ellipsis", ""),
    type(NotImplemented): lambda _: Atom("notimplemented", ""),
    bool: lambda value: Atom("bool", "true" if value else "false"),
    int: _int,
    float: lambda value: Atom("float", repr(value)),
    complex: _complex,
    str: _str,
    bytes: _bytes,
    bytearray: _bytes,
    range: lambda value: Atom("range", f"{value.start}:{value.stop}:{value.step}"),
    slice: _slice,
    decimal.Decimal: lambda value: Atom("decimal", str(value)),
    datetime.datetime: _moment,
    datetime.date: _moment,
    datetime.time: _moment,
    datetime.timedelta: lambda value: Atom(
        "timedelta", f"{value.days},{value.seconds},{value.microseconds}"
    ),
    datetime.timezone: _zone,
    pathlib.PosixPath: _path,
    pathlib.WindowsPath: _path,
    pathlib.PurePosixPath: _path,
    pathlib.PureWindowsPath: _path,
}
"""Exact types whose parts need no walk. A NaN of any sign and payload has the text ``nan``; -0.0 keeps its sign."""


def sequence(kind: str, label: str, values: list[Any] | tuple[Any, ...]) -> Part:
    """A list or a tuple; one of floats, ints, bools or texts only is one block, which is a hundred times faster."""
    kinds = set(map(type, values))
    if len(kinds) == 1:
        packed = packed_block(kinds.pop(), f"{kind}:{label}" if label else kind, values)
        if packed is not None:
            return packed
    return Group(kind, label, values)


def packed_block(kind: type, label: str, values: list[Any] | tuple[Any, ...]) -> Block | None:
    """``values``, all of exact type ``kind``, as one block; None where there is no such block."""
    if kind is str:
        return strings_block(label, values)
    if kind is bool:
        return Block(label, "|b1", (len(values),), (bytes(values),), len(values))
    if kind is float:
        packed = array("d", values)
        total = sum(values)
        if total != total:  # a NaN's sign and payload are no contents
            packed = array("d", (value if value == value else NAN for value in values))
        return Block(label, "<f8", (len(values),), (_little(packed),), 8 * len(values))
    if kind is int:
        try:
            packed = array("q", values)
        except OverflowError:
            return None
        return Block(label, "<i8", (len(values),), (_little(packed),), 8 * len(values))
    return None


NAN = float("nan")


def strings_block(label: str, values: Iterable[str | None]) -> Block:
    """Texts, None for a missing one."""
    texts = list(values)
    lengths = array("i", (-1 if text is None else len(text) for text in texts))
    data = "".join(text for text in texts if text is not None).encode("utf-8", "surrogatepass")
    counts = _little(lengths)
    return Block(label, "strings", (len(texts),), (counts, data), len(counts) + len(data))


def _little(values: array[Any]) -> bytes:
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def mapping(kind: str, label: str, value: Mapping[Any, Any], ordered: bool = False) -> Group:
    """A dict by the order of its keys' codes, so that a walk meets equal dicts in the same order."""
    items = list(dict.items(value)) if isinstance(value, dict) else list(value.items())
    if ordered:
        return Group(kind, label, pairs(items), pairs=True)
    if all(type(key) is str for key, _ in items):
        items.sort(key=itemgetter(0))
    elif all(type(key) in ATOMS and type(key) is not slice for key, _ in items):
        items.sort(key=_key_order)
    else:
        kind = "unordered " + kind
    return Group(kind, label, pairs(items), pairs=True, ordered=False)


def _key_order(item: tuple[Any, Any]) -> bytes:
    part = ATOMS[type(item[0])](item[0])
    return part.code() if isinstance(part, Atom) else repr(item[0]).encode("utf-8", "surrogatepass")
