"""What a run or an execution holds beside its columns, as one JSON value, and back.

Every field of a record that has no column goes in, so a field added to a record is kept without a word here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple

from mm_jupyter.records import Execution, Outcome, from_json, to_json


class _Parts(NamedTuple):
    """The fields of a record that have no column: names, default values, and what gets their values."""

    names: tuple[str, ...]
    defaults: tuple[Any, ...]
    values: Callable[[Any], tuple[Any, ...]]


def _parts(cls: type[Any], columns: set[str]) -> _Parts:
    fields = [field for field in dataclasses.fields(cls) if field.name not in columns]
    names = tuple(field.name for field in fields)
    defaults = tuple(
        field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        for field in fields
    )
    return _Parts(names, defaults, attrgetter(*names))


_OUTCOME = _parts(
    Outcome,
    {"status", "seconds", "params", "metrics", "tags", "note", "series", "environment"},
)
_EXECUTION = _parts(
    Execution,
    {"session", "seq", "cell_id", "count", "source", "started", "seconds", "status"},
)


def outcome_detail(outcome: Outcome) -> dict[str, Any]:
    """The parts of an outcome that no query filters by; what is as by default is left out."""
    return _detail(outcome, _OUTCOME)


def outcome_of(detail: dict[str, Any]) -> Outcome:
    """The parts that ``outcome_detail`` took, in an outcome that has nothing else."""
    return from_json(Outcome, {"status": "completed", "seconds": 0.0, **detail})


def execution_detail(execution: Execution) -> dict[str, Any]:
    """The parts of an execution that have no column; what is as by default is left out."""
    return _detail(execution, _EXECUTION)


def execution_of(columns: dict[str, Any], detail: dict[str, Any]) -> Execution:
    return from_json(Execution, {**columns, **detail}) if detail else Execution(**columns)


def _detail(record: Execution | Outcome, parts: _Parts) -> dict[str, Any]:
    return {
        name: to_json(part)
        for name, default, part in zip(
            parts.names, parts.defaults, parts.values(record), strict=True
        )
        if part is not default and part != default
    }
