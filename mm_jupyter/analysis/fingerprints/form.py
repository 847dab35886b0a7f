"""The comparable form of a value: its parts by path, in bytes that need no pickle to be read.

A form is ``MMF1``, the length of a JSON header (8 bytes, little-endian), the header, then the raw buffers. The header
holds ``nodes`` - the first is the value, a group names its children by number - and the ``sizes`` of the buffers.
A node is ``["a", kind, text]`` (atom), ``["b", kind, dtype, shape, digest, buffer number or null]`` (block; null: too
large to keep), ``["g", kind, label, pairs, ordered, digest, children]`` (group) or ``["o", label, why]`` (opaque).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

MAGIC = b"MMF1"


@dataclass(frozen=True, slots=True)
class AtomNode:
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class BlockNode:
    """``data`` is None where the block was too large to keep."""

    kind: str
    dtype: str
    shape: tuple[int, ...]
    digest: str
    data: bytes | None


@dataclass(frozen=True, slots=True)
class GroupNode:
    """``children`` are numbers of nodes: one may be named twice, and a cycle names an ancestor."""

    kind: str
    label: str
    pairs: bool
    ordered: bool
    digest: str
    children: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OpaqueNode:
    label: str
    why: str


Node = AtomNode | BlockNode | GroupNode | OpaqueNode
Form = tuple[Node, ...]
"""The nodes of a value; the first is the value itself."""


class BadForm(ValueError):
    """The bytes are no form."""


class FormWriter:
    """Collects nodes up to a size; over it, ``finish`` gives None."""

    def __init__(self, limit: int) -> None:
        self.left = limit
        self._reserve = (
            limit // 4
        )  # for nodes: one large array must not cost the paths of all others
        self._nodes: list[Any] = []
        self._buffers: list[bytes] = []

    def keeps(self, size: int) -> bool:
        """Whether there is room for a buffer."""
        return size <= self.left - self._reserve

    def open(self) -> int:
        """Take the number of a group that is about to be filled."""
        self._nodes.append(None)
        return len(self._nodes) - 1

    def atom(self, kind: str, text: str) -> int:
        return self._add(["a", kind, text], len(text) + len(kind) + 12)

    def opaque(self, label: str, why: str) -> int:
        return self._add(["o", label, why], len(label) + len(why) + 12)

    def block(
        self, kind: str, dtype: str, shape: tuple[int, ...], digest: str, data: bytes | None
    ) -> int:
        number = None
        if data is not None and self.keeps(len(data)):
            number = len(self._buffers)
            self._buffers.append(data)
            self.left -= len(data)
        return self._add(["b", kind, dtype, shape, digest, number], len(kind) + len(dtype) + 60)

    def group(
        self,
        number: int,
        kind: str,
        label: str,
        shape: tuple[bool, bool],
        digest: str,
        children: list[int],
    ) -> None:
        if self.left >= 0:
            self._nodes[number] = ["g", kind, label, *shape, digest, children]
            self.left -= len(kind) + len(label) + 70 + 5 * len(children)

    def _add(self, node: list[Any], size: int) -> int:
        self.left -= size
        if self.left < 0:
            self._nodes.clear()
            self._buffers.clear()
            return 0
        self._nodes.append(node)
        return len(self._nodes) - 1

    def finish(self) -> bytes | None:
        """The form; None when it went over the limit."""
        if self.left < 0:
            return None
        header = json.dumps(
            {"nodes": self._nodes, "sizes": [len(buffer) for buffer in self._buffers]},
            separators=(",", ":"),
        ).encode("ascii")
        return b"".join((MAGIC, len(header).to_bytes(8, "little"), header, *self._buffers))


def read_form(data: bytes) -> Form:
    """The nodes that ``fingerprint`` wrote into ``Fingerprint.form``.

    Raises:
        BadForm: the bytes are damaged or no form.
    """
    try:
        if data[:4] != MAGIC:
            raise BadForm("it does not start with MMF1")
        end = 12 + int.from_bytes(data[4:12], "little")
        header = json.loads(data[12:end])
        buffers = []
        for size in header["sizes"]:
            buffers.append(data[end : end + size])
            end += size
        if end != len(data):
            raise BadForm("its length is not what its header says")
        return tuple(_node(node, buffers) for node in header["nodes"])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise BadForm(f"no comparable form: {error}") from error


def _node(node: list[Any], buffers: list[bytes]) -> Node:
    match node:
        case ["a", kind, text]:
            return AtomNode(kind, text)
        case ["b", kind, dtype, shape, digest, number]:
            return BlockNode(
                kind, dtype, tuple(shape), digest, None if number is None else buffers[number]
            )
        case ["g", kind, label, in_pairs, ordered, digest, children]:
            return GroupNode(kind, label, in_pairs, ordered, digest, tuple(children))
        case ["o", label, why]:
            return OpaqueNode(label, why)
    raise BadForm(f"no node: {str(node)[:40]}")
