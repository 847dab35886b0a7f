"""What differs between two runs, most telling first."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from mm_jupyter.analysis.diffing import changes, diff_runs, unified
from mm_jupyter.records import (
    BlobDigest,
    Change,
    ContentDigest,
    Environment,
    FileUse,
    GitState,
    InputChange,
    LocalModule,
    MetricChange,
    Model,
    ModuleChange,
    Package,
    Param,
    Run,
    RunId,
    RunRef,
    RunRow,
    SessionId,
    TagChange,
)


def run(version: int, **parts: Any) -> Run:
    """A run; ``params``, ``metrics``, ``tags`` and ``note`` go to its row."""
    row: dict[str, Any] = {"params": (), "metrics": {}, "tags": {}, "note": None, "models": ()}
    row.update({name: parts.pop(name) for name in tuple(parts) if name in row and name != "models"})
    whole: dict[str, Any] = dict.fromkeys(
        ("values", "models", "outputs", "artifacts", "files", "not_kept"), ()
    )
    whole.update(source="", failure=None, series={}, environment=None, git=None)
    whole.update(parts)
    return Run(
        row=RunRow(
            ref=RunRef("churn", version),
            id=RunId(version),
            kind="cell",
            status="completed",
            started=0.0,
            seconds=1.0,
            session=SessionId("s"),
            notebook=None,
            seq=1,
            cell_id=None,
            parent=None,
            within=None,
            verdict=None,
            **row,
        ),
        **whole,
    )


def used(path: str, digest: str, size: int) -> FileUse:
    return FileUse(path=path, role="input", digest=ContentDigest(f"blake2b:{digest}"), size=size)


ENVIRONMENT = Environment(
    python="3.11.7",
    implementation="CPython",
    platform="Linux",
    machine="x86_64",
    processor="",
    cpus=2,
    packages=(Package(name="numpy", version="1.26"), Package(name="pandas", version="2.2")),
    threads={"openblas": 2},
    variables={"PYTHONHASHSEED": "0"},
)


def chips(one: Run, other: Run, **options: Any) -> list[tuple[Any, ...]]:
    found = changes(diff_runs(one, other, **options))
    return [(change.kind, change.name, change.old, change.new) for change in found]


def test_equal_runs_do_not_differ() -> None:
    parts: dict[str, Any] = {
        "params": (Param(name="a", value=float("nan")),),
        "metrics": {"auc": 0.5},
        "files": (used("a.csv", "1", 10),),
        "environment": ENVIRONMENT,
        "source": "a = 1",
    }
    found = diff_runs(run(1, **parts), run(2, **parts))
    assert not found
    assert (found.old, found.new) == (RunRef("churn", 1), RunRef("churn", 2))
    assert found.metrics == (MetricChange(name="auc", old=0.5, new=0.5),)
    # a param, an input, and of the environment seven facts, two packages, threads and a variable
    assert found.same == 2 + 7 + 4
    assert changes(found) == ()


def test_the_most_telling_comes_first() -> None:
    newer = dataclasses.replace(
        ENVIRONMENT, python="3.12.1", packages=(Package(name="numpy", version="2.4"),)
    )
    one = run(
        1,
        params=(
            Param(name="max_features", value="auto", origin="default"),
            Param(name="n_estimators", value=100, origin="default"),
            Param(name="stage", value="a"),
        ),
        files=(used("b.csv", "12345678ff", 10),),
        source="model = fit(100)\nprint(model)",
        environment=ENVIRONMENT,
        models=(model("forest", "sklearn.RandomForestClassifier"),),
    )
    other = run(
        2,
        params=(
            Param(name="max_features", value="sqrt", origin="default"),
            Param(name="n_estimators", value=200, origin="given"),
            Param(name="stage", value="b"),
            Param(name="depth", value=None, origin="given"),
        ),
        files=(used("b.csv", "87654321ff", 10), used("a.csv", "1", 2_500_000)),
        source="model = fit(200)\nshow(model)",
        environment=newer,
        models=(model("forest", "sklearn.HistGradientBoostingClassifier"),),
    )
    assert chips(one, other) == [
        ("data", "b.csv", "12345678", "87654321"),
        ("data", "a.csv", None, "2.5 MB"),
        ("params", "stage", "a", "b"),
        ("params", "n_estimators", 100, 200),
        ("params", "depth", None, "None"),
        ("params", "max_features", "auto", "sqrt"),
        ("code", "code", None, "+2 -2"),
        ("environment", "python", "3.11.7", "3.12.1"),
        ("environment", "numpy", "1.26", "2.4"),
        ("environment", "pandas", "2.2", None),
        (
            "model",
            "forest",
            "sklearn.RandomForestClassifier",
            "sklearn.HistGradientBoostingClassifier",
        ),
    ]


def model(name: str, type_: str) -> Model:
    return Model(name=name, type=type_, state=None, form=None, format=None, content=None, size=0)


@pytest.mark.parametrize(
    ("old", "new", "params", "said"),
    [
        ("fit(n=100)", "fit(n=200)", True, False),
        ("fit(n=100)", "fit(n=200)", False, True),
        ("fit(n=100)", "fit(n=200)\nscore()", True, True),
        ("fit('a')", "fit('b')", True, False),
        ("fit(a)", "fit(b)", True, True),
        ("x = -1.5e3", "x = 2", True, False),
    ],
)
def test_a_literal_that_is_a_param_is_not_said_twice(
    old: str, new: str, params: bool, said: bool
) -> None:
    values = (100, 200) if params else (100, 100)
    one, other = (
        run(version, source=source, params=(Param(name="n", value=value),))
        for version, source, value in zip((1, 2), (old, new), values, strict=True)
    )
    found = diff_runs(one, other)
    assert any(change.kind == "code" for change in found.changes)
    assert any(change.kind == "code" for change in changes(found)) is said


def test_source_shows_only_what_changed() -> None:
    old = "\n".join(f"line{number}" for number in range(30))
    lines = unified(old, old.replace("line15", "new"))
    assert lines == (
        "@@ -14,5 +14,5 @@",
        " line13",
        " line14",
        "-line15",
        "+new",
        " line16",
        " line17",
    )
    assert unified(old, old) == ()
    found = diff_runs(run(1, source="a"), run(2, source="a"), sources=("a", "b"))
    assert found.source == ("@@ -1 +1 @@", "-a", "+b")


def test_types_and_signs_of_params_count() -> None:
    one, other = (
        run(version, params=tuple(Param(name=str(n), value=v) for n, v in enumerate(values)))
        for version, values in ((1, (1, True, 0.5)), (2, (1.0, 1, 0.5)))
    )
    assert chips(one, other) == [("params", "0", 1, 1.0), ("params", "1", True, 1)]


def test_modules_of_the_project_are_code() -> None:
    texts = {BlobDigest("b:1"): b"x = 1\n", BlobDigest("b:2"): b"x = 2\ny = 3\n"}

    def module(name: str, number: int) -> LocalModule:
        digest = ContentDigest(f"blake2b:{number}234567890")
        return LocalModule(
            name=name, path=f"{name}.py", digest=digest, source=BlobDigest(f"b:{number}")
        )

    modules: dict[str, Any] = {
        "modules_a": [module("prepare", 1), module("same", 1), module("old", 1)],
        "modules_b": [module("prepare", 2), module("same", 1)],
    }
    assert chips(run(1), run(2), **modules) == [
        ("code", "prepare.py", "12345678", "22345678"),
        ("code", "old.py", "12345678", None),
    ]
    found = diff_runs(run(1), run(2), **modules, read=texts.__getitem__)
    assert found.changes[0] == Change(kind="code", name="prepare.py", old=None, new="+2 -1")
    assert found.modules[0] == ModuleChange(
        name="prepare",
        path="prepare.py",
        old=ContentDigest("blake2b:1234567890"),
        new=ContentDigest("blake2b:2234567890"),
        lines=("@@ -1 +1,2 @@", "-x = 1", "+x = 2", "+y = 3"),
    )
    assert found.same == 1


def test_the_rest_of_a_run() -> None:
    one = run(1, tags={"stage": "a", "x": "1"}, note=None, metrics={"auc": 0.5, "loss": 1.0})
    other = run(
        2,
        tags={"stage": "b", "x": "1"},
        note="better",
        metrics={"auc": 0.6, "f1": 0.7},
        files=(used("a.csv", "1", 999),),
        git=GitState(commit="0123456789abcdef", branch="main", dirty=False),
    )
    found = diff_runs(one, other)
    assert found.tags == (
        TagChange(name="stage", old="a", new="b"),
        TagChange(name="note", old=None, new="better"),
    )
    assert found.metrics == (
        MetricChange(name="auc", old=0.5, new=0.6),
        MetricChange(name="loss", old=1.0, new=None),
        MetricChange(name="f1", old=None, new=0.7),
    )
    assert found.inputs == (
        InputChange(
            path="a.csv", old=None, new=ContentDigest("blake2b:1"), old_size=None, new_size=999
        ),
    )
    assert found.changes == (
        Change(kind="data", name="a.csv", old=None, new="999 B"),
        Change(kind="environment", name="git commit", old=None, new="0123456789ab"),
    )
    assert changes(found) == found.changes[:1]
