"""Where in a namespace generators of random numbers are: at ``rng``, ``sampler.rng`` or ``cfg['rngs'][0]``.

Such a path is a Python expression: a top-level name, then any of ``.attribute``, ``[number]`` and ``['key']``.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from mm_jupyter.kernel.marking import ATOMS, changes
from mm_jupyter.kernel.random_states import kind_of

MAX_FOUND = 50
MAX_LOOKS = 100
MAX_DEPTH = 3
_WITHOUT = frozenset("numpy pandas pyarrow polars matplotlib PIL".split())
"""Libraries whose objects hold no generators, and much else."""


def find(name: str, value: object) -> list[str]:
    """The paths of the generators that are, or are inside, what ``name`` holds; no code of the user's runs.

    It looks at ``MAX_LOOKS`` objects, ``MAX_DEPTH`` deep, and finds up to ``MAX_FOUND`` generators.
    """
    found: list[str] = []
    waiting: list[tuple[str, object, int]] = [(name, value, 0)]
    looks = 0
    seen: set[int] = set()
    while waiting and looks < MAX_LOOKS and len(found) < MAX_FOUND:
        path, held, depth = waiting.pop(0)
        looks += 1
        if kind_of(held) is not None:
            found.append(path)
        elif depth < MAX_DEPTH and id(held) not in seen and changes(held):
            seen.add(id(held))
            waiting += [
                (f"{path}{step}", member, depth + 1)
                for step, member in islice(_members(held), MAX_LOOKS)
                if type(member) not in ATOMS
            ]
    return found


def locate(namespace: Mapping[str, object], path: str) -> object | None:
    """What a path leads to; None where it leads nowhere."""
    if path.isidentifier():
        return namespace.get(path)
    try:
        return eval(_compiled(path), {"__builtins__": {}}, namespace)  # type: ignore[no-any-return]
    except Exception:  # noqa: BLE001 - it leads through objects of the user's
        return None


@lru_cache(1_000)
def _compiled(path: str) -> types.CodeType:
    return compile(path, "<path>", "eval")


def _members(value: object) -> Iterator[tuple[str, object]]:
    kind: Any = type(value)
    held: Any = value
    if issubclass(kind, dict) and kind.__getitem__ is dict.__getitem__:
        for key, member in list(islice(dict.items(held), MAX_LOOKS)):
            if type(key) in (str, int):
                yield f"[{key!r}]", member
    elif kind in (list, tuple):
        for place, member in enumerate(held[:MAX_LOOKS]):
            yield f"[{place}]", member
    elif kind is types.FunctionType:
        for place, cell in enumerate(held.__closure__ or ()):
            try:
                yield f".__closure__[{place}].cell_contents", cell.cell_contents
            except ValueError:  # it is empty yet
                continue
    elif kind.__module__.partition(".")[0] not in _WITHOUT:
        yield from _attributes(value)


def _attributes(value: object) -> Iterator[tuple[str, object]]:
    try:
        own = object.__getattribute__(value, "__dict__")
        for name, held in list(islice(own.items(), MAX_LOOKS)):
            if type(name) is str and name.isidentifier() and not name.startswith("__"):
                yield f".{name}", held
    except Exception:  # noqa: BLE001 - it has no attributes of its own, or a class that hides them
        pass
    for base in type(value).__mro__:
        if base.__module__ != "__main__":
            continue
        for name, slot in list(vars(base).items()):
            if isinstance(slot, types.MemberDescriptorType):
                try:
                    yield f".{name}", slot.__get__(value)
                except AttributeError:  # it is not set
                    continue
