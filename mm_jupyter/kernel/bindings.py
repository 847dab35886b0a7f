"""Which top-level names hold another object than before: seen by identity, at a cost that does not grow.

A shell adds names of its own at every cell (``_i7``, ``_7``), so the namespace grows with the session. Only the user's
names are watched; new ones are found at the end of the namespace, for a dict keeps the order of insertion.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import repeat, takewhile
from typing import Any

SHELL_NAMES = re.compile(r"_+|_i+|_i?\d+|_[oid]h|In|Out|exit|quit|get_ipython|__.*__")
"""Names that IPython itself binds at every cell."""
_ABSENT = object()


class Bindings:
    """The user's names in one namespace, and where each of them pointed when last looked at."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._marks: dict[str, int] = {}
        self._last: str | None = None
        self._size = 0
        self.changes(namespace)

    def changes(self, namespace: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names bound since the last look, and names deleted since.

        A name bound again to an object at the address of the old one is not seen.
        """
        known = self._marks
        # object.__hash__ is the address in another form: id() would cost an audit event each, and to keep the
        # objects themselves would keep the user's memory.
        marks = list(map(object.__hash__, map(namespace.get, known, repeat(_ABSENT))))
        bound: list[str] = []
        deleted: list[str] = []
        if marks != list(known.values()):
            absent = object.__hash__(_ABSENT)
            for name, mark in zip(list(known), marks, strict=True):
                if mark == absent:
                    deleted.append(name)
                    del known[name]
                elif known[name] != mark:
                    bound.append(name)
                    known[name] = mark
        for name in self._new(namespace, whole=bool(deleted)):
            bound.append(name)
            known[name] = object.__hash__(namespace[name])
        return tuple(bound), tuple(deleted)

    def _new(self, namespace: dict[str, Any], *, whole: bool) -> list[str]:
        """Names added behind the one that was last; ``whole``: all unknown ones.

        That one may be gone, or have been deleted and bound again behind others: then it does not stand where the
        count says, and all unknown names are taken too.
        """
        last, self._last = self._last, next(reversed(namespace), None)
        size, self._size = self._size, len(namespace)
        if not whole:
            behind = list(takewhile(lambda name: name != last, reversed(namespace)))
            if len(namespace) - len(behind) == size:
                return self._unknown(reversed(behind))
        return self._unknown(namespace)

    def _unknown(self, names: Iterable[str]) -> list[str]:
        return [
            name
            for name in names
            if name not in self._marks and SHELL_NAMES.fullmatch(name) is None
        ]
