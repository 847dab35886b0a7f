"""Two comparable forms -> where the values differ, and whether within tolerance."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from mm_jupyter.analysis.comparing.matching import SAME, Match, Tolerance
from mm_jupyter.analysis.comparing.noise import TEXT_RULES, is_clock_name, without_noise
from mm_jupyter.analysis.fingerprints import AtomNode, BlockNode, Form, GroupNode, Node, OpaqueNode

_FLOAT_ATOMS = frozenset({"float", "float16", "float32", "float64", "longdouble"})
_COMPLEX_ATOMS = frozenset({"complex", "complex64", "complex128", "clongdouble"})
_HIDDEN = frozenset({"cells", "contents", "values", "state"})
_PLACES = 3
"""Places named in a sentence."""


@dataclass(slots=True)
class _Findings:
    """What two forms do not share: ``parts`` of the ``of`` elements of the leaves that differ."""

    tolerance: Tolerance
    parts: int = 0
    of: int = 0
    largest: float = 0.0
    within: bool = True
    numeric: bool = True
    places: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)

    def numbers(self, path: str, differing: int, of: int, largest: float, within: bool) -> None:
        self.parts += differing
        self.of += of
        self.largest = max(self.largest, largest)
        self.within = self.within and within
        self._place(path)

    def other(self, path: str, what: str, of: int = 1) -> None:
        self.parts += 1
        self.of += of
        self.within = self.numeric = False
        self._place(f"{path}: {what}" if path else what)

    def noise(self, rule: str) -> None:
        if rule not in self.rules:
            self.rules.append(rule)

    def _place(self, place: str) -> None:
        if place and place not in self.places:
            self.places.append(place)


def match_forms(recorded: Form, replayed: Form, tolerance: Tolerance) -> Match:
    """Compare two values by their forms; what could not be read on either side is passed over.

    Identical: every part is, measured times and addresses in texts aside. Equivalent: floating-point numbers differ,
    all within tolerance. ``why`` says where, how many of how many, and by how much at most.
    """
    found = _Findings(tolerance)
    seen: set[tuple[int, int]] = set()
    pending = [(0, 0, "")]
    while pending:
        mine, theirs, path = pending.pop()
        if (mine, theirs) in seen:
            continue
        seen.add((mine, theirs))
        pending += reversed(_pair(recorded, replayed, mine, theirs, path, found))
    rule = ", ".join(found.rules) or None
    if not found.parts:
        return Match("identical", rule) if rule else SAME
    if found.within:
        return Match("equivalent", rule, _sentence(found))
    return Match("diverged", None, _sentence(found))


def _sentence(found: _Findings) -> str:
    where = ", ".join(found.places[:_PLACES])
    if len(found.places) > _PLACES:
        where += f" and {len(found.places) - _PLACES:,} more places"
    if found.numeric:
        count = f"differs by {found.largest:.3g}"
        if found.of > 1:
            count = f"{found.parts:,} of {found.of:,} differ, by {found.largest:.3g} at most"
        return f"{count} ({where})" if where else count
    if found.of > 1 and found.parts > 1:
        return (
            f"{found.parts:,} of {found.of:,} differ: {where}"
            if where
            else f"{found.parts:,} of {found.of:,} differ"
        )
    return where or "it differs"


def _pair(
    a: Form, b: Form, mine: int, theirs: int, path: str, found: _Findings
) -> list[tuple[int, int, str]]:
    """Compare two nodes; the pairs of children that are to be compared next."""
    one, other = a[mine], b[theirs]
    if isinstance(one, OpaqueNode) or isinstance(other, OpaqueNode):
        if type(one) is not type(other) or _kind(one) != _kind(other):
            found.other(path, _change(one, other))
        return []
    if isinstance(one, AtomNode) and isinstance(other, AtomNode):
        _atoms(one, other, path, found)
        return []
    if isinstance(one, BlockNode) and isinstance(other, BlockNode):
        _blocks(one, other, path, found)
        return []
    if isinstance(one, GroupNode) and isinstance(other, GroupNode):
        return _groups(a, b, one, other, path, found)
    found.other(path, _change(one, other))
    return []


# -- leaves --------------------------------------------------------------------------------------------------------


def _atoms(one: AtomNode, other: AtomNode, path: str, found: _Findings) -> None:
    if one == other:
        return
    if one.kind != other.kind:
        found.other(path, _change(one, other))
    elif one.kind in _FLOAT_ATOMS or one.kind in _COMPLEX_ATOMS:
        mine, theirs = _floats(one.text), _floats(other.text)
        close = all(map(found.tolerance.close, mine, theirs))
        largest = max(_distance(left, right) for left, right in zip(mine, theirs, strict=True))
        found.numbers(path, 1, 1, largest, close)
    elif one.kind in ("str", "str_"):
        left, right, rules = without_noise(one.text, other.text, TEXT_RULES)
        if left == right:
            for rule in rules:
                found.noise(rule)
        else:
            found.other(path, _change(one, other))
    else:
        found.other(path, _change(one, other))


def _floats(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _distance(left: float, right: float) -> float:
    distance = abs(left - right)
    return (
        distance
        if distance == distance
        else float("inf")
        if left != right and (left == left or right == right)
        else 0.0
    )


def _blocks(one: BlockNode, other: BlockNode, path: str, found: _Findings) -> None:
    size = _count(one)
    if (one.kind, one.dtype, one.shape) != (other.kind, other.dtype, other.shape):
        found.other(path, _change(one, other), size)
    elif one.digest == other.digest:
        return
    elif one.data is None or other.data is None:
        found.other(
            path, "differs; it was too large to keep, so that nobody can say by how much", size
        )
    elif one.dtype in _CASTS and "M8[" not in one.kind and "m8[" not in one.kind:
        mine, theirs = _numbers(one), _numbers(other)
        differing = [
            (left, right)
            for left, right in zip(mine, theirs, strict=True)
            if not _equal(left, right)
        ]
        floats = _CASTS[one.dtype] in "efd"
        close = floats and all(found.tolerance.close(left, right) for left, right in differing)
        largest = max((_distance(left, right) for left, right in differing), default=0.0)
        found.numbers(path, max(1, len(differing)), size, largest, close)
    else:
        left, right = list(_elements(one)), list(_elements(other))
        count = sum(mine != theirs for mine, theirs in zip(left, right, strict=False)) or 1
        if one.dtype == "text":
            found.other(path, "the text differs", 1)
        else:
            found.other(path, f"{count:,} of {size:,} differ" if path else "", size)
            found.parts += count - 1


_CASTS = {
    "<f2": "e",
    "<f4": "f",
    "<f8": "d",
    "<c8": "f",
    "<c16": "d",
    "|i1": "b",
    "<i2": "h",
    "<i4": "i",
    "<i8": "q",
    "|u1": "B",
    "<u2": "H",
    "<u4": "I",
    "<u8": "Q",
    "|b1": "B",
}


def _equal(left: float, right: float) -> bool:
    # 0.0 and -0.0 are equal numbers and other contents
    return (left == right and (left != 0 or str(left) == str(right))) or (
        left != left and right != right
    )


def _numbers(block: BlockNode) -> tuple[float, ...]:
    assert block.data is not None
    kind = _CASTS[block.dtype]
    return struct.unpack(f"<{len(block.data) // struct.calcsize(kind)}{kind}", block.data)


def _elements(block: BlockNode) -> Iterator[object]:
    """The elements of a block of texts or of other fixed-size items."""
    assert block.data is not None
    if block.dtype == "strings":
        count = _count(block)
        lengths = struct.unpack(f"<{count}i", block.data[: 4 * count])
        text = block.data[4 * count :].decode("utf-8", "surrogatepass")
        place = 0
        for length in lengths:
            yield None if length < 0 else text[place : place + length]
            place += max(0, length)
        return
    size = max(1, len(block.data) // max(1, _count(block)))
    for place in range(0, len(block.data), size):
        yield block.data[place : place + size]


def _count(block: BlockNode) -> int:
    count = 1
    for size in block.shape:
        count *= size
    return count


# -- groups --------------------------------------------------------------------------------------------------------


def _groups(
    a: Form, b: Form, one: GroupNode, other: GroupNode, path: str, found: _Findings
) -> list[tuple[int, int, str]]:
    if (one.kind, one.label) != (other.kind, other.label):
        found.other(path, _change(one, other))
        return []
    if not one.pairs:
        return _listed(a, b, one, other, path, found)
    mine = dict(_keyed(a, one))
    theirs = dict(_keyed(b, other))
    if one.ordered and list(mine) != list(theirs) and mine.keys() == theirs.keys():
        found.other(path, "the order differs")
    for key in [key for key in mine if key not in theirs]:
        found.other(_join(path, one, key[0]), "gone")
    for key in [key for key in theirs if key not in mine]:
        found.other(_join(path, one, key[0]), "new")
    pairs = []
    for key, left in mine.items():
        right = theirs.get(key)
        if right is None:
            continue
        if is_clock_name(key[0]) and _differ(a[left], b[right]):
            found.noise("time columns")
        else:
            pairs.append((left, right, _join(path, one, key[0])))
    return pairs


def _differ(one: Node, other: Node) -> bool:
    return type(one) is type(other) and _kind(one) == _kind(other) and one != other


def _listed(
    a: Form, b: Form, one: GroupNode, other: GroupNode, path: str, found: _Findings
) -> list[tuple[int, int, str]]:
    if not one.ordered:
        mine, theirs = _identities(a, one), _identities(b, other)
        gone = sum(max(0, count - theirs.get(key, 0)) for key, count in mine.items())
        new = sum(max(0, count - mine.get(key, 0)) for key, count in theirs.items())
        if gone or new:
            found.other(path, f"{gone:,} elements gone, {new:,} new", max(1, len(one.children)))
        return []
    if len(one.children) != len(other.children):
        found.other(path, f"{len(one.children):,} elements, then {len(other.children):,}")
        return []
    return [
        (
            left,
            right,
            f"{path}[{place}]" if len(one.children) > 1 or one.kind in ("list", "tuple") else path,
        )
        for place, (left, right) in enumerate(zip(one.children, other.children, strict=True))
    ]


def _identities(form: Form, group: GroupNode) -> dict[object, int]:
    counts: dict[object, int] = {}
    for child in group.children:
        key = _identity(form[child])
        counts[key] = counts.get(key, 0) + 1
    return counts


def _identity(node: Node) -> object:
    if isinstance(node, (GroupNode, BlockNode)):
        return node.digest
    return node


def _keyed(form: Form, group: GroupNode) -> Iterator[tuple[tuple[str, str, int], int]]:
    """Keys - text, identity, how many of the same came before - and the number of the value's node."""
    seen: dict[tuple[str, str], int] = {}
    for key, value in zip(group.children[::2], group.children[1::2], strict=True):
        node = form[key]
        text = node.text if isinstance(node, AtomNode) else "..."
        identity = str(_identity(node))
        count = seen.get((text, identity), 0)
        seen[text, identity] = count + 1
        yield (text, identity, count), value


def _join(path: str, group: GroupNode, key: str) -> str:
    # a plain dict has no label: its keys are the user's own
    if key in _HIDDEN and (group.label or group.kind not in ("dict", "odict", "columns")):
        return path
    if group.kind in ("object", "frame", "series", "column", "index", "model"):
        return f"{path}.{key}" if path else key
    return f"{path}[{key!r}]"


# -- words ---------------------------------------------------------------------------------------------------------


def _kind(node: Node) -> tuple[object, ...]:
    if isinstance(node, AtomNode):
        return ("a", node.kind)
    if isinstance(node, BlockNode):
        return ("b", node.kind, node.dtype, node.shape)
    if isinstance(node, GroupNode):
        return ("g", node.kind, node.label)
    return ("o", node.label)


def _change(one: Node, other: Node) -> str:
    if isinstance(one, BlockNode) and isinstance(other, BlockNode) and one.kind == other.kind:
        if one.dtype != other.dtype:
            return f"type {one.dtype.lstrip('<|')}, then {other.dtype.lstrip('<|')}"
        return f"shape {_shape(one)}, then {_shape(other)}"
    return f"{_short(one)}, then {_short(other)}"


def _shape(block: BlockNode) -> str:
    return str(block.shape) if len(block.shape) != 1 else f"{block.shape[0]:,}"


def _short(node: Node) -> str:
    if isinstance(node, AtomNode):
        text = repr(node.text) if node.kind == "str" else node.text or node.kind
        text = text if len(text) <= 40 else text[:37] + "..."
        return (
            text if node.kind in ("str", "float", "int", "bool", "none") else f"{node.kind} {text}"
        )
    if isinstance(node, BlockNode):
        return f"{node.kind} {node.dtype.lstrip('<|')} {_shape(node)}"
    if isinstance(node, GroupNode):
        return node.label or node.kind
    return node.label
