"""Records to JSON values and back: one codec for the store, bundles and the wire."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def to_json(record: Any) -> Any:
    """A record as plain JSON values: dataclasses become objects, tuples arrays.

    A float that JSON cannot hold becomes ``{"float": "NaN" | "Infinity" | "-Infinity"}``.
    """
    if isinstance(record, float) and not math.isfinite(record):
        return {"float": "NaN" if math.isnan(record) else "Infinity" if record > 0 else "-Infinity"}
    if record is None or isinstance(record, (str, int, float, bool)):
        return record
    if isinstance(record, dict):
        return {key: to_json(value) for key, value in record.items()}
    if isinstance(record, (tuple, list)):
        return [to_json(value) for value in record]
    cls: type = type(record)
    return {name: to_json(getattr(record, name)) for name in _field_names(cls)}


def from_json(cls: type[T], data: Any) -> T:
    """The record of class ``cls`` that ``to_json`` wrote.

    Unknown keys are ignored, so that an older version reads what a newer one wrote.

    Raises:
        TypeError: a required field is missing, or ``cls`` is no record.
    """
    return typing.cast(T, _read(cls, data))


@cache
def _field_names(cls: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls))


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _read(hint: Any, data: Any) -> Any:
    if isinstance(data, dict) and data.keys() == {"float"}:
        return _SPECIAL[data["float"]]
    if data is None or isinstance(data, (str, int, float, bool)):
        return float(data) if hint is float and data is not None else data
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        kept = [part for part in typing.get_args(hint) if part is not type(None)]
        chosen = [
            part for part in kept if dataclasses.is_dataclass(part) or typing.get_origin(part)
        ]
        return _read((chosen or kept)[0], data)
    if origin is tuple:
        parts = typing.get_args(hint)
        return tuple(_read(parts[0], value) for value in data)
    if origin is dict:
        return {key: _read(typing.get_args(hint)[1], value) for key, value in data.items()}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        hints = _hints(hint)
        return hint(
            **{key: _read(hints[key], value) for key, value in data.items() if key in hints}
        )
    return tuple(data) if isinstance(data, list) else data
