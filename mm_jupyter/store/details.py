"""What a run or an execution holds beside its columns, as one JSON value, and back.

Every field of a record that has no column goes in, so a field added to a record is kept without a word here.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from mm_jupyter.records import Execution, Outcome, from_json, to_json

Parts = tuple[tuple[str, Any], ...]


def _parts(cls: type[Any], columns: set[str]) -> Parts:
    """Names and default values of the fields that have no column."""
    return tuple(
        (
            field.name,
            field.default_factory()
            if field.default_factory is not dataclasses.MISSING
            else field.default,
        )
        for field in dataclasses.fields(cls)
        if field.name not in columns
    )


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


def _detail(record: Execution | Outcome, parts: Parts) -> dict[str, Any]:
    return {
        name: to_json(part)
        for name, default in parts
        if (part := getattr(record, name)) is not default and part != default
    }
