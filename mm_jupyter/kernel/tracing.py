"""A replay's side: what every name holds after each cell, by digest, so that two replays can be laid side by side."""

from __future__ import annotations

import types
from collections.abc import Mapping

from mm_jupyter.analysis.fingerprints import fingerprint

_LIMIT_BYTES = 64 * 1024 * 1024
_SKIPPED = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)
_OURS = frozenset({"In", "Out", "exit", "quit", "get_ipython", "open"})


class Trace:
    """Digests of the names of one namespace; ``cells`` has, for each cell that ended, those that are new."""

    def __init__(self, namespace: Mapping[str, object]) -> None:
        self.cells: list[dict[str, str]] = []
        self._namespace = namespace
        self._known: dict[str, str] = {}

    def after_cell(self, _: object = None) -> None:
        """Look at every name: what changed in place is seen too."""
        new: dict[str, str] = {}
        for name, value in list(self._namespace.items()):
            if name.startswith("_") or name in _OURS or isinstance(value, _SKIPPED):
                continue
            digest = fingerprint(value, limit_bytes=_LIMIT_BYTES).digest
            if digest is not None and self._known.get(name) != digest:
                new[name] = self._known[name] = digest
        self.cells.append(new)
