"""What a fitted model is: its state, its configuration, the curves of its training. Standard library only."""

from __future__ import annotations

import inspect
import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from mm_jupyter.analysis.fingerprints import MIB, Fingerprint, fingerprint
from mm_jupyter.analysis.fingerprints.objects import expand
from mm_jupyter.analysis.fingerprints.parts import Atom, Group, Part, attributes
from mm_jupyter.analysis.fingerprints.reflection import dict_of, module_of, mro_of
from mm_jupyter.analysis.fingerprints.summary import summary
from mm_jupyter.records import ParamOrigin, Scalar

TEXT = 200
"""Characters kept of a text among the params."""
POINTS = 1_000_000
"""Points of the longest curve that is harvested."""
_NOT_STATE = re.compile(
    r".*_times?_?|n_jobs|nthread|verbos(e|ity)|pre_dispatch|memory|_?version|_sklearn_version"
)
_CURVES = (
    "loss_curve_",
    "validation_scores_",
    "train_score_",
    "validation_score_",
    "oob_scores_",
    "oob_improvement_",
    "estimator_errors_",
)
BOOSTER_JSON = 32 * MIB


def is_model(value: object) -> bool:
    """Whether ``value`` is a fitted estimator, a pipeline of some, a booster, or a module of torch or keras."""
    try:
        return _is_model(value)
    except Exception:  # noqa: BLE001 - the user's estimator may raise anything, and the cell goes on
        return False


def _is_model(value: object) -> bool:
    if issubclass(type(value), type):
        return False
    kinds = mro_of(type(value))
    names = {(module_of(kind).partition(".")[0], kind.__name__) for kind in kinds}
    if names & {
        ("xgboost", "Booster"),
        ("lightgbm", "Booster"),
        ("torch", "Module"),
        ("keras", "Model"),
    }:
        return True
    if any(package == "catboost" and name.startswith("CatBoost") for package, name in names):
        return bool(value.is_fitted())  # type: ignore[attr-defined]
    if not any("get_params" in vars(kind) for kind in kinds):
        return False
    fields = dict_of(value)
    if fields.get("_Booster") is not None:
        return True
    steps = fields.get("steps")
    if type(steps) is list:
        return any(is_model(step[1]) for step in steps if type(step) is tuple and len(step) > 1)
    return any(
        name.endswith("_") and not name.startswith("_")
        for name in fields
        if not name.endswith("__")
    )


def model_state(
    value: object, *, limit_bytes: int = 256 * MIB, form_bytes: int = MIB, seconds: float = 5.0
) -> Fingerprint:
    """The fingerprint of what a model has learnt and how it was set.

    Everything in the model counts but: timings (``*_time_``, ``mean_fit_time``), ``n_jobs``, ``verbose`` and the
    like, the version of the library that wrote it, and where a random generator inside it stands.
    """
    return fingerprint(
        value, limit_bytes=limit_bytes, form_bytes=form_bytes, seconds=seconds, expand=_expand_state
    )


def _expand_state(value: object) -> Part:
    part = _booster_state(value) or _network_state(value) or expand(value)
    if type(part) is not Group:
        return part
    if part.kind == "generator":
        return Atom("generator", part.label)
    if part.pairs and part.kind in ("object", "dict"):
        part.children = _without_noise(part.children)
    return part


def _without_noise(children: Iterable[object]) -> Iterator[object]:
    parts = iter(children)
    for key, value in zip(parts, parts, strict=True):
        if not (type(key) is str and _NOT_STATE.fullmatch(key)):
            yield key
            yield value


def _booster_state(value: Any) -> Part | None:
    """A booster's trees as JSON values or lines of text, so that a difference has a place."""
    kind = type(value)
    package = module_of(kind).partition(".")[0]
    if kind.__name__ != "Booster" or package not in ("xgboost", "lightgbm"):
        return None
    if package == "lightgbm":
        # the parameters that follow the trees hold threads, paths and verbosity
        return Group(
            "booster",
            "lightgbm",
            value.model_to_string().partition("\nparameters:")[0].splitlines(),
        )
    raw = value.save_raw("json")
    return Group(
        "booster", "xgboost", (json.loads(raw) if len(raw) < BOOSTER_JSON else bytes(raw),)
    )


def _network_state(value: Any) -> Part | None:
    """A keras model: its weights and layers. Layers are numbered, because keras' own names count all that were made."""
    if not any(
        module_of(kind).partition(".")[0] == "keras" and kind.__name__ == "Model"
        for kind in mro_of(type(value))
    ):
        return None
    layers = json.dumps(
        value.get_config(), sort_keys=True, default=lambda part: type(part).__name__
    )
    names = dict.fromkeys(re.findall(r'"name": "([^"]+)"', layers))
    for number, name in enumerate(names):
        layers = layers.replace(f'"{name}"', f'"layer {number}"')
    fields = (("layers", layers), ("weights", value.get_weights()))
    return attributes("model", type(value).__name__, fields)


# -- configuration -------------------------------------------------------------------------------------------------


def configuration(value: object) -> dict[str, tuple[Scalar, ParamOrigin]]:
    """The effective configuration of an estimator (``get_params(deep=True)``), empty for anything else.

    A number, text, bool or None is kept; a short list, tuple or dict of those as its text; anything else as its class
    and size. The origin is ``default`` where it equals the default in the signature, else ``given``.
    """
    if issubclass(type(value), type) or not any(
        "get_params" in vars(kind) for kind in mro_of(type(value))
    ):
        return {}
    try:
        params = value.get_params(deep=True)  # type: ignore[attr-defined]
        owners = {
            "": value,
            **{name: part for name, part in params.items() if hasattr(type(part), "get_params")},
        }
        defaults = {name: _defaults(type(owner)) for name, owner in owners.items()}
        found: dict[str, tuple[Scalar, ParamOrigin]] = {}
        for name, setting in sorted(params.items()):
            if _holds_estimators(setting):
                continue  # each is there by its own name
            owner, _, short = name.rpartition("__")
            default = defaults.get(owner, {}).get(short, inspect.Parameter.empty)
            found[name] = (_short(setting), "default" if _same(setting, default) else "given")
        return found
    except Exception:  # noqa: BLE001 - the user's estimator may raise anything, and the cell goes on
        return {}


def _holds_estimators(setting: object) -> bool:
    return type(setting) is list and any(
        type(part) is tuple and any(hasattr(type(item), "get_params") for item in part)
        for part in setting
    )


def _defaults(kind: type) -> dict[str, object]:
    found: dict[str, object] = {}
    for base in reversed(mro_of(kind)):
        if "__init__" in vars(base) and base is not object:
            for name, parameter in inspect.signature(vars(base)["__init__"]).parameters.items():
                found[name] = parameter.default
    return found


def _same(setting: object, default: object) -> bool:
    if setting is default:
        return True
    if default is inspect.Parameter.empty or type(setting) is not type(default):
        return False
    return (
        fingerprint(setting, form_bytes=0, seconds=0.2).digest
        == fingerprint(default, form_bytes=0).digest
    )


def _short(setting: Any) -> Scalar:
    plain = _scalar(setting)
    if plain is not _NO_SCALAR:
        return plain if type(plain) is not str or len(plain) <= TEXT else plain[: TEXT - 3] + "..."
    parts: list[Any] | None = None
    if type(setting) in (list, tuple):
        parts = list(setting)
    elif type(setting) is dict:
        parts = [*setting.keys(), *setting.values()]
    if (
        parts is not None
        and len(parts) <= 40
        and all(_scalar(part) is not _NO_SCALAR for part in parts)
    ):
        text = repr(setting)
        return text if len(text) <= TEXT else text[: TEXT - 3] + "..."
    if callable(setting) and hasattr(setting, "__qualname__"):
        return str(setting.__qualname__)
    return summary(setting)


_NO_SCALAR: Any = object()


def _scalar(setting: Any) -> Any:
    if type(setting) in (str, int, float, bool, type(None)):
        return setting
    if (
        module_of(type(setting)) == "numpy"
        and getattr(setting, "shape", None) == ()
        and setting.dtype.kind in "biuf"
    ):
        return setting.item()
    return _NO_SCALAR


# -- curves --------------------------------------------------------------------------------------------------------


def curves(value: object) -> dict[str, list[float]]:
    """The training curves that a fitted object holds, by name: ``loss_curve``, ``validation_0_logloss``, ``loss``.

    Sources: scikit-learn's ``loss_curve_``, ``validation_scores_``, ``train_score_``, ``validation_score_``,
    ``oob_scores_``, ``oob_improvement_``, ``estimator_errors_``; xgboost's and lightgbm's ``evals_result_``; keras'
    ``history``.
    """
    found: dict[str, list[float]] = {}
    try:
        fields = dict_of(value)
        for name in _CURVES:
            _add(found, name.rstrip("_"), fields.get(name))
        for name in ("evals_result_", "_evals_result"):
            for data, metrics in _items(fields.get(name)):
                for metric, points in _items(metrics):
                    _add(found, f"{data}_{metric}", points)
        history = fields.get("history")
        for metric, points in _items(
            dict_of(history).get("history") if type(history) is not dict else history
        ):
            _add(found, str(metric), points)
    except Exception:  # noqa: BLE001 - the user's estimator may raise anything, and the cell goes on
        return found
    return found


def _items(value: object) -> Iterable[tuple[Any, Any]]:
    return value.items() if isinstance(value, dict) else ()


def _add(found: dict[str, list[float]], name: str, points: Any) -> None:
    """Keep a curve that is a list or a one-dimensional array of numbers."""
    if hasattr(points, "tolist") and getattr(points, "ndim", 0) == 1:
        points = points.tolist()
    if type(points) not in (list, tuple) or not 0 < len(points) <= POINTS:
        return
    numbers = [
        float(point)
        for point in points
        if isinstance(point, (int, float)) or hasattr(point, "__float__")
    ]
    if len(numbers) == len(points) and not all(map(math.isnan, numbers)):
        found[re.sub(r"\W+", "_", name)] = numbers


__all__ = ["configuration", "curves", "is_model", "model_state"]
