"""Any value, taken apart without running the user's code: the table of who reads what, and objects by their state.

An object's state is its ``__dict__`` and slots. Only where a class keeps state in C (Cython, pybind11) is
``__reduce_ex__`` asked, and only of classes that are no iterators.
"""

from __future__ import annotations

import copyreg
import types
from collections.abc import Callable
from typing import Any

from mm_jupyter.analysis.fingerprints.arrays import (
    foreign_array_part,
    numpy_part,
    scipy_part,
    torch_part,
)
from mm_jupyter.analysis.fingerprints.containers import CONTAINERS, KINDS, iterator_part
from mm_jupyter.analysis.fingerprints.frames import pandas_part, polars_part, pyarrow_part
from mm_jupyter.analysis.fingerprints.functions import FUNCTIONS, class_part, module_part
from mm_jupyter.analysis.fingerprints.parts import Atom, Group, Opaque, Part, attributes
from mm_jupyter.analysis.fingerprints.reflection import (
    NOISE,
    hides_state,
    label_of,
    module_of,
    mro_of,
    namespace_of,
    qualname_of,
    state_of,
)


def expand(value: object) -> Part:
    """Take any value apart that ``ATOMS`` does not know. Library code may raise; it then is opaque."""
    kind = type(value)
    try:
        plain = CONTAINERS.get(kind) or FUNCTIONS.get(kind)
        if plain is not None:
            return plain(value)
        kinds = mro_of(kind)
        for base in kinds:
            reader = _LIBRARIES.get(module_of(base).partition(".")[0])
            if reader is not None:
                part = reader(value, kinds)
                if part is not None:
                    return part
                break
        for base in kinds:
            known = _KINDS.get(base)
            if known is not None:
                return known(value)
        return _object(value, kind)
    except RecursionError:
        return Opaque(label_of(kind), "an object that is nested too deeply to be read")
    except Exception as error:  # noqa: BLE001 - libraries may raise anything; the part is opaque then
        return Opaque(label_of(kind), f"{_a(kind)} that cannot be read ({type(error).__name__})")


def _a(kind: type) -> str:
    name = str(qualname_of(kind)).rpartition(".")[2]
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _object(value: object, kind: type) -> Part:
    label = label_of(kind)
    if not hides_state(kind):
        return attributes("object", label, state_of(value, kind))
    if any("__next__" in namespace_of(base) for base in mro_of(kind)):
        return iterator_part(value)
    reduce = copyreg.dispatch_table.get(kind)
    reduced = reduce(value) if reduce is not None else value.__reduce_ex__(4)
    if isinstance(reduced, str):
        return Atom("global", f"{module_of(kind)}:{reduced}")
    made, args, *rest = reduced
    state = rest[0] if rest else None
    items = list(rest[1]) if len(rest) > 1 and rest[1] is not None else []
    pairs = list(rest[2]) if len(rest) > 2 and rest[2] is not None else []
    if isinstance(state, dict):
        state = {name: part for name, part in state.items() if name not in NOISE}
    fields = [("args", (made, *args)), ("state", state), ("items", items), ("pairs", pairs)]
    return attributes("object", label, fields)


def _booster(value: Any, kinds: tuple[type, ...]) -> Part | None:
    """xgboost's Booster and DMatrix, lightgbm's Booster: what they save."""
    names = [qualname_of(kind) for kind in kinds]
    if "Booster" not in names:
        return (
            Opaque(label_of(type(value)), "a data set kept outside Python")
            if "DMatrix" in names
            else None
        )
    if hasattr(value, "save_raw"):
        return Group("booster", label_of(type(value)), (bytes(value.save_raw("ubj")),))
    return Group("booster", label_of(type(value)), (value.model_to_string(),))


def _keras(value: Any, kinds: tuple[type, ...]) -> Part | None:
    if hasattr(type(value), "get_weights") and hasattr(type(value), "get_config"):
        fields = (("config", value.get_config()), ("weights", value.get_weights()))
        return attributes("model", label_of(type(value)), fields)
    return foreign_array_part(value, kinds)


def _figure(value: Any, _kinds: tuple[type, ...]) -> Part | None:
    return Opaque(label_of(type(value)), "a part of a figure, which is compared as a picture")


def _ipython(_value: Any, kinds: tuple[type, ...]) -> Part | None:
    """A display handle is a random number by which an output is updated: no result."""
    if any(qualname_of(kind) == "DisplayHandle" for kind in kinds):
        return Atom("handle", "display")
    return None


def _ours(value: Any, _kinds: tuple[type, ...]) -> Part | None:
    return Opaque(label_of(type(value)), "a part of mm_jupyter")


_KINDS: dict[type, Callable[[Any], Part]] = {
    **KINDS,
    type: class_part,
    types.ModuleType: module_part,
}
_LIBRARIES: dict[str, Callable[[Any, tuple[type, ...]], Part | None]] = {
    "numpy": numpy_part,
    "scipy": scipy_part,
    "pandas": pandas_part,
    "polars": polars_part,
    "pyarrow": pyarrow_part,
    "torch": torch_part,
    "jax": foreign_array_part,
    "jaxlib": foreign_array_part,
    "tensorflow": foreign_array_part,
    "keras": _keras,
    "xgboost": _booster,
    "lightgbm": _booster,
    "matplotlib": _figure,
    "IPython": _ipython,
    "mm_jupyter": _ours,
}
