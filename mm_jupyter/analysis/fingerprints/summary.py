"""A value in at most 80 characters for people, without running its ``__repr__``."""

from __future__ import annotations

from typing import Any

from mm_jupyter.analysis.fingerprints.reflection import dict_of, label_of, module_of

WIDTH = 80


def summary(value: object) -> str:
    """``0.931``, ``'baseline'``, ``list of 7``, ``ndarray float64 (569, 30)``, ``DataFrame 569 x 30``, or the class."""
    try:
        text = _summary(value)
    except Exception:  # noqa: BLE001 - libraries may raise anything; the class is always there
        text = label_of(type(value)).rpartition(".")[2]
    return text if len(text) <= WIDTH else text[: WIDTH - 3] + "..."


def type_name(value: object) -> str:
    """``float``, ``numpy.ndarray``, ``pandas.DataFrame``, ``sklearn.RandomForestClassifier``: package and class."""
    kind = type(value)
    name = label_of(kind).rpartition(".")[2]
    package = module_of(kind).partition(".")[0]
    return (
        name
        if package in ("builtins", "__main__") or package.startswith("_")
        else f"{package}.{name}"
    )


def _summary(value: Any) -> str:
    kind = type(value)
    name = label_of(kind).rpartition(".")[2]
    if kind is int and not -(10**60) < value < 10**60:
        return f"int of {value.bit_length():,} bits"
    if kind in (bool, int, float, complex, type(None)):
        return repr(value)
    if kind is str:
        return (
            repr(value[:WIDTH])
            if len(value) < WIDTH - 2
            else f"{value[: WIDTH - 30]!r}... ({len(value):,} characters)"
        )
    if kind in (list, tuple, set, frozenset, dict, bytes, bytearray):
        return f"{name} of {len(value):,}"
    return _of_library(value, name, module_of(kind).partition(".")[0])


def _of_library(value: Any, name: str, package: str) -> str:
    if package in ("pandas", "polars", "pyarrow"):
        shape = value.shape
        return f"{name} {' x '.join(f'{size:,}' for size in shape)}"
    if package in ("numpy", "torch"):
        if (
            hasattr(value, "dtype")
            and getattr(value, "shape", None) == ()
            and hasattr(value, "item")
        ):
            return repr(value.item())
        dtype = str(value.dtype).removeprefix("torch.")
        return f"{name} {dtype} {tuple(value.shape)}"
    fitted = dict_of(value).get("estimators_")
    if fitted is not None and package == "sklearn":
        return f"{name}, {len(fitted):,} estimators"
    return name
