"""What a run or an execution holds beside its columns, as one JSON value, and back."""

from __future__ import annotations

from typing import Any, TypeVar

from mm_jupyter.records import (
    Artifact,
    Asked,
    Execution,
    Failure,
    FileUse,
    LocalModule,
    Model,
    NotKept,
    Outcome,
    Output,
    RandomState,
    Value,
    from_json,
    to_json,
)

T = TypeVar("T")

_OUTCOME = ("failure", "values", "models", "outputs", "artifacts", "files", "not_kept")
_EXECUTION = ("failure", "bound", "deleted", "files", "modules", "random", "asked")


def outcome_detail(outcome: Outcome) -> dict[str, Any]:
    """The parts of an outcome that no query filters by; empty ones are left out."""
    return {name: to_json(part) for name in _OUTCOME if (part := getattr(outcome, name))}


def outcome_parts(detail: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments for ``Run`` from ``outcome_detail``."""
    failure = detail.get("failure")
    return {
        "failure": from_json(Failure, failure) if failure else None,
        "values": _each(Value, detail.get("values")),
        "models": _each(Model, detail.get("models")),
        "outputs": _each(Output, detail.get("outputs")),
        "artifacts": _each(Artifact, detail.get("artifacts")),
        "files": _each(FileUse, detail.get("files")),
        "not_kept": _each(NotKept, detail.get("not_kept")),
    }


def execution_detail(execution: Execution) -> dict[str, Any]:
    """The parts of an execution that have no column; what is as by default is left out."""
    detail = {name: to_json(part) for name in _EXECUTION if (part := getattr(execution, name))}
    if execution.cwd != ".":
        detail["cwd"] = execution.cwd
    if execution.parameters:
        detail["parameters"] = True
    if execution.tolerated:
        detail["tolerated"] = True
    return detail


def execution_parts(detail: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments for ``Execution`` from ``execution_detail``."""
    failure = detail.get("failure")
    return {
        "failure": from_json(Failure, failure) if failure else None,
        "bound": tuple(detail.get("bound", ())),
        "deleted": tuple(detail.get("deleted", ())),
        "files": _each(FileUse, detail.get("files")),
        "modules": _each(LocalModule, detail.get("modules")),
        "random": _each(RandomState, detail.get("random")),
        "asked": _each(Asked, detail.get("asked")),
        "cwd": detail.get("cwd", "."),
        "parameters": detail.get("parameters", False),
        "tolerated": detail.get("tolerated", False),
    }


def _each(cls: type[T], parts: list[Any] | None) -> tuple[T, ...]:
    return tuple(from_json(cls, part) for part in parts or ())
