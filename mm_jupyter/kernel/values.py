"""What a cell gives without being asked: params, metrics, models and values, read from the names that it bound."""

from __future__ import annotations

import hashlib
import numbers
import re
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mm_jupyter.analysis.fingerprints import fingerprint
from mm_jupyter.analysis.models import configuration, curves, is_model
from mm_jupyter.analysis.secrets import Redactor
from mm_jupyter.kernel.models import keep_model
from mm_jupyter.kernel.sink import Sink
from mm_jupyter.records import (
    BlobDigest,
    ContentDigest,
    Metric,
    Model,
    NotKept,
    Param,
    Scalar,
    SeriesChunk,
    Value,
)

MAX_TEXT = 500
"""Text params are cut at this many characters; their digest is in the values."""


WHOLE_BYTES = 256 * 1024 * 1024
"""What a cell bound is compared up to this size."""
TOUCHED_BYTES = 32 * 1024 * 1024
"""What a cell only touched is compared up to this size; most of it is data that it read."""
_UNCHANGING = (
    type(None),
    bool,
    int,
    float,
    complex,
    str,
    bytes,
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
)
MAX_SECRET = 1024 * 1024
"""Longer texts are kept by digest alone, so there is nothing to redact."""
MAX_CHECKED = 64 * 1024
"""Comparable forms are looked through for secrets up to here; what is larger is numbers."""


@dataclass(slots=True)
class Harvest:
    """What the names of one cell gave."""

    params: dict[str, Param] = field(default_factory=dict)
    metrics: dict[str, Metric] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    values: list[Value] = field(default_factory=list)
    series: list[SeriesChunk] = field(default_factory=list)
    not_kept: list[NotKept] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which names to look at, and as what.

    ``bound`` are the names that the cell bound, ``touched`` those whose object it may have changed in place,
    ``changed`` those whose object it did change,
    ``literals`` those that it bound to a literal, ``given`` those that papermill set, ``loops`` the variables of its
    loops; ``params``, ``metrics`` and ``models`` are the user's own words.
    """

    bound: tuple[str, ...]
    touched: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    literals: Mapping[str, Scalar] = field(default_factory=dict)
    given: tuple[str, ...] = ()
    loops: frozenset[str] = frozenset()
    params: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


def harvest(
    namespace: Mapping[str, Any], wanted: Wanted, sink: Sink, redactor: Redactor
) -> Harvest:
    """Read a cell's results from its namespace. What a value of the user's raises is noted, never raised."""
    found = Harvest()
    models = _models(namespace, wanted)
    for name in _unique(wanted.bound, wanted.params, wanted.metrics, wanted.given):
        if name not in namespace:
            if name in wanted.params or name in wanted.metrics:
                found.not_kept.append(
                    NotKept(
                        kind="param" if name in wanted.params else "metric",
                        name=name,
                        why="no such name",
                    )
                )
            continue
        value = namespace[name]
        if name in models or isinstance(value, types.ModuleType):
            continue
        _number_or_text(name, value, wanted, found, redactor)
        if name in wanted.bound and not name.startswith("_"):
            found.values.append(_value(name, value, sink, found, redactor))
    for name in _changed_in_place(namespace, wanted, models):
        found.values.append(_value(name, namespace[name], sink, found, redactor, TOUCHED_BYTES))
    for name, model in models.items():
        kept = keep_model(name, model, sink.put)
        found.models[name] = kept
        if kept.why is not None:
            found.not_kept.append(NotKept(kind="model", name=name, why=kept.why))
        _configuration(name, model, len(models) == 1, found, redactor)
        _curves(name, model, len(models) == 1, found)
    found.not_kept += [
        NotKept(kind="model", name=name, why="no such name")
        for name in wanted.models
        if name not in namespace
    ]
    return found


def _changed_in_place(
    namespace: Mapping[str, Any], wanted: Wanted, models: Mapping[str, Any]
) -> list[str]:
    """Names whose object the cell may have changed without binding them: results as well (``results.append(x)``)."""
    return [
        name
        for name in _unique(wanted.touched, wanted.changed)
        if name in namespace
        and name not in wanted.bound
        and name not in models
        and not name.startswith("_")
        and (name in wanted.changed or not isinstance(namespace[name], _UNCHANGING))
    ]


def _models(namespace: Mapping[str, Any], wanted: Wanted) -> dict[str, Any]:
    """The models by name; a second name for the same object is left out."""
    models: dict[str, Any] = {}
    seen: set[int] = set()
    for name in _unique(wanted.models, wanted.bound, wanted.touched):
        value = namespace.get(name)
        if name.startswith("_") or value is None or id(value) in seen:
            continue
        if name in wanted.models or is_model(value):
            models[name] = value
            seen.add(id(value))
    return models


def _number_or_text(
    name: str, value: Any, wanted: Wanted, found: Harvest, redactor: Redactor
) -> None:
    literal = name in wanted.literals and _same(value, wanted.literals[name])
    if name in wanted.params or (name not in wanted.metrics and (literal or name in wanted.given)):
        found.params[name] = Param(name=name, value=param_value(name, value, redactor))
    elif name in wanted.metrics or (name not in wanted.loops and not name.startswith("_")):
        number = real_number(value)
        if number is not None:
            found.metrics[name] = Metric(name=name, value=number)
        elif name in wanted.metrics:
            found.not_kept.append(
                NotKept(
                    kind="metric",
                    name=name,
                    why=f"it holds a {type(value).__name__}, no real number",
                )
            )


def _value(
    name: str,
    value: Any,
    sink: Sink,
    found: Harvest,
    redactor: Redactor,
    limit_bytes: int = WHOLE_BYTES,
) -> Value:
    if isinstance(value, str) and len(value) <= MAX_SECRET:
        # A secret is known by its mark, whose keyed digest is the same wherever the secret is.
        value = redactor.named(name, value)
    print_ = fingerprint(value, limit_bytes=limit_bytes)
    if print_.why is not None:
        found.not_kept.append(NotKept(kind="value", name=name, why=print_.why))
    return Value(
        name=name,
        type=print_.type,
        digest=print_.digest,
        summary=redactor.text(print_.summary),
        form=_kept_form(print_.form, sink, redactor),
        why=print_.why,
    )


def _kept_form(form: bytes | None, sink: Sink, redactor: Redactor) -> BlobDigest | None:
    """Keep the comparable form, unless texts in it look like secrets: then the digest alone must do."""
    if form is None:
        return None
    text = form[:MAX_CHECKED].decode("latin-1")
    return sink.put(form) if redactor.text(text) is text else None


def _configuration(name: str, model: Any, alone: bool, found: Harvest, redactor: Redactor) -> None:
    """An estimator's class, under its name, and its whole effective configuration.

    The options stand under their bare names where the cell made one model, else behind the model's name.
    """
    options = configuration(model)
    if options:
        found.params[name] = Param(name=name, value=type(model).__name__)
    for option, (plain, origin) in options.items():
        value = redactor.named(option, plain)
        clash = option in found.params and found.params[option].value != value
        key = option if alone and not clash else f"{name}.{option}"
        if key not in found.params:
            found.params[key] = Param(name=key, value=value, origin=origin)


def _curves(name: str, model: Any, alone: bool, found: Harvest) -> None:
    for curve, points in curves(model).items():
        if points:
            found.series.append(
                SeriesChunk(
                    name=curve if alone else f"{name}.{curve}",
                    steps=tuple(range(len(points))),
                    values=tuple(float(point) for point in points),
                    times=(0.0,) * len(points),
                )
            )


def _unique(*groups: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for group in groups for name in group))


def _same(value: Any, literal: Scalar) -> bool:
    return type(value) is type(literal) and (value == literal or value != value)


def real_number(value: Any) -> float | None:
    """The value as a float where it is a real number (Python's, numpy's, a 0-d tensor), else None. No booleans."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:  # a whole number that no float holds is a value, no metric
            return None
    if type(value).__module__ in {"numpy", "torch"}:
        # Of the others a boolean and a text would pass for a number, and a complex one would warn.
        if value.shape != () or not re.search("float|int", str(value.dtype)):
            return None
    elif not isinstance(value, numbers.Real):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def param_value(name: str, value: Any, redactor: Redactor) -> Scalar:
    """The value as a param holds it: text (cut at ``MAX_TEXT``), number, boolean, None; else its short text.

    Secrets are replaced before it is cut: half of one would not be known for what it is.
    """
    plain = _plain(value)
    if not isinstance(plain, str):
        return plain
    text = str(redactor.named(name, plain[:MAX_CHECKED]))
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 3] + "..."


def _plain(value: Any) -> Scalar:
    """Python's own scalar, also of a subclass and of numpy's; else the value's ``repr``."""
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    if type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    number = real_number(value)
    if number is not None:
        return int(value) if "int" in type(value).__name__ else number
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - a user's class whose __repr__ raises
        return f"<{type(value).__name__}>"


def content_digest(data: bytes) -> ContentDigest:
    """The digest of bytes that any environment can derive again."""
    return ContentDigest("blake2b:" + hashlib.blake2b(data, digest_size=16).hexdigest())
