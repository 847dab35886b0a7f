"""Whether the optimiser of a fitted model ended by itself, or used up its iterations: what ConvergenceWarning says.

Read from what scikit-learn keeps after ``fit`` (``converged_``, ``fit_status_``, ``n_iter_``), so that it is known too
where the warning was filtered.
"""

from __future__ import annotations

from typing import Any

_FAMILIES = frozenset(
    "linear_model neural_network svm mixture decomposition cross_decomposition semi_supervised".split()
)
"""Packages of scikit-learn in which as many iterations as are allowed mean that there were too few."""
_MAX_STEPS = 50


def converged(model: object) -> bool | None:
    """False where the model, or a step of it, did not converge; None where nothing tells. Never raises."""
    try:
        found = [one for part in _parts(model) if (one := _one(part)) is not None]
    except Exception:  # noqa: BLE001 - a class may raise anything from any attribute
        return None
    return all(found) if found else None


def _parts(model: Any) -> list[Any]:
    """The estimators inside a pipeline or a search, the model itself where it is neither."""
    name = type(model).__name__
    if not type(model).__module__.startswith("sklearn."):
        return []
    if name == "Pipeline":
        return [part for _, step in model.steps[:_MAX_STEPS] for part in _parts(step)]
    inner = vars(model).get("best_estimator_") or vars(model).get("estimator_")
    return [model] if inner is None else _parts(inner)


def _one(model: Any) -> bool | None:
    own = vars(model)
    if isinstance(own.get("converged_"), bool):
        return bool(own["converged_"])
    if "fit_status_" in own:
        return int(own["fit_status_"]) == 0
    family = type(model).__module__.split(".")[1]
    limit, done = own.get("max_iter"), own.get("n_iter_")
    if family not in _FAMILIES or not isinstance(limit, int) or limit < 0 or done is None:
        return None
    most = done if isinstance(done, int) else max(int(one) for one in done)
    return most < limit
