"""Which way is better: read from a metric's name."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Literal

Direction = Literal["up", "down"]

WITHIN = 2.0
"""A difference of two runs counts when it is larger than so many standard deviations of a difference: of such that are
chance alone about one in twenty is, where the noise is normal."""

_DOWN = frozenset(
    "loss error err rmse mse mae mape msle rmsle nll perplexity brier deviance seconds time duration latency".split()
)
_UP = frozenset(
    "accuracy acc auc auroc auprc ap f1 fbeta r2 score precision recall sensitivity specificity "
    "jaccard iou dice kappa mcc ndcg bleu rouge likelihood loglik".split()
)


@lru_cache(maxsize=256)
def direction(metric: str) -> Direction | None:
    """``up`` where more of ``metric`` is better, ``down`` where less is, None where its name does not say.

    The words of the name decide, and of the two kinds ``down`` wins: ``log_loss``, ``val_loss``, ``fit_time``,
    ``valRMSE`` and ``mean_absolute_error`` are ``down``; ``test_accuracy``, ``roc_auc`` and ``f1_macro`` are ``up``;
    ``neg_log_loss`` is ``up``, as scikit-learn's scorers mean it.
    """
    words = re.findall(
        r"[a-z]+[0-9]*|[0-9]+", re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", metric).lower()
    )
    if any(word in _DOWN for word in words):
        return "up" if words[0] in ("neg", "negative") else "down"
    return "up" if any(word in _UP for word in words) else None


def better(
    metric: str, delta: float, a: float | None = None, b: float | None = None
) -> bool | None:
    """Whether a change of ``metric`` by ``delta`` is for the better; None without a judgement, and where it is within
    the noise of the two runs (``a``, ``b``: standard deviations, None where not measured)."""
    way = direction(metric)
    if way is None or delta == 0 or delta != delta or within_noise(delta, a, b):
        return None
    return (delta > 0) == (way == "up")


def within_noise(change: float, a: float | None, b: float | None) -> bool | None:
    """Whether a difference of two runs' metrics is no larger than their noise; ``a``, ``b`` are their standard
    deviations. Where one is not known it is taken to be the other's; None where neither is.

    The variance of a difference of independent values is the sum of their variances.
    """
    known = [one for one in (a, b) if one is not None]
    if not known:
        return None
    first, second = known[0], known[-1]
    return abs(change) <= WITHIN * math.hypot(first, second)
