"""The defaults of what a session calls: libraries change them, and a result with them."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import time
import types
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from mm_jupyter.analysis.calls import calls
from mm_jupyter.records import BlobDigest

SECONDS = 0.05
"""What one run may spend on it; what is left is read with the next."""
_MOST = 2000
_WIDTH = 120
_ADDRESS = re.compile(r" at 0x[0-9a-f]+", re.IGNORECASE)
_UNNAMED = ("__main__", "builtins")

Signatures = dict[str, dict[str, str]]


class Defaults:
    """Signature defaults of the library callables that the cells of a session call, each read once."""

    def __init__(self) -> None:
        self._sources: list[str] = []
        self._noted: set[int] = set()
        self._found: Signatures = {}
        self._kept: tuple[int, BlobDigest] | None = None

    def note(self, source: str) -> None:
        """A cell that ran: it is read when a run asks."""
        key = hash(source)
        if key not in self._noted:
            self._noted.add(key)
            self._sources.append(source)

    def keep(
        self, namespace: Mapping[str, Any], put: Callable[[bytes], BlobDigest]
    ) -> BlobDigest | None:
        """Read what was noted, and keep all that was found so far as JSON; None where nothing was."""
        end = time.perf_counter() + SECONDS
        while self._sources and time.perf_counter() < end and len(self._found) < _MOST:
            for call in calls(self._sources.pop(0)):
                self._add(_resolved(call.path, namespace))
        if not self._found:
            return None
        if self._kept is None or self._kept[0] != len(self._found):
            digest = put(json.dumps(self._found, sort_keys=True).encode())
            self._kept = (len(self._found), digest)
        return self._kept[1]

    def _add(self, called: Any) -> None:
        name = _name(called)
        if name is None or name in self._found:
            return
        given = _defaults(called)
        if given:
            self._found[name] = given


def signatures_of(names: Iterable[str]) -> Signatures:
    """The defaults of library callables by their full names, as this process has them; it imports their modules. What
    cannot be imported is left out."""
    found = {}
    for name in names:
        with suppress(Exception):  # a library may raise anything when it is imported
            given = _defaults(_imported(name))
            if given:
                found[name] = given
    return found


def _imported(name: str) -> Any:
    """``sklearn.cluster._kmeans.KMeans.fit``: the longest part that is a module, and attributes of it."""
    parts = name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(name)


def _defaults(called: Any) -> dict[str, str]:
    try:
        signature = inspect.signature(called)
    except (ValueError, TypeError):
        return {}
    return {
        parameter.name: _text(parameter.default)
        for parameter in signature.parameters.values()
        if parameter.default is not parameter.empty
    }


def _resolved(path: tuple[str, ...], namespace: Mapping[str, Any]) -> Any:
    """What a dotted name means, without running any code of the user's: methods are looked up on the class."""
    found = namespace.get(path[0])
    for part in path[1:]:
        owner = found if isinstance(found, (types.ModuleType, type)) else type(found)
        try:
            found = inspect.getattr_static(owner, part)
        except AttributeError:
            return None
        found = getattr(found, "__func__", found)
    return found


def _name(called: Any) -> str | None:
    """``sklearn.cluster._kmeans.KMeans``: of classes and functions of libraries alone."""
    if not isinstance(called, (type, types.FunctionType)):
        return None
    module = getattr(called, "__module__", None)
    if not isinstance(module, str) or module.partition(".")[0] in _UNNAMED:
        return None
    return f"{module}.{called.__qualname__}"


def _text(value: Any) -> str:
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, type)):
        return value.__qualname__
    try:
        return _ADDRESS.sub("", repr(value))[:_WIDTH]
    except Exception:  # noqa: BLE001 - a library's own repr may raise anything
        return f"<{type(value).__name__}>"
