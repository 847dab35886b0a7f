"""The top-level names that a cell can reach: its words, and what its functions and classes name in turn."""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from typing import Any

from mm_jupyter.kernel.bindings import SHELL_NAMES
from mm_jupyter.kernel.marking import ATOMS

_WORD = re.compile(r"[^\W\d]\w*")


def reachable(source: str, namespace: Mapping[str, Any]) -> list[str]:
    """The names of ``namespace`` that a cell can reach, in the order in which it names them.

    What the shell itself put there (``exit``, ``In``, ``_``) is not the user's. The source is not parsed: a word in a
    comment counts too, which costs a look and harms nothing.
    """
    found: dict[str, None] = {}
    pending = [
        word
        for word in dict.fromkeys(_WORD.findall(source))
        if word in namespace and SHELL_NAMES.fullmatch(word) is None
    ]
    for name in pending:  # which grows meanwhile
        if name in found:
            continue
        found[name] = None
        value = namespace[name]
        if type(value) not in ATOMS:
            pending += [inner for inner in _leads_to(value, namespace) if inner in namespace]
    return list(found)


def _leads_to(value: Any, namespace: Mapping[str, Any]) -> tuple[str, ...]:
    kind = type(value)
    if kind is types.FunctionType:
        return _globals_of(value.__code__) if value.__globals__ is namespace else ()
    if issubclass(kind, type):
        return _of_class(value) if value.__module__ == "__main__" else ()
    return (kind.__name__,) if kind.__module__ == "__main__" else ()


def _of_class(value: type) -> tuple[str, ...]:
    names: list[str] = []
    for member in vars(value).values():
        code = getattr(getattr(member, "__func__", member), "__code__", None)
        if isinstance(code, types.CodeType):
            names += _globals_of(code)
    return tuple(names)


def _globals_of(code: types.CodeType) -> tuple[str, ...]:
    """Names that may be globals of a function, functions inside it included."""
    names = list(code.co_names)
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            names += _globals_of(part)
    return tuple(names)
