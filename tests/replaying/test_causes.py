"""What differs between two environments is suspected, by name, and never confirmed by looking."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mm_jupyter.records import Environment, Model, Package
from mm_jupyter.replaying.causes import suspects, unconverged

HERE = Environment(
    python="3.11.7",
    implementation="CPython",
    platform="linux",
    machine="x86_64",
    processor="Xeon",
    cpus=2,
    packages=(Package(name="numpy", version="1.26.4"), Package(name="pandas", version="2.1")),
    blas=("openblas 0.3.23",),
    threads={"OMP_NUM_THREADS": 2},
    variables={"PYTHONHASHSEED": "0"},
)


def _package(name: str, version: str) -> Package:
    return Package(name=name, version=version)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"python": "3.12.1"}, [("python", "python", "3.11.7", "3.12.1")]),
        ({"processor": "EPYC"}, [("processor", "processor", "Xeon", "EPYC")]),
        ({"blas": ("mkl 2024",)}, [("blas", "blas", "openblas 0.3.23", "mkl 2024")]),
        ({"blas": ()}, []),  # not loaded there: nothing is known
        ({"threads": {"OMP_NUM_THREADS": 8}}, [("threads", "OMP_NUM_THREADS", "2", "8")]),
        ({"threads": {}}, [("threads", "OMP_NUM_THREADS", "2", None)]),
        ({"variables": {}}, [("variable", "PYTHONHASHSEED", "0", None)]),
        ({"variables": {"PYTHONHASHSEED": "0", "LANG": "C"}}, [("variable", "LANG", None, "C")]),
        (
            {"packages": (_package("numpy", "2.0"), _package("new", "1"))},
            [("package", "numpy", "1.26.4", "2.0"), ("package", "pandas", "2.1", None)],
        ),
        ({"cpus": 64, "platform": "darwin"}, []),
        (
            {"python": "3.12", "packages": (_package("numpy", "2.0"), _package("pandas", "2.1"))},
            [("package", "numpy", "1.26.4", "2.0"), ("python", "python", "3.11.7", "3.12")],
        ),
    ],
)
def test_each_factor_that_differs_is_named(change: dict[str, Any], expected: list[Any]) -> None:
    found = suspects(HERE, replace(HERE, **change))
    assert [(one.factor, one.name, one.recorded, one.current) for one in found] == expected
    assert all(one.confirmed is None for one in found)


def test_without_one_of_the_two_nothing_is_suspected() -> None:
    assert suspects(None, HERE) == suspects(HERE, None) == ()


@pytest.mark.parametrize(("converged", "named"), [(False, ["model"]), (True, []), (None, [])])
def test_a_model_that_did_not_converge_is_suspected(
    converged: bool | None, named: list[str]
) -> None:
    model = Model(
        name="model", type="sklearn.LogisticRegression", state=None, form=None, format=None,
        content=None, size=0, converged=converged,
    )  # fmt: skip
    assert [cause.name for cause in unconverged([model])] == named
