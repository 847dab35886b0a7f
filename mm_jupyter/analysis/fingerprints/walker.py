"""One walk over a value: its parts go into a digest and, while there is room, into a comparable form.

An explicit stack, so that depth costs no recursion. A group that is met twice is walked once. A reference back to a
group that is still open (a cycle) is named by how far up that group is. Groups that reach each other form a knot, found
as in Tarjan's algorithm; a part of a knot that is met again is named by the order in which the knot was walked. Where
that order is not defined - a knot inside a set - there is no digest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import cast

from mm_jupyter.analysis.fingerprints.form import FormWriter
from mm_jupyter.analysis.fingerprints.parts import SIZE, Atom, Block, Group, Opaque, Part
from mm_jupyter.analysis.fingerprints.plain import ATOMS

PARTS = frozenset({Atom, Block, Group, Opaque})
PIECE = 1 << 20
"""Bytes hashed between two looks at the clock."""


class Stopped(Exception):
    """The walk went over a limit; ``str()`` says which."""


@dataclass(slots=True)
class _Frame:
    group: Group
    children: Iterator[object]
    key: int
    number: int
    node: int
    low: int
    codes: list[bytes] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    knots: int = 0


class Walk:
    """One walk; ``why`` says after it what could not be read, None when everything was."""

    def __init__(
        self, expand: Callable[[object], Part], form: FormWriter, limit: int, deadline: float
    ) -> None:
        self.why: str | None = None
        self._expand, self._form, self._left, self._deadline = expand, form, limit, deadline
        self._stack: list[_Frame] = []
        self._active: dict[int, int] = {}  # id -> place in the stack
        self._known: dict[int, tuple[bytes, int]] = {}  # id -> code, node
        self._knot: list[
            tuple[int, int, int]
        ] = []  # id, number, node of closed groups in an open knot
        self._knot_of: dict[int, tuple[int, int]] = {}
        self._kept: list[object] = []
        self._groups = self._steps = self._knots = 0

    def code(self, value: object) -> bytes:
        """The code of ``value``.

        Raises:
            Stopped: it is too large or took too long.
        """
        root = Group("root", "", (value,))
        self._stack.append(_Frame(root, iter((value,)), -1, -1, -1, 0))
        while True:
            frame = self._stack[-1]
            for child in frame.children:
                if self._visit(child, frame):
                    break
            else:
                if len(self._stack) == 1:
                    return frame.codes[0]
                self._close(self._stack.pop())

    def _visit(self, value: object, frame: _Frame) -> bool:
        """Add a child to ``frame``; True when it is a group that has been put on the stack."""
        self._steps += 1
        if not self._steps & 1023:
            self._look_at_clock()
        simple = ATOMS.get(type(value))
        part: Part
        if simple is not None:
            part = simple(value)
        elif type(value) in PARTS:  # isinstance() would ask a proxy for its __class__
            part = cast(Part, value)
        else:
            if self._met(id(value), frame):
                return False
            part = self._expand(value)
        if type(part) is Atom:
            code = part.code()
            self._left -= len(code)
            frame.codes.append(code)
            frame.nodes.append(self._form.atom(part.kind, part.text))
        elif type(part) is Block:
            self._block(part, frame)
        elif type(part) is Opaque:
            self._opaque(part, frame)
        elif type(part) is Group:
            self._push(value, part)
            return True
        return False

    def _push(self, value: object, group: Group) -> None:
        depth = len(self._stack)
        key = id(value)
        self._kept.append(value)  # or a later temporary could take its id
        self._active[key] = depth
        node = self._form.open() if self._form.left >= 0 else 0
        self._stack.append(
            _Frame(
                group,
                iter(group.children),
                key,
                self._groups,
                node,
                self._groups,
                knots=self._knots,
            )
        )
        self._groups += 1

    def _met(self, key: int, frame: _Frame) -> bool:
        """Whether the value has been met before; if so it is added to ``frame`` by name."""
        known = self._known.get(key)
        if known is not None:
            if known[0][:1] == b"m":
                self._knots += 1
            frame.codes.append(known[0])
            frame.nodes.append(known[1])
            return True
        depth = self._active.get(key)
        if depth is not None:
            target = self._stack[depth]
            frame.low = min(frame.low, target.number)
            frame.codes.append(b"r%d\0" % (len(self._stack) - depth))
            frame.nodes.append(target.node)
            return True
        member = self._knot_of.get(key)
        if member is not None:
            number, node = member
            self._knots += 1
            frame.low = min(frame.low, number)
            frame.codes.append(b"s%d\0" % (frame.number - number))
            frame.nodes.append(node)
            return True
        return False

    def _close(self, frame: _Frame) -> None:
        """A group is whole: give its code to the group around it."""
        parent = self._stack[-1]
        group = frame.group
        knotted = frame.low < frame.number
        digest = group.digest(frame.codes)
        code = b"g" + digest
        in_set = not group.ordered and (not group.pairs or group.kind.startswith("unordered"))
        if in_set and (knotted or frame.knots != self._knots):
            self._note("holds", "a set of objects that refer to each other")
        self._form.group(
            frame.node,
            group.kind,
            group.label,
            (group.pairs, group.ordered),
            digest.hex(),
            frame.nodes,
        )
        self._active.pop(frame.key, None)
        if knotted:
            parent.low = min(parent.low, frame.low)
            self._knot.append((frame.key, frame.number, frame.node))
            self._knot_of[frame.key] = (frame.number, frame.node)
        else:
            self._known[frame.key] = (code, frame.node)
            while self._knot and self._knot[-1][1] > frame.number:
                key, number, node = self._knot.pop()
                del self._knot_of[key]
                self._known[key] = (b"m%b%d\0" % (digest, number - frame.number), node)
        parent.codes.append(code)
        parent.nodes.append(frame.node)

    def _block(self, part: Block, frame: _Frame) -> None:
        self._left -= part.size
        if self._left < 0:
            raise Stopped("too large")
        hasher = blake2b(part.header(), digest_size=SIZE)
        keep = self._form.keeps(part.size)
        kept: list[bytes] = []
        for chunk in part.chunks:
            view = memoryview(chunk)
            for start in range(0, len(view), PIECE):
                hasher.update(view[start : start + PIECE])
                if part.size > PIECE:
                    self._look_at_clock()
            if keep:
                kept.append(bytes(chunk))
        digest = hasher.digest()
        frame.codes.append(b"b" + digest)
        frame.nodes.append(
            self._form.block(
                part.kind, part.dtype, part.shape, digest.hex(), b"".join(kept) if keep else None
            )
        )

    def _opaque(self, part: Opaque, frame: _Frame) -> None:
        self._note("is" if len(self._stack) == 1 else "holds", part.why)
        frame.codes.append(b"o" + Atom("opaque", part.label).code())
        frame.nodes.append(self._form.opaque(part.label, part.why))

    def _note(self, verb: str, why: str) -> None:
        self.why = self.why or f"it {verb} {why}"

    def _look_at_clock(self) -> None:
        if self._left < 0:
            raise Stopped("too large")
        if self.why and self._form.left < 0:
            raise Stopped(self.why)  # neither a digest nor a form can come of it
        if time.perf_counter() > self._deadline:
            raise Stopped("too slow")
