"""What looking after a store finds and gives back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something damaged. ``kind``: ``blob``, ``pack``, ``row``, ``audit``; ``name`` finds it again; ``why`` is a sentence
    for people; ``runs`` are the names of runs that need it."""

    kind: str
    name: str
    why: str
    runs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Freed:
    """What nothing needed any more: how many blobs, how many bytes on disk."""

    blobs: int
    bytes: int
