"""What a replay kernel gave crosses to the parent as data, whole or not at all."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mm_jupyter.errors import StoreDamaged
from mm_jupyter.kernel.bundle import BundleSink
from mm_jupyter.records import (
    BUNDLE_VERSION,
    BlobDigest,
    Environment,
    Execution,
    Failure,
    FileUse,
    Metric,
    Outcome,
    Output,
    Package,
    Param,
    RandomState,
    RunId,
    RunOpening,
    SeriesChunk,
    SessionId,
)
from mm_jupyter.replaying.bundles import Bundle, read_bundle

SESSION = SessionId("s")
ENVIRONMENT = Environment(
    python="3.11", implementation="CPython", platform="p", machine="m", processor="x", cpus=2,
    packages=(Package(name="a", version="1"),), threads={"OMP_NUM_THREADS": 1},
)  # fmt: skip


def _execution(seq: int, status: Any = "ok", **fields: Any) -> Execution:
    return Execution(
        session=SESSION, seq=seq, cell_id=None, count=seq, source="x = 1", started=1.0,
        seconds=0.5, status=status, **fields,
    )  # fmt: skip


def _opening(**fields: Any) -> RunOpening:
    given = {"kind": "cell", "seq": 2, "cell_id": "c", "source": "x", "environment": None, **fields}
    return RunOpening(experiment="churn", session=SESSION, started=1.0, **given)


def _points(name: str, *steps: int) -> SeriesChunk:
    values = tuple(step / 2 for step in steps)
    return SeriesChunk(name=name, steps=steps, values=values, times=(0.0,) * len(steps))


def _filled() -> tuple[BundleSink, Outcome, list[Execution]]:
    sink = BundleSink()
    shown = sink.put(b"sh", bytearray(b"own"))
    sink.environment(ENVIRONMENT)
    first = _execution(1, random=(RandomState(generator="random", before=None, after=shown),))
    second = _execution(2, "raised", failure=Failure(name="E", message="m", traceback="t"))
    sink.append([first])
    run, _ = sink.open_run(_opening(), [_execution(2, "running")])
    sink.add_points(run, [_points("loss", 0, 1)])
    sink.add_points(run, [_points("loss", 2), _points("acc", 0)])
    outcome = Outcome(
        status="failed",
        seconds=0.5,
        failure=second.failure,
        params=(Param(name="p", value=None), Param(name="q", value=True, origin="given")),
        metrics=(Metric(name="a", value=math.inf), Metric(name="b", value=1.0)),
        outputs=(Output(kind="stream", name="stdout", data={"text/plain": shown}),),
        files=(FileUse(path="a", role="input", digest=None, size=3),),
    )
    sink.close_run(run, outcome, second)
    return sink, outcome, [first, second]


def _written(folder: Path) -> Path:
    sink, _, _ = _filled()
    path = folder / "bundle.zip"
    sink.write(path, [("write", "/etc/x")])
    return path


def test_everything_comes_back_as_it_was(tmp_path: Path) -> None:
    _, outcome, executions = _filled()
    bundle = read_bundle(_written(tmp_path))
    ((opening, kept),) = bundle.outcomes
    assert opening == _opening()
    assert [(one.name, one.steps) for one in kept.series] == [("loss", (0, 1, 2)), ("acc", (0,))]
    assert kept.metrics == outcome.metrics
    assert kept.params == outcome.params
    assert kept.files == outcome.files
    assert kept.failure == outcome.failure
    assert bundle.executions == tuple(executions)
    assert bundle.environment == ENVIRONMENT
    assert bundle.refusals == (("write", "/etc/x"),)
    assert bundle.read(kept.outputs[0].data["text/plain"]) == b"shown"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle.zip"]


def test_runs_come_in_the_order_in_which_they_were_opened(tmp_path: Path) -> None:
    sink = BundleSink()
    runs = [sink.open_run(_opening(source=name), ())[0] for name in "abc"]
    for run in reversed(runs):
        sink.close_run(run, Outcome(status="completed", seconds=float(run)), None)
    sink.open_run(_opening(source="never closed"), ())
    sink.write(tmp_path / "b.zip", [])
    bundle = read_bundle(tmp_path / "b.zip")
    assert [opening.source for opening, _ in bundle.outcomes] == ["a", "b", "c"]
    assert bundle.environment is None


def test_equal_bytes_are_one_blob_and_environments_one_digest() -> None:
    sink = BundleSink()
    assert sink.put(b"ab") == sink.put(b"a", memoryview(b"b"))
    assert len(sink.blobs) == 1
    assert sink.environment(ENVIRONMENT) == sink.environment(ENVIRONMENT)


def test_a_blob_that_is_missing_or_not_what_it_says_is_damage(tmp_path: Path) -> None:
    bundle = read_bundle(_written(tmp_path))
    with pytest.raises(StoreDamaged, match="is missing"):
        bundle.read(BlobDigest("blake2b:00"))
    changed = Bundle((), (), None, (), dict.fromkeys(bundle.blobs, b"other"))
    with pytest.raises(StoreDamaged, match="has other bytes"):
        changed.read(next(iter(bundle.blobs)))


def _document(path: Path, **changes: Any) -> None:
    """Write a bundle with parts of its document replaced."""
    whole = {
        "version": BUNDLE_VERSION, "outcomes": [], "executions": [], "environment": None, "refusals": [],
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bundle.json", json.dumps({**whole, **changes}))


def test_the_smallest_bundle_is_one(tmp_path: Path) -> None:
    _document(tmp_path / "b.zip")
    assert read_bundle(tmp_path / "b.zip").outcomes == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"outcomes": [{"opening": {}, "outcome": {}}]},
        {"outcomes": [7]},
        {"outcomes": 7},
        {"executions": [[]]},
        {"executions": [{"session": "s"}]},
        {"refusals": [["one"]]},
        {"refusals": {"a": 1}},
        {"environment": {"cpus": 1}},
    ],
)
def test_a_document_of_another_shape_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    _document(tmp_path / "b.zip", **changes)
    with pytest.raises(StoreDamaged, match="The replay's bundle is damaged: it cannot be read"):
        read_bundle(tmp_path / "b.zip")


def test_an_unknown_version_is_said(tmp_path: Path) -> None:
    _document(tmp_path / "b.zip", version=BUNDLE_VERSION + 1)
    with pytest.raises(StoreDamaged, match=f"version {BUNDLE_VERSION + 1} is unknown"):
        read_bundle(tmp_path / "b.zip")


@pytest.mark.parametrize(
    "harm",
    [
        lambda _: b"",
        lambda _: b"no zip",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-30],
        lambda data: data.replace(b'"version"', b'"vers\0on"'),
        lambda data: data.replace(b"shown", b"shewn"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, harm: Any) -> None:
    path = _written(tmp_path)
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(StoreDamaged, match="The replay's bundle is damaged"):
        read_bundle(path)


def test_a_file_that_is_not_there_and_json_that_is_too_deep_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreDamaged):
        read_bundle(tmp_path / "nowhere.zip")
    with zipfile.ZipFile(tmp_path / "deep.zip", "w") as archive:
        archive.writestr("bundle.json", "[" * 200_000)
    with pytest.raises(StoreDamaged):
        read_bundle(tmp_path / "deep.zip")


def test_a_bundle_that_would_unpack_to_more_than_the_limit_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        for name in ("bundle.json", "blobs/00"):
            archive.writestr(name, b"{}")
        for info in archive.filelist:
            info.file_size = 2**32 - 2  # what the directory at the end says
    with pytest.raises(StoreDamaged, match="larger than 4 GiB"):
        read_bundle(tmp_path / "b.zip")


def test_a_run_that_was_not_closed_gives_no_outcome() -> None:
    sink = BundleSink()
    run, ref = sink.open_run(_opening(), [_execution(1)])
    assert (run, str(ref)) == (RunId(1), "churn/1")
    assert sink.outcomes == {}
    assert [one.seq for one in sink.executions] == [1]
