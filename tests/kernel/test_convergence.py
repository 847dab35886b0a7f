"""What warns of ConvergenceWarning is said not to have converged, also where nobody saw the warning."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso, LogisticRegression, Ridge, SGDClassifier
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mm_jupyter.kernel.convergence import converged

X, Y = make_classification(200, random_state=0)

MODELS = {
    "logistic": lambda n: LogisticRegression(max_iter=n),
    "perceptron": lambda n: MLPClassifier((4,), max_iter=n, tol=1e-3, random_state=0),
    "lasso": lambda n: Lasso(alpha=0.001, max_iter=n),
    "descent": lambda n: SGDClassifier(max_iter=n, random_state=0),
    "machine": lambda n: SVC(max_iter=n),
    "mixture": lambda n: GaussianMixture(3, max_iter=n, random_state=0),
    "pipeline": lambda n: make_pipeline(StandardScaler(), LogisticRegression(max_iter=n)),
    "search": lambda n: GridSearchCV(LogisticRegression(max_iter=n), {"C": [1.0]}, cv=2),
}


@pytest.mark.parametrize("name", MODELS)
def test_it_agrees_with_the_warning(name: str) -> None:
    for iterations in (1, 5_000):
        model = MODELS[name](iterations)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(X, Y)
        warned = any(issubclass(one.category, ConvergenceWarning) for one in caught)
        assert warned is (iterations == 1)
        assert converged(model) is not warned


class _Hostile:
    __module__ = "sklearn.linear_model"

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


@pytest.mark.parametrize(
    "model",
    [
        Ridge().fit(X, Y),
        RandomForestClassifier(3).fit(X, Y),
        HistGradientBoostingClassifier(max_iter=3).fit(X, Y),
        LogisticRegression(),
        3,
        pytest.param(_Hostile(), id="hostile"),
    ],
)
def test_where_nothing_tells_nothing_is_said(model: object) -> None:
    assert converged(model) is None
