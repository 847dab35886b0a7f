"""The promised JSON: exact keys, strict values."""

from __future__ import annotations

import json
import math

import pytest

from mm_jupyter import wire
from mm_jupyter.errors import NoSuchRun
from mm_jupyter.records import (
    Artifact,
    AuditEntry,
    BlobDigest,
    Cause,
    Change,
    ContentDigest,
    Diff,
    Environment,
    Failure,
    FileUse,
    Item,
    Judgement,
    MetricChange,
    Model,
    ModuleChange,
    NotCompared,
    Package,
    Param,
    Recipe,
    RecipeStep,
    Restored,
    Run,
    RunId,
    RunRef,
    RunRow,
    SessionId,
    TagChange,
)

SUMMARY = {"run", "kind", "status", "params", "metrics", "noise"}


def row() -> RunRow:
    return RunRow(
        ref=RunRef("churn", 7),
        id=RunId(1),
        kind="cell",
        status="completed",
        started=1.0,
        seconds=6.8,
        session=SessionId("s1"),
        notebook="churn.ipynb",
        seq=3,
        cell_id=None,
        params=(Param(name="depth", value=8), Param(name="alpha", value=math.inf)),
        metrics={"auc": 0.86, "loss": math.nan},
        tags={"stage": "baseline"},
        note="a note",
        parent=RunRef("churn", 6),
        within=None,
        verdict="identical",
        models=("m",),
    )


def whole() -> Run:
    digest = ContentDigest("blake2b:" + "0" * 32)
    return Run(
        row=row(),
        source="auc = 1",
        failure=Failure(name="ValueError", message="no", traceback="Traceback"),
        values=(),
        models=(
            Model(
                name="m",
                type="sklearn.Forest",
                state=digest,
                form=None,
                format="pickle5",
                content=BlobDigest("blake3:1"),
                size=12,
            ),
        ),
        outputs=(),
        artifacts=(
            Artifact(
                name="figure 1",
                media_type="image/png",
                content=BlobDigest("blake3:2"),
                digest=digest,
                size=3,
            ),
        ),
        files=(
            FileUse(path="in.csv", role="input", digest=digest, size=1),
            FileUse(path="out.csv", role="output", digest=None, size=2),
        ),
        series={},
        not_kept=(),
        environment=Environment(
            python="3.11.7",
            implementation="CPython",
            platform="Linux",
            machine="x86_64",
            processor="",
            cpus=2,
            packages=(Package(name="numpy", version="2.4"),),
        ),
        git=None,
    )


def test_a_summary_has_the_promised_keys() -> None:
    assert wire.run_summary(row()) == {
        "run": "churn/7",
        "kind": "cell",
        "status": "completed",
        "params": {"depth": 8, "alpha": "Infinity"},
        "metrics": {"auc": 0.86, "loss": "NaN"},
        "noise": {},
    }


def test_a_run_whole_has_the_promised_keys() -> None:
    full = wire.run_full(whole())
    assert full.keys() == SUMMARY | {
        "tags",
        "note",
        "inputs",
        "output_files",
        "artifacts",
        "models",
        "environment",
        "source",
        "error",
        "parent",
        "verdict",
        "seconds",
    }
    assert full["inputs"] == [{"path": "in.csv", "digest": "blake2b:" + "0" * 32, "size": 1}]
    assert full["output_files"] == [{"path": "out.csv", "digest": None, "size": 2}]
    assert full["error"] == {"name": "ValueError", "message": "no", "traceback": "Traceback"}
    assert full["environment"]["packages"] == {"numpy": "2.4"}
    assert (full["parent"], full["verdict"], full["seconds"]) == ("churn/6", "identical", 6.8)


def test_a_recipe_has_the_promised_keys() -> None:
    recipe = Recipe(
        run=RunRef("churn", 7),
        slice="optimistic",
        verified=False,
        steps=(RecipeStep(seq=1, source="a = 1"), RecipeStep(seq=4, source="b = a")),
        of=9,
    )
    assert wire.recipe(recipe) == {
        "run": "churn/7",
        "slice": "optimistic",
        "verified": False,
        "executions": 2,
        "of": 9,
        "cells": ["a = 1", "b = a"],
    }


def test_a_judgement_has_the_promised_keys() -> None:
    judgement = Judgement(
        run=RunRef("churn", 7),
        verdict="diverged",
        said="two replays agree.",
        slice="conservative",
        executions=4,
        of=9,
        items=(Item(kind="metric", name="auc", recorded="1", replayed="2", verdict="diverged"),),
        restored=(Restored(kind="random state", name="random"),),
        not_compared=(NotCompared(kind="value", name="x", why="gone"),),
        causes=(Cause(factor="package", name="numpy", recorded="1", current="2", confirmed=None),),
        replays=2,
        seconds=3.5,
        at=1.0,
    )
    assert wire.judgement(judgement) == {
        "run": "churn/7",
        "verdict": "diverged",
        "recipe": {"slice": "conservative", "executions": 4, "of": 9},
        "items": [
            {
                "kind": "metric",
                "name": "auc",
                "recorded": "1",
                "replayed": "2",
                "verdict": "diverged",
            }
        ],
        "restored": [{"kind": "random state", "name": "random"}],
        "not_compared": [{"kind": "value", "name": "x", "why": "gone"}],
        "causes": [
            {
                "factor": "package",
                "name": "numpy",
                "recorded": "1",
                "current": "2",
                "confirmed": None,
            }
        ],
        "replays": 2,
        "seconds": 3.5,
        "environment": "current",
    }


def test_an_execution_report_has_the_promised_keys() -> None:
    report = wire.execution_report(SessionId("s1"), "churn.ipynb", [row()])
    assert report.keys() == {"session", "notebook", "runs"}
    assert [run.keys() for run in report["runs"]] == [SUMMARY]


def test_a_diff_an_audit_entry_a_fault_and_an_error() -> None:
    diff = Diff(
        old=RunRef("churn", 6),
        new=RunRef("churn", 7),
        changes=(Change(kind="params", name="alpha", old=None, new=math.nan),),
        metrics=(MetricChange(name="auc", old=None, new=0.9),),
        source=("+a = 1",),
        tags=(TagChange(name="stage", old=None, new="baseline"),),
        modules=(
            ModuleChange(
                name="features", path="features.py", old=None, new=None, lines=("-b = 1",)
            ),
        ),
        same=3,
    )
    assert wire.diff(diff) == {
        "old": "churn/6",
        "new": "churn/7",
        "changes": [{"kind": "params", "name": "alpha", "old": None, "new": "NaN"}],
        "metrics": [{"name": "auc", "old": None, "new": 0.9}],
        "tags": [{"name": "stage", "old": None, "new": "baseline"}],
        "source": ["+a = 1"],
        "modules": [{"name": "features", "path": "features.py", "lines": ["-b = 1"]}],
        "same": 3,
    }
    entry = AuditEntry(
        number=1, at=2.0, who="me", what="tag", object="churn/7", before=None, after='{"a": "b"}'
    )
    assert wire.audit_entry(entry) == {
        "number": 1,
        "at": 2.0,
        "who": "me",
        "what": "tag",
        "object": "churn/7",
        "before": None,
        "after": {"a": "b"},
    }
    assert wire.fault("blob", "blake3:1", "it is gone").keys() == {"kind", "name", "why"}
    assert wire.error(NoSuchRun("churn/9", ("churn/7",))) == {
        "error": {
            "code": "no-such-run",
            "message": "There is no run churn/9. Did you mean churn/7?",
        }
    }


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_output_is_strict_json_wherever_a_float_stands(value: float) -> None:
    text = wire.dumps({"a": [value, (value,)], "b": {"c": value}})

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    data = json.loads(text, parse_constant=refuse)
    assert isinstance(data["a"][0], str)
    assert data["a"][0] == data["a"][1][0] == data["b"]["c"]


def test_text_stays_in_its_own_script() -> None:
    assert "für 客户" in wire.dumps({"note": "für 客户"})


def test_what_is_no_text_is_an_escape_that_every_terminal_takes() -> None:
    said = wire.dumps({"path": "caf\udce9.csv"})
    assert said.encode()
    assert json.loads(said) == {"path": "caf\udce9.csv"}
