"""What counts as a model, and what of it counts."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xgboost
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from mm_jupyter.analysis.models import configuration, curves, is_model, model_state

X = np.random.default_rng(0).normal(size=(120, 5))
Y = (X[:, 0] > 0).astype(int)

MODELS: dict[str, Callable[..., Any]] = {
    "forest": lambda **o: RandomForestClassifier(5, random_state=0, **o),
    "boosting": lambda **o: GradientBoostingClassifier(n_estimators=3, random_state=0, **o),
    "histogram": lambda **o: HistGradientBoostingClassifier(max_iter=3, random_state=0, **o),
    "ada": lambda **o: AdaBoostClassifier(n_estimators=3, random_state=0, **o),
    "network": lambda **o: MLPClassifier(max_iter=3, random_state=0, **o),
    "line": LogisticRegression,
    "descent": lambda **o: SGDClassifier(random_state=0, **o),
    "support": SVC,
    "neighbours": lambda **o: KNeighborsClassifier(algorithm="kd_tree", **o),
    "clusters": lambda **o: KMeans(3, random_state=0, n_init=2, **o),
    "search": lambda **o: GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=2, **o),
    "pipeline": lambda **o: make_pipeline(StandardScaler(), LogisticRegression(), **o),
    "xgboost": lambda **o: xgboost.XGBClassifier(n_estimators=3, random_state=0, **o),
}


def fitted(name: str, scale: float = 1.0, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return MODELS[name](**options).fit(X * scale, Y)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_one_when_it_is_fitted(name: str) -> None:
    assert not is_model(MODELS[name]())
    assert is_model(fitted(name))


class Raising:
    def __getattribute__(self, name: str) -> Any:
        raise ZeroDivisionError


@pytest.mark.parametrize(
    "value", [None, 1, "a", [1], RandomForestClassifier, {"get_params": 1}, object()]
)
def test_other_values_are_no_models(value: object) -> None:
    assert not is_model(value)
    assert configuration(value) == {}
    assert curves(value) == {}


def test_a_value_that_raises_is_no_model() -> None:
    test_other_values_are_no_models(Raising())


def test_transformers_and_boosters_are_models() -> None:
    assert is_model(StandardScaler().fit(X))
    assert is_model(fitted("xgboost").get_booster())
    columns = ColumnTransformer([("a", OneHotEncoder(), [0])])
    assert is_model(make_pipeline(columns).fit(X.round(), Y))


@pytest.mark.parametrize("name", MODELS)
def test_state_is_what_was_learnt(name: str) -> None:
    state = model_state(fitted(name))
    assert state.why is None
    assert state.digest is not None
    assert state.form is not None
    assert model_state(fitted(name)).digest == state.digest
    assert model_state(fitted(name, scale=3.0)).digest != state.digest


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("forest", {"n_jobs": 2}),
        ("forest", {"verbose": 0, "n_jobs": -1}),
        ("search", {"n_jobs": 1}),
        ("xgboost", {"n_jobs": 1, "verbosity": 0}),
    ],
)
def test_how_it_was_computed_is_no_state(name: str, options: dict[str, Any]) -> None:
    assert model_state(fitted(name, **options)).digest == model_state(fitted(name)).digest


def test_a_generator_that_only_moved_is_no_state() -> None:
    model = LogisticRegression().fit(X, Y)
    model.random_state = np.random.RandomState(0)
    before = model_state(model).digest
    model.random_state.rand()
    assert model_state(model).digest == before
    model.coef_[0, 0] += 1e-12
    assert model_state(model).digest != before


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (RandomForestClassifier(), {}),
        (RandomForestClassifier(200, max_depth=None), {"n_estimators": 200}),
        (LogisticRegression(C=1), {"C": 1}),
        (LogisticRegression(C=np.float64(1.0)), {"C": 1.0}),
        (
            LogisticRegression(class_weight={0: 1, 1: 5}),
            {"class_weight": "{0: 1, 1: 5}"},
        ),
        (MLPClassifier(hidden_layer_sizes=(10, 5)), {"hidden_layer_sizes": "(10, 5)"}),
        (SVC(kernel=np.dot), {"kernel": "dot"}),
        (
            make_pipeline(StandardScaler(with_mean=False), LogisticRegression(C=3.0)),
            {
                "logisticregression": "LogisticRegression",
                "logisticregression__C": 3.0,
                "standardscaler": "StandardScaler",
                "standardscaler__with_mean": False,
            },
        ),
        (xgboost.XGBClassifier(max_depth=2), {"max_depth": 2}),
    ],
)
def test_what_was_given_is_told_from_defaults(model: Any, given: dict[str, Any]) -> None:
    found = configuration(model)
    assert {name: value for name, (value, origin) in found.items() if origin == "given"} == given
    assert all(origin in ("given", "default") for _, origin in found.values())


def test_the_whole_effective_configuration_is_there() -> None:
    found = configuration(RandomForestClassifier(n_estimators=200))
    assert found.keys() == RandomForestClassifier().get_params().keys()
    assert found["max_features"] == ("sqrt", "default")
    assert found["max_depth"] == (None, "default")


def test_long_settings_are_cut() -> None:
    model = LogisticRegression(class_weight=dict.fromkeys(range(1000), 1.0), solver="x" * 1000)
    found = configuration(model)
    assert found["class_weight"] == ("dict of 1,000", "given")
    assert len(str(found["solver"][0])) == 200


def test_curves_are_those_of_the_training() -> None:
    network = fitted("network", early_stopping=True)
    assert curves(network) == {
        "loss_curve": [float(point) for point in network.loss_curve_],
        "validation_scores": [float(point) for point in network.validation_scores_],
    }
    boosting = fitted("boosting")
    assert curves(boosting) == {"train_score": boosting.train_score_.tolist()}
    trees = xgboost.XGBClassifier(n_estimators=3).fit(X, Y, eval_set=[(X, Y)], verbose=False)
    assert curves(trees) == {
        "validation_0_logloss": trees.evals_result()["validation_0"]["logloss"]
    }
    assert curves(fitted("line")) == {}


class History:
    """What keras' fit returns."""

    def __init__(self) -> None:
        self.history = {"loss": [0.5, 0.25], "val_loss": [0.6, 0.5], "note": ["a"], "lr": []}


def test_a_history_holds_curves() -> None:
    assert curves(History()) == {"loss": [0.5, 0.25], "val_loss": [0.6, 0.5]}
