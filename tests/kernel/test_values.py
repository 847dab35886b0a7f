"""Params, metrics, models and values are read from the names that a cell bound."""

from __future__ import annotations

import enum
import fractions
import math
import warnings
from typing import Any

import numpy
import pytest
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier

from mm_jupyter.analysis.secrets import Redactor
from mm_jupyter.kernel.bundle import BundleSink
from mm_jupyter.kernel.values import (
    MAX_TEXT,
    Harvest,
    Wanted,
    content_digest,
    harvest,
    param_value,
    real_number,
)

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


class Level(enum.IntEnum):
    HIGH = 3


class NoRepr:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


def _harvest(namespace: dict[str, Any], redactor: Redactor, **wanted: Any) -> Harvest:
    wanted.setdefault("bound", tuple(namespace))
    return harvest(namespace, Wanted(**wanted), BundleSink(), redactor)


def _params(found: Harvest) -> dict[str, Any]:
    return {name: param.value for name, param in found.params.items()}


def _metrics(found: Harvest) -> dict[str, float]:
    return {name: metric.value for name, metric in found.metrics.items()}


def test_a_literal_is_a_param_and_a_computed_number_is_a_metric(redactor: Redactor) -> None:
    found = _harvest(
        {"depth": 3, "acc": 0.9, "text": "ab", "flag": True, "name": "computed"},
        redactor,
        literals={"depth": 3, "text": "ab", "flag": True},
    )
    assert _params(found) == {"depth": 3, "text": "ab", "flag": True}
    assert _metrics(found) == {"acc": 0.9}
    assert [value.name for value in found.values] == ["depth", "acc", "text", "flag", "name"]
    assert found.not_kept == []


def test_a_literal_that_was_changed_later_in_the_cell_is_a_metric(redactor: Redactor) -> None:
    found = _harvest({"total": 6}, redactor, literals={"total": 0})
    assert _params(found) == {}
    assert _metrics(found) == {"total": 6.0}


def test_the_users_word_goes_before_ours(redactor: Redactor) -> None:
    found = _harvest(
        {"depth": 3, "acc": 0.9, "earlier": 7, "limit": 5},
        redactor,
        bound=("depth", "acc"),
        literals={"depth": 3},
        params=("acc", "earlier"),
        metrics=("depth", "limit", "gone"),
    )
    assert _params(found) == {"acc": 0.9, "earlier": 7}
    assert _metrics(found) == {"depth": 3.0, "limit": 5.0}
    assert [(note.kind, note.name, note.why) for note in found.not_kept] == [
        ("metric", "gone", "no such name")
    ]
    assert [value.name for value in found.values] == ["depth", "acc"]


def test_a_metric_that_is_no_number_is_named(redactor: Redactor) -> None:
    found = _harvest({"acc": "high"}, redactor, metrics=("acc",))
    assert found.not_kept[0].why == "it holds a str, no real number"


def test_what_papermill_gave_is_a_param_though_another_cell_bound_it(redactor: Redactor) -> None:
    assert _params(_harvest({"alpha": 0.5}, redactor, bound=(), given=("alpha",))) == {"alpha": 0.5}


def test_loop_variables_private_names_and_modules_are_no_results(redactor: Redactor) -> None:
    found = _harvest({"i": 4, "_tmp": 1.5, "math": math, "x": 1.0}, redactor, loops=frozenset("i"))
    assert _metrics(found) == {"x": 1.0}
    assert [value.name for value in found.values] == ["i", "x"]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1.0),
        (-0.5, -0.5),
        (math.inf, math.inf),
        (10**400, None),
        (fractions.Fraction(1, 4), 0.25),
        (numpy.float32(0.5), 0.5),
        (numpy.int64(7), 7.0),
        (numpy.array(2.5), 2.5),
        (True, None),
        (numpy.True_, None),
        ("1.5", None),
        (numpy.str_("1.5"), None),
        (1j, None),
        (numpy.complex128(1 + 2j), None),
        (numpy.datetime64("2026-01-01"), None),
        (numpy.timedelta64(5, "s"), None),
        (numpy.array([1.5]), None),
        (None, None),
        ([], None),
    ],
)
def test_which_values_are_real_numbers(value: Any, number: float | None) -> None:
    assert real_number(value) == number


def test_nan_is_a_number() -> None:
    assert math.isnan(real_number(numpy.float64("nan")) or 0.0)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (None, None),
        (True, True),
        (numpy.True_, True),
        (numpy.int64(2**60 + 1), 2**60 + 1),
        (numpy.float64(0.1), 0.1),
        (numpy.str_("a"), "a"),
        (Level.HIGH, 3),
        ((1, "a"), "(1, 'a')"),
        (NoRepr(), "<NoRepr>"),
        ("x" * 501, "x" * 497 + "..."),
        (list(range(1000)), str(list(range(1000)))[: MAX_TEXT - 3] + "..."),
    ],
)
def test_a_param_is_a_scalar_of_pythons_own(value: Any, kept: Any, redactor: Redactor) -> None:
    found = param_value("p", value, redactor)
    assert found == kept
    assert type(found) is type(kept)


def test_secrets_are_marked_and_half_of_one_is_never_left(redactor: Redactor) -> None:
    for value in (TOKEN, {"key": TOKEN}, "x" * 485 + " " + TOKEN):
        text = str(param_value("p", value, redactor))
        assert TOKEN[4:12] not in text
    found = _harvest(
        {"password": "s3cr3tX9!", "n": 1}, redactor, literals={"password": "s3cr3tX9!"}
    )
    assert "s3cr3tX9!" not in str(found)
    (value, _) = found.values
    again = _harvest({"password": "s3cr3tX9!"}, redactor).values[0]
    other = _harvest({"password": "0therX9!z"}, redactor).values[0]
    assert value.digest == again.digest != other.digest


# Models


def _fit(**options: Any) -> Any:
    points = numpy.arange(20.0).reshape(10, 2)
    return LogisticRegression(**options).fit(points, [0, 1] * 5)


def test_a_fitted_model_gives_its_whole_configuration(redactor: Redactor) -> None:
    model = _fit(C=0.5)
    found = _harvest({"clf": model, "same": model, "n": 1}, redactor)
    assert list(found.models) == ["clf"]
    assert found.models["clf"].type == "sklearn.LogisticRegression"
    assert found.params["C"].value == 0.5
    assert found.params["C"].origin == "given"
    assert found.params["max_iter"].origin == "default"
    assert "clf" not in [value.name for value in found.values]


def test_a_cell_that_makes_two_models_names_their_params_apart(redactor: Redactor) -> None:
    found = _harvest({"a": _fit(C=1.0), "b": _fit(C=2.0)}, redactor)
    assert found.params["a.C"].value == 1.0
    assert found.params["b.C"].value == 2.0
    assert "C" not in found.params


def test_the_authors_param_of_the_same_name_stays(redactor: Redactor) -> None:
    found = _harvest({"C": 3, "clf": _fit(C=0.5)}, redactor, literals={"C": 3})
    assert found.params["C"].value == 3
    assert found.params["clf.C"].value == 0.5


def test_a_model_fitted_in_place_counts_and_an_unfitted_one_does_not(redactor: Redactor) -> None:
    namespace = {"old": _fit(), "fresh": SGDClassifier()}
    found = _harvest(namespace, redactor, bound=("fresh",), touched=("old",))
    assert list(found.models) == ["old"]


def test_model_by_word_and_one_that_is_not_there(redactor: Redactor) -> None:
    found = _harvest({"table": {"a": 1}}, redactor, models=("table", "gone"))
    assert list(found.models) == ["table"]
    assert [(note.kind, note.name) for note in found.not_kept] == [("model", "gone")]


def test_a_fitted_objects_curve_is_a_series(redactor: Redactor) -> None:
    points = numpy.arange(20.0).reshape(10, 2)
    net = MLPClassifier((2,), max_iter=5, tol=0, n_iter_no_change=9, solver="sgd", random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it did not converge
        net.fit(points, [0, 1] * 5)
    found = _harvest({"net": net}, redactor)
    (chunk,) = [chunk for chunk in found.series if chunk.name.startswith("loss_curve")]
    assert chunk.steps == (0, 1, 2, 3, 4)
    assert chunk.values == tuple(net.loss_curve_)
    assert len(chunk.times) == 5


# Odd values


def test_what_cannot_be_marked_is_named_and_the_rest_is_kept(redactor: Redactor) -> None:
    def generate() -> Any:
        yield 1

    found = _harvest({"g": generate(), "bad": NoRepr(), "x": 1.5}, redactor)
    assert {value.name for value in found.values} == {"g", "bad", "x"}
    (undigested,) = [value for value in found.values if value.name == "g"]
    assert undigested.digest is None
    assert undigested.why
    assert any(note.name == "g" for note in found.not_kept)
    assert _metrics(found) == {"x": 1.5}


def test_a_form_that_holds_a_secret_is_not_kept(redactor: Redactor) -> None:
    plain, secret = (_harvest({"v": {"k": text}}, redactor).values[0] for text in ("plain", TOKEN))
    assert plain.form is not None
    assert secret.form is None
    assert TOKEN not in secret.summary


def test_equal_bytes_have_equal_digests() -> None:
    assert content_digest(b"a") == content_digest(b"a") != content_digest(b"b")
    assert content_digest(b"").startswith("blake2b:")
    assert len(content_digest(b"")) == len("blake2b:") + 32
