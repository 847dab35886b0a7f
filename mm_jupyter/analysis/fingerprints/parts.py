"""What a value is taken apart into, and how each part enters a digest.

The canonical form. A value is an ``Atom`` (a kind and a text), a ``Block`` (a header and raw little-endian bytes), a
``Group`` (children) or ``Opaque``. Its *code* is a byte string that cannot be a prefix of another one:

- atom: ``a`` + kind + NUL + length of the text in UTF-8 + NUL + the text;
- block: ``b`` + blake2b-128 of its header and its bytes;
- group: ``g`` + blake2b-128 of kind, label and the codes of its children, sorted where the group has no order.

The digest of a value is blake2b-128 of its code. So it depends on contents alone: not on addresses, hash seeds, the
layout of memory, or whether equal parts are one object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from operator import itemgetter

Buffer = bytes | bytearray | memoryview
SIZE = 16
"""Bytes of every digest."""


@dataclass(slots=True)
class Atom:
    """A scalar: ``text`` says all of it."""

    kind: str
    text: str

    def code(self) -> bytes:
        text = self.text.encode("utf-8", "surrogatepass")
        return b"a%b\0%d\0%b" % (self.kind.encode(), len(text), text)


@dataclass(slots=True)
class Block:
    """An array: ``kind`` names the class that held it, ``dtype`` and ``shape`` say how to read the bytes.

    ``dtype`` is numpy's little-endian string (``<f8``), ``text`` (UTF-8), ``bytes``, or ``strings`` (int32 lengths in
    characters, -1 for a missing one, then their UTF-8). ``chunks`` may be read once; ``size`` is their total.
    """

    kind: str
    dtype: str
    shape: tuple[int, ...]
    chunks: Iterable[Buffer]
    size: int

    def header(self) -> bytes:
        shape = ",".join(map(str, self.shape))
        return f"{self.kind}\0{self.dtype}\0{shape}\0{self.size}\0".encode("utf-8", "surrogatepass")


@dataclass(slots=True)
class Group:
    """A container or an object. ``children`` are values or parts; ``pairs`` says that keys and values alternate.

    ``ordered`` False: the order of the children says nothing.
    """

    kind: str
    label: str
    children: Iterable[object]
    pairs: bool = False
    ordered: bool = True

    def digest(self, codes: list[bytes]) -> bytes:
        """The digest of the group from the codes of its children."""
        if not self.ordered:
            codes = (
                sorted(map(bytes.__add__, codes[::2], codes[1::2])) if self.pairs else sorted(codes)
            )
        head = f"{self.kind}\0{self.label}\0{len(codes)}\0".encode("utf-8", "surrogatepass")
        return blake2b(head + b"".join(codes), digest_size=SIZE).digest()


@dataclass(slots=True)
class Opaque:
    """Something that cannot be read. ``why`` goes on from "it is ..." or "it holds ..."."""

    label: str
    why: str


Part = Atom | Block | Group | Opaque


def attributes(kind: str, label: str, fields: Iterable[tuple[str, object]]) -> Group:
    """A group of named fields; the order of the fields says nothing."""
    return Group(kind, label, pairs(sorted(fields, key=itemgetter(0))), pairs=True, ordered=False)


def pairs(fields: Iterable[tuple[object, object]]) -> Iterator[object]:
    """Keys and values in turn, as ``Group.children`` wants them."""
    for key, value in fields:
        yield key
        yield value
