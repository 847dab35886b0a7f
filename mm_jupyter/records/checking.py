"""Records from JSON that a stranger wrote: every field is what its type says, or there is no record."""

from __future__ import annotations

import dataclasses
import types
import typing
from functools import cache
from typing import Any, Literal, TypeVar

from mm_jupyter.records.codec import from_json

T = TypeVar("T")
_HUGE = 10**300
"""Whole numbers beyond it are no floats any more, and nothing that is counted or drawn is so large."""


def checked_from_json(cls: type[T], data: Any) -> T:
    """``from_json``, and no value is of another type than its field: what follows may rely on it.

    Raises:
        TypeError, ValueError, LookupError, AttributeError: it is no such record.
    """
    record = from_json(cls, data)
    _check(cls, record, cls.__name__)
    return record


@cache
def _hints(cls: type[Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def _check(hint: Any, value: Any, where: str) -> None:
    if not _fits(hint, value, where):
        raise TypeError(f"{where} holds {type(value).__name__}")


def _fits(hint: Any, value: Any, where: str) -> bool:
    while isinstance(hint, typing.NewType):
        hint = hint.__supertype__
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits_quietly(part, value, where) for part in parts)
    if origin is Literal:
        return any(type(value) is type(one) and value == one for one in parts)
    if origin is tuple:
        return isinstance(value, tuple) and _all_fit(parts, value, where)
    if origin is dict:
        return isinstance(value, dict) and all(
            isinstance(key, str) and _fits(parts[1], one, f"{where}.{key[:40]}")
            for key, one in value.items()
        )
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return type(value) is int and -_HUGE < value < _HUGE
    if hint in (str, bool, type(None)):
        return type(value) is hint
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if type(value) is not hint:
            return False
        for name, kind in _hints(typing.cast(type, hint)).items():
            _check(kind, getattr(value, name), f"{where}.{name}")
        return True
    raise TypeError(f"{where} has a type that is not checked: {hint}")


def _all_fit(parts: tuple[Any, ...], value: tuple[Any, ...], where: str) -> bool:
    if len(parts) == 2 and parts[1] is Ellipsis:
        return all(_fits(parts[0], one, where) for one in value)
    return len(parts) == len(value) and all(
        _fits(part, one, where) for part, one in zip(parts, value, strict=True)
    )


def _fits_quietly(hint: Any, value: Any, where: str) -> bool:
    try:
        return _fits(hint, value, where)
    except TypeError:
        return False
