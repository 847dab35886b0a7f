"""What differs between two runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mm_jupyter.records.names import RunRef, Scalar

ChangeKind = Literal["data", "params", "code", "environment", "model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that differs. ``old`` None: added; ``new`` None: removed.

    Params keep their values, but a param that *is* None stands as the text ``None``. Everything else is a short text
    for people: a digest, ``7,032 rows``, a package's version, ``+4 -1`` as ``new`` for code.
    """

    kind: ChangeKind
    name: str
    old: Scalar
    new: Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricChange:
    """A metric of two runs; None where a run has none of that name."""

    name: str
    old: float | None
    new: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """What differs from ``old`` to ``new``. It is true when anything but a metric differs.

    ``metrics`` are all of both runs, equal ones too. ``source`` is a unified diff of what led to the runs, line by
    line, each with its sign (`` ``, ``+``, ``-``, or ``@`` before a place); empty when it is the same. ``same`` counts
    what was compared and is equal.
    """

    old: RunRef
    new: RunRef
    changes: tuple[Change, ...] = ()
    metrics: tuple[MetricChange, ...] = ()
    source: tuple[str, ...] = ()
    same: int = 0

    def __bool__(self) -> bool:
        return bool(self.changes or self.source)
