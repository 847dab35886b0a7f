"""Barriers: what an execution set for every later one, and which later ones can notice it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import NamedTuple

from mm_jupyter.analysis.names import CellNames
from mm_jupyter.records import Execution

_SEEN = frozenset({"cwd", "environ", "sys.path", "options", "warnings", "module", "star import"})
"""Kinds that the kernel sees happen: where it watched, the source's word for them does not count."""
_PLACES = re.compile(r"getcwd|Path|__file__|\bos\.|open|pwd|glob")
_ENVIRON = re.compile(r"env|expandvars")
_DRAWS = re.compile(r"plt|plot|fig|ax|sns|draw|hist|imshow|show|style|rcParams|mpl")
_CODE = re.compile(r"\bdef\b|\blambda\b")


class Barrier(NamedTuple):
    """``kind`` is one word of ``CellNames.barriers``; ``name`` says of what, where it was seen."""

    kind: str
    name: str = ""


def barriers_of(execution: Execution, said: Iterable[str], *, as_seen: bool) -> frozenset[Barrier]:
    """The barriers that an execution is. ``said`` are the words of its source; ``as_seen``: what was seen counts."""
    seen = execution.surroundings
    words = {Barrier(kind) for kind in said}
    if seen is None:
        return frozenset(words)
    found = {Barrier(one.kind, one.name) for one in seen}
    if as_seen and execution.status == "ok":
        words = {barrier for barrier in words if barrier.kind not in _SEEN}
    return frozenset(words | found)


def notices(
    barrier: Barrier, later: Execution, names: CellNames, called: str, *, target: bool
) -> bool:
    """Whether a later execution could be another one without what the barrier set. In doubt it could.

    ``called`` is the source of code of earlier executions that it may call.
    """
    source = later.source
    match barrier.kind:
        case "cwd" | "shell":
            return _depends_on_place(later) or bool(_PLACES.search(called))
        case "sys.path":
            return bool(later.modules) or _imports_others(names)
        case "environ":
            return bool(
                names.imports or _ENVIRON.search(source) or _ENVIRON.search(called)
            ) or _asks(later)
        case "options" if barrier.name.endswith(" display"):
            return target
        case "options" if barrier.name == "matplotlib":
            return bool(_DRAWS.search(source) or _DRAWS.search(called))
        case "warnings":
            return target or "warn" in source or "warn" in called
    return True


def defines_code(source: str) -> bool:
    """Whether a source makes functions that something later may call."""
    return _CODE.search(source) is not None


def may_notice(source: str) -> bool:
    """Whether code with this source could notice some barrier of those that not everything notices."""
    return any(words.search(source) for words in (_PLACES, _ENVIRON, _DRAWS)) or "warn" in source


def _depends_on_place(execution: Execution) -> bool:
    return bool(
        execution.files
        or execution.listings
        or execution.modules
        or _asks(execution)
        or _PLACES.search(execution.source)
    )


def _asks(execution: Execution) -> bool:
    return any(asked.kind == "process" for asked in execution.asked)


def _imports_others(names: CellNames) -> bool:
    roots = {path.lstrip(".").partition(".")[0] for path in names.imports.values()}
    return bool(roots - sys.stdlib_module_names)
