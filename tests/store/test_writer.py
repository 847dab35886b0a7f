"""Every change is whole, audited and comes back as it went in."""

from __future__ import annotations

import dataclasses
import inspect
import json
import math
import threading
from typing import Any

import pytest

from mm_jupyter.errors import BadName, NoSuchRun, NotFound
from mm_jupyter.kernel.sink import Sink
from mm_jupyter.records import (
    Artifact,
    Asked,
    BlobDigest,
    ContentDigest,
    Environment,
    Failure,
    FileUse,
    GitState,
    Judgement,
    LocalModule,
    Metric,
    Model,
    NotKept,
    Outcome,
    Output,
    Package,
    Param,
    RandomState,
    RunId,
    RunRef,
    Scalar,
    SessionId,
    Value,
)
from mm_jupyter.store import Store, Writer

BLOB = BlobDigest("blake3:" + "0" * 64)
MARK = ContentDigest("blake2b:" + "1" * 32)
FILE = FileUse(path="data/a b.csv", role="input", digest=MARK, size=12, content=BLOB)
FAILURE = Failure(name="ValueError", message="no", traceback="Traceback ...")
ENVIRONMENT = Environment(
    python="3.11.7",
    implementation="cpython",
    platform="Linux",
    machine="x86_64",
    processor="EPYC",
    cpus=2,
    packages=(Package(name="a", version="1", origin="file:///x"), Package(name="b", version="2")),
    blas=("OpenBLAS",),
    threads={"openblas": 2},
    variables={"LANG": "C"},
)
OUTCOME = Outcome(
    status="failed",
    seconds=2.5,
    failure=FAILURE,
    params=(Param(name="n", value=3, origin="given"),),
    metrics=(Metric(name="loss", value=0.25),),
    tags={"stage": "late"},
    note="a note",
    values=(Value(name="x", type="int", digest=MARK, summary="3", form=BLOB, why="none"),),
    models=(
        Model(
            name="model",
            type="sklearn.X",
            state=MARK,
            form=BLOB,
            format="pickle5",
            content=BLOB,
            size=9,
        ),
    ),
    outputs=(Output(kind="stream", name="stdout", data={"text/plain": BLOB}, truncated=7),),
    artifacts=(Artifact(name="a.png", media_type="image/png", content=BLOB, digest=MARK, size=3),),
    files=(FILE,),
    modules=(LocalModule(name="m", path="m.py", digest=MARK, source=BLOB),),
    not_kept=(NotKept(kind="value", name="y", why="it has no digest"),),
    defaults=BLOB,
)


def sink(writer: Writer) -> Sink:
    """mypy reads this: a writer is a kernel's sink."""
    return writer


@pytest.mark.parametrize("name", [name for name in vars(Sink) if not name.startswith("_")])
def test_a_writer_has_the_signatures_of_a_sink(name: str) -> None:
    def shape(function: Any) -> list[tuple[str, Any, Any]]:
        parameters = inspect.signature(function).parameters.values()
        return [(each.name, each.kind, each.default) for each in parameters]

    assert shape(getattr(Writer, name)) == shape(getattr(Sink, name))


def test_a_run_comes_back_with_every_part(store: Store, hand: Any) -> None:
    digest = hand.writer.environment(ENVIRONMENT)
    opening = hand.opening(
        seq=1,
        environment=digest,
        tags={"stage": "early", "k": "v"},
        note="first",
        source="fit(x)\n# é",
    )
    run, ref = hand.writer.open_run(opening, [hand.execution(seq=1, status="running")])
    hand.writer.close_run(run, OUTCOME, hand.execution(seq=1, status="raised"))
    git = GitState(commit="abc", branch=None, dirty=True, diff="- a\n+ b")
    hand.writer.set_git(run, git)

    whole = store.run(ref)
    assert whole.row.ref == RunRef("churn", 1)
    assert (whole.row.status, whole.row.seconds, whole.row.note) == ("failed", 2.5, "a note")
    assert whole.row.tags == {"stage": "late", "k": "v"}
    assert (whole.row.params, whole.row.metrics) == (OUTCOME.params, {"loss": 0.25})
    assert (whole.row.started, whole.row.notebook) == (opening.started, "work.ipynb")
    assert (whole.row.models, whole.source) == (("model",), opening.source)
    assert (whole.environment, whole.git) == (ENVIRONMENT, git)
    for name in (
        "failure",
        "values",
        "models",
        "outputs",
        "artifacts",
        "files",
        "modules",
        "not_kept",
        "defaults",
    ):
        assert getattr(whole, name) == getattr(OUTCOME, name)
    assert store.row(ref) == whole.row == store.runs()[0]


def test_no_field_of_an_outcome_is_left_at_its_default_above() -> None:
    plain = Outcome(status="completed", seconds=0.0)
    same = [
        field.name
        for field in dataclasses.fields(Outcome)
        if getattr(OUTCOME, field.name) == getattr(plain, field.name)
    ]
    assert set(same) <= {"series", "environment"}  # each has a test of its own


def test_an_execution_comes_back_with_every_part(store: Store, hand: Any) -> None:
    execution = hand.execution(
        seq=4,
        source="%%track churn\nfit(x)  # \ud800",
        status="raised",
        failure=FAILURE,
        bound=("a", "b"),
        deleted=("c",),
        files=(FILE,),
        modules=(LocalModule(name="m", path="m.py", digest=MARK, source=BLOB),),
        random=(RandomState(generator="random", before=None, after=BLOB),),
        asked=(Asked(kind="network", name="example.org"),),
        cwd="sub",
        parameters=True,
    )
    hand.writer.append([hand.execution(seq=3), execution, hand.execution(seq=1)])
    assert [each.seq for each in store.executions(SessionId("s1"))] == [1, 3, 4]
    assert store.executions(SessionId("s1"))[-1] == execution
    assert [each.seq for each in store.executions(SessionId("s1"), 3)] == [1, 3]


def test_the_environment_of_the_outcome_replaces_that_of_the_opening(
    store: Store, hand: Any
) -> None:
    first = hand.writer.environment(ENVIRONMENT)
    later = dataclasses.replace(ENVIRONMENT, blas=("MKL",))
    second = hand.writer.environment(later)
    ref = hand.run(environment=first, outcome={"environment": second})
    assert store.run(ref).environment == later
    assert first != second == hand.writer.environment(later)


def test_params_keep_value_and_type(store: Store, hand: Any) -> None:
    values: list[Scalar] = [
        *(None, True, False, 0, 7, -(2**53), 2**53 + 1, -(2**80), 10**400, 10**5000),
        *(0.5, -0.0, 1e300, math.inf, -math.inf, "", "a", "7", "é" * 5000),
    ]
    ref = hand.run(params={f"p{number}": value for number, value in enumerate(values)})
    back = [store.row(ref).param(f"p{number}") for number in range(len(values))]
    assert back == values
    assert [type(value) for value in back] == [type(value) for value in values]
    assert math.copysign(1.0, back[values.index(0.5) + 1]) == -1.0  # type: ignore[arg-type]
    assert store.fsck() == ()


def test_numbers_that_are_none_come_back(store: Store, hand: Any) -> None:
    ref = hand.run(
        params={"p": math.nan}, metrics={"nan": math.nan, "up": math.inf, "down": -math.inf}
    )
    row = store.row(ref)
    assert math.isnan(row.metrics["nan"])
    assert isinstance(row.param("p"), float)
    assert (row.metrics["up"], row.metrics["down"]) == (math.inf, -math.inf)


def test_text_that_no_database_keeps_is_replaced_and_breaks_nothing(
    store: Store, hand: Any
) -> None:
    ref = hand.run(params={"p": "a\0b\ud800"}, tags={"k": "\0"}, note="\0", outcome={"note": "x\0"})
    row = store.row(ref)
    assert (row.param("p"), row.tags, row.note) == (
        "a\ufffdb\ufffd\ufffd\ufffd",
        {"k": "\ufffd"},
        "x\ufffd",
    )


def test_versions_count_up_and_are_never_used_again(store: Store, hand: Any) -> None:
    assert [hand.run().version for _ in range(3)] == [1, 2, 3]
    hand.writer.delete([RunRef("churn", 3), RunRef("churn", 2)])
    assert hand.run() == RunRef("churn", 4)
    assert hand.run("other") == RunRef("other", 1)


def test_the_parent_is_the_version_before_of_the_same_kind(store: Store, hand: Any) -> None:
    refs = [hand.run(kind=kind) for kind in ("cell", "notebook", "cell", "cell", "notebook")]
    parents = [store.row(ref).parent for ref in refs]
    assert parents == [None, None, refs[0], refs[2], refs[1]]
    hand.writer.delete([refs[2]])
    assert store.row(refs[3]).parent == refs[0]


def test_runs_within_a_notebook_are_its_children(store: Store, hand: Any) -> None:
    outer, ref = hand.writer.open_run(hand.opening("nightly", kind="notebook"), ())
    inner = [hand.run(within=outer), hand.run(within=outer)]
    assert [row.ref for row in store.children(outer)] == inner
    assert store.row(inner[0]).within == ref
    assert [row.ref for row in store.session_runs(SessionId("s1"))] == [ref, *inner]
    hand.writer.delete([ref])
    assert store.row(inner[0]).within is None


def test_blocks_of_one_execution_are_counted(store: Store, hand: Any) -> None:
    refs = [
        hand.run(kind="script", seq=5),
        hand.run(kind="script", seq=5),
        hand.run(kind="script", seq=6),
    ]
    assert [store.run(ref).block for ref in refs] == [0, 1, 0]


def test_every_verb_is_in_the_audit_log(store: Store, hand: Any) -> None:
    writer = hand.writer
    run, ref = writer.open_run(hand.opening(), [])
    writer.close_run(run, Outcome(status="completed", seconds=1.0), None)
    writer.tag(ref, "stage", "a")
    writer.tag(ref, "stage", "b")
    writer.tag(ref, "stage", "b")
    writer.tag(ref, "stage", None)
    writer.set_note(ref, "note")
    writer.set_note(ref, "")
    writer.add_verdict(judgement(ref, "identical"))
    writer.delete([ref])

    told = [
        (entry.what, _loads(entry.before), _loads(entry.after)) for entry in store.audit(str(ref))
    ]
    assert [what for what, _, _ in told] == [
        *("run.opened", "run.closed", "run.tagged", "run.tagged", "run.tagged"),
        *("run.noted", "run.noted", "run.judged", "run.deleted"),
    ]
    assert told[2:7] == [
        ("run.tagged", {"stage": None}, {"stage": "a"}),
        ("run.tagged", {"stage": "a"}, {"stage": "b"}),
        ("run.tagged", {"stage": "b"}, {"stage": None}),
        ("run.noted", {"note": None}, {"note": "note"}),
        ("run.noted", {"note": "note"}, {"note": None}),
    ]
    assert told[-1][1]["verdict"] == "identical"
    entries = store.audit()
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
    assert {entry.who for entry in entries} == {"ada@here"}
    assert [entry.number for entry in store.audit(after=3, limit=2)] == [4, 5]


def test_a_verb_that_fails_half_way_changes_nothing(store: Store, hand: Any) -> None:
    run, ref = hand.writer.open_run(hand.opening(seq=1), [hand.execution(seq=1, status="running")])
    before = (store.run(ref), store.executions(SessionId("s1")), store.audit())
    digest = hand.writer.put(b"kept for later")
    kept = FileUse(path="x", role="input", digest=None, size=1, content=digest)
    execution = hand.execution(seq=1, status="ok", files=(kept,))
    bad = Outcome(
        status="completed",
        seconds=1.0,
        metrics=(Metric(name="fresh name", value=1.0), Metric(name="m", value="no number")),  # type: ignore[arg-type]
    )
    with pytest.raises(TypeError, match="real number"):
        hand.writer.close_run(run, bad, execution)
    assert (store.run(ref), store.executions(SessionId("s1")), store.audit()) == before

    hand.writer.close_run(run, Outcome(status="completed", seconds=1.0), execution)
    hand.run(metrics={"fresh name": 2.0})
    assert store.row(RunRef("churn", 2)).metrics == {"fresh name": 2.0}
    assert store._blobs.read_pending(digest) is None
    assert store.read_blob(digest) == b"kept for later"


def test_what_is_not_there_is_named(store: Store, hand: Any) -> None:
    hand.run()
    hand.run("titanic")
    with pytest.raises(NoSuchRun, match="Did you mean churn/1"):
        store.run(RunRef("churn", 9))
    with pytest.raises(NoSuchRun, match="Did you mean titanic/1"):
        hand.writer.tag(RunRef("titanik", 1), "a", "b")
    with pytest.raises(NoSuchRun, match="'mm runs' lists"):
        hand.writer.set_note(RunRef("zzz", 1), "a")
    with pytest.raises(NoSuchRun):
        hand.writer.close_run(RunId(99), OUTCOME, None)
    with pytest.raises(NotFound, match="no session"):
        hand.writer.open_run(hand.opening(session="never"), ())
    with pytest.raises(BadName):
        hand.writer.open_run(hand.opening("../x"), ())
    with pytest.raises(NoSuchRun):
        hand.writer.delete([RunRef("churn", 1), RunRef("churn", 9)])
    assert store.experiments() == {"churn": 1, "titanic": 1}


def test_a_deleted_run_takes_its_executions_when_nothing_else_needs_them(
    store: Store, hand: Any
) -> None:
    hand.session("s2")
    hand.writer.append([hand.execution("s2", seq=1)])
    first, second = hand.run(session="s2"), hand.run(session="s2")
    hand.writer.close_session("s2", 5.0)
    hand.writer.delete([first])
    assert len(store.executions(SessionId("s2"))) == 1
    hand.writer.delete([second])
    assert store.executions(SessionId("s2")) == ()


def test_the_executions_of_a_living_session_stay(store: Store, hand: Any) -> None:
    hand.writer.append([hand.execution(seq=1)])
    hand.writer.delete([hand.run()])
    assert len(store.executions(SessionId("s1"))) == 1


def test_verdicts_are_appended_and_the_newest_shows(store: Store, hand: Any) -> None:
    ref = hand.run()
    said = [judgement(ref, "diverged"), judgement(ref, "identical")]
    for each in said:
        hand.writer.add_verdict(each)
    assert store.verdicts(ref) == tuple(said)
    assert store.row(ref).verdict == "identical"


def test_threads_of_one_kernel_share_a_writer(store: Store, hand: Any) -> None:
    def work(number: int) -> None:
        for _ in range(10):
            digest = hand.writer.put(b"%d" % number, b"x" * number)
            artifact = dataclasses.replace(OUTCOME.artifacts[0], content=digest)
            hand.run(metrics={"m": float(number)}, outcome={"artifacts": (artifact,)})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(row.ref.version for row in store.runs()) == list(range(1, 81))
    assert store.fsck() == ()


def judgement(ref: RunRef, verdict: Any) -> Judgement:
    return Judgement(
        run=ref,
        verdict=verdict,
        said="said",
        slice="optimistic",
        executions=1,
        of=2,
        items=(),
        restored=(),
        not_compared=(),
        causes=(),
        replays=1,
        seconds=math.inf,
        at=3.0,
        steps=(1, 2),
    )


def _loads(text: str | None) -> Any:
    return None if text is None else json.loads(text)
