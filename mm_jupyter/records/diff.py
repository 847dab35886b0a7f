"""What differs between two runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mm_jupyter.records.names import ContentDigest, RunRef, Scalar

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
    """A metric of two runs; None where a run has none of that name. ``noise`` are their standard deviations under other
    seeds, None where not measured."""

    name: str
    old: float | None
    new: float | None
    noise: tuple[float | None, float | None] = (None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputChange:
    """An input with other contents. A size of None: that run did not read it."""

    path: str
    old: ContentDigest | None
    new: ContentDigest | None
    old_size: int | None
    new_size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleChange:
    """A module of the project with another text; None: that run did not import it. ``lines`` as ``Diff.source``."""

    name: str
    path: str
    old: ContentDigest | None
    new: ContentDigest | None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TagChange:
    """A tag, or the note under the name ``note``; None: absent."""

    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """What differs from ``old`` to ``new``. It is true when anything but a metric differs.

    ``metrics`` are all of both runs, equal ones too. ``source`` is a unified diff of what led to the runs, line by
    line, each with its sign (`` ``, ``+``, ``-``, or ``@`` before a place); empty when it is the same. ``same`` counts
    what was compared and is equal. ``changes`` come most telling first: data, params (the author's, given ones,
    defaults), code, environment, models. ``inputs`` and ``modules`` say more of the changes of data and code; tags are
    no changes: they are said about a run.
    """

    old: RunRef
    new: RunRef
    changes: tuple[Change, ...] = ()
    metrics: tuple[MetricChange, ...] = ()
    source: tuple[str, ...] = ()
    same: int = 0
    inputs: tuple[InputChange, ...] = ()
    modules: tuple[ModuleChange, ...] = ()
    tags: tuple[TagChange, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes or self.source)
