"""Which names' objects share memory or hold one another: aliases, views of one buffer, containers and members."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from mm_jupyter.kernel.marking import changes, members

MEMBERS = 100
"""Of a container so many members are looked at, and of each of them as many again, one level deep."""


def shares(names: Iterable[str], namespace: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    """Groups of names whose objects have a part in common. What cannot change is no part.

    A group says that a change through one name may show through the others, not that it must.
    """
    groups: dict[str, set[str]] = {}
    owners: dict[int, str] = {}
    for name in names:
        group = groups[name] = {name}
        for part in _parts(namespace[name]):
            other = owners.setdefault(part, name)
            if groups[other] is not group:
                merged = groups[other] | group
                for one in merged:
                    groups[one] = merged
                group = merged
    found = {id(group): tuple(sorted(group)) for group in groups.values() if len(group) > 1}
    return tuple(sorted(found.values()))


def _parts(value: Any) -> Iterator[int]:
    yield _memory(value)
    for member in islice(members(value), MEMBERS):
        if changes(member):
            yield _memory(member)


def _memory(value: Any) -> int:
    """The identity of an object, or of the one that owns the memory that it shows."""
    numpy = sys.modules.get("numpy")
    for _ in range(10):
        if numpy is not None and issubclass(type(value), numpy.ndarray):
            base = value.base
        elif type(value) is memoryview:
            base = value.obj
        else:
            break
        if base is None:
            break
        value = base
    return id(value)
