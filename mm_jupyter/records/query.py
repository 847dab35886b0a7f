"""A checked query over runs, as a tree. ``analysis/queries.py`` makes it from text, the store turns it into SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mm_jupyter.records.names import Scalar

FieldKind = Literal["metrics", "params", "tags", "run"]
Operator = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]
"""``in`` takes a tuple of values; on ``note``, ``notebook`` and text params a text on the left means "contains"."""


@dataclass(frozen=True, slots=True)
class Field:
    """``metrics.accuracy``; kind ``run`` is an attribute of the run itself: ``status``, ``experiment``, ``version``,
    ``kind``, ``notebook``, ``note``, ``started`` (seconds since the epoch), ``seconds``, ``verdict``."""

    kind: FieldKind
    name: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field against a constant. A run without the field fits no comparison but ``!= value`` and ``== None``."""

    field: Field
    operator: Operator
    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition


Condition = Comparison | And | Or | Not


@dataclass(frozen=True, slots=True)
class SortKey:
    field: Field
    descending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """``condition`` None means every run. Runs without the sort field come last; ties go newest first."""

    condition: Condition | None = None
    sort: SortKey = SortKey(Field("run", "started"), True)
    limit: int | None = None
    offset: int = 0
