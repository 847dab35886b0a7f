"""What a cell can reach without naming it in a change: elements, aliases, globals of functions, closures, classes.

Source alone cannot tell what ``mut()`` or ``for row in rows: row["x"] = 1`` changes. So the objects that a tracked
cell's names reach are fingerprinted before it and after it, up to a size that costs next to nothing.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any

from mm_jupyter.analysis.fingerprints import fingerprint
from mm_jupyter.analysis.names import CellNames
from mm_jupyter.records import ContentDigest

WATCHED_BYTES = 256 * 1024
"""Larger objects are not watched so: what the source says of them must do."""
WATCHED_NAMES = 100
_UNCHANGING = (type(None), bool, int, float, complex, str, bytes, types.ModuleType)


class Reach:
    """The state of what a cell can reach, as it was when this was made."""

    def __init__(self, names: CellNames, namespace: Mapping[str, Any]) -> None:
        found = sorted(reachable(names, namespace))[:WATCHED_NAMES]
        self._before = {
            name: _state(namespace[name]) for name in found if _may_change(namespace[name])
        }

    def changed(self, namespace: Mapping[str, Any]) -> tuple[str, ...]:
        """The names that still hold an object, and whose object is another one in content."""
        return tuple(
            name
            for name, before in self._before.items()
            if before is not None and name in namespace and _state(namespace[name]) != before
        )


def reachable(names: CellNames, namespace: Mapping[str, Any]) -> frozenset[str]:
    """The top-level names that a cell uses, and those that its functions and its objects' classes use in turn."""
    found: set[str] = set()
    pending = set(names.uses | names.changes | names.may_change) & namespace.keys()
    while pending:
        name = pending.pop()
        found.add(name)
        pending |= (_leads_to(namespace[name], namespace) & namespace.keys()) - found
    return frozenset(found)


def _leads_to(value: Any, namespace: Mapping[str, Any]) -> set[str]:
    kind = type(value)
    names = {kind.__name__} if kind.__module__ == "__main__" else set()
    if isinstance(value, types.FunctionType) and value.__globals__ is namespace:
        names |= _globals_of(value.__code__)
    elif isinstance(value, type) and value.__module__ == "__main__":
        for member in vars(value).values():
            code = getattr(getattr(member, "__func__", member), "__code__", None)
            if isinstance(code, types.CodeType):
                names |= _globals_of(code)
    return names


def _globals_of(code: types.CodeType) -> set[str]:
    """Names that may be globals of a function, functions inside it included."""
    inner = (part for part in code.co_consts if isinstance(part, types.CodeType))
    return set(code.co_names).union(*map(_globals_of, inner))


def _may_change(value: Any) -> bool:
    """Whether an object can be another one after a call; a function by its closure, defaults and attributes."""
    if isinstance(value, types.FunctionType):
        holds = value.__closure__ or value.__defaults__ or value.__kwdefaults__ or value.__dict__
        return value.__module__ == "__main__" and bool(holds)
    if isinstance(value, type):
        return value.__module__ == "__main__"
    return not isinstance(value, (*_UNCHANGING, types.BuiltinFunctionType))


def _state(value: Any) -> ContentDigest | None:
    return fingerprint(value, limit_bytes=WATCHED_BYTES, form_bytes=0).digest
