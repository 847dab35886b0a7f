"""What is logged by hand is kept as it was meant, or refused in a sentence."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import pytest

from mm_jupyter.analysis.secrets import Redactor
from mm_jupyter.errors import BadInput, StoreLocked
from mm_jupyter.kernel import tracking
from mm_jupyter.kernel.bundle import BundleSink
from mm_jupyter.kernel.tracking import ActiveRun, unkept_run
from mm_jupyter.records import RunId, RunRef, SeriesChunk

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


class Sink(BundleSink):
    """Counts what reaches it; ``locked`` is a store that does not answer."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[SeriesChunk] = []
        self.calls = 0
        self.locked = False

    def add_points(self, run: RunId, chunks: Sequence[SeriesChunk]) -> None:  # noqa: ARG002
        self.calls += 1
        if self.locked:
            raise StoreLocked("here", 30)
        self.sent += chunks


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def run(sink: Sink, redactor: Redactor, said: set[str]) -> ActiveRun:
    return ActiveRun(sink, RunId(1), RunRef("churn", 7), redactor)


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> None:
    """Points are sent at once."""
    monkeypatch.setattr(tracking, "FLUSH_SECONDS", -1.0)


def _points(sink: Sink) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    for chunk in sink.sent:
        assert len(chunk.steps) == len(chunk.values) == len(chunk.times)
        found.setdefault(chunk.name, []).extend(zip(chunk.steps, chunk.values, strict=True))
    return found


def test_it_knows_its_name(run: ActiveRun) -> None:
    assert run.name == "churn/7"
    assert repr(run) == "<run churn/7>"
    assert run.seconds >= 0


def test_points_wait_and_are_sent_together(run: ActiveRun, sink: Sink) -> None:
    for step in range(3):
        run.log(loss=1.0 / (step + 1))
    assert sink.sent == []
    run.flush()
    run.flush()
    assert sink.calls == 1
    assert _points(sink) == {"loss": [(0, 1.0), (1, 0.5), (2, 1 / 3)]}


def test_points_are_seen_while_the_run_goes_on(run: ActiveRun, sink: Sink, live: None) -> None:
    run.log(loss=1)
    assert _points(sink) == {"loss": [(0, 1.0)]}
    run.log(loss=2)
    assert _points(sink) == {"loss": [(0, 1.0), (1, 2.0)]}


def test_many_points_are_sent_before_the_time_is_up(
    run: ActiveRun, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "FLUSH_SECONDS", math.inf)
    monkeypatch.setattr(tracking, "FLUSH_POINTS", 10)
    monkeypatch.setattr(tracking, "MANY", 1)
    for _ in range(4):
        run.log(a=1.0, b=2.0, c=3.0)
    assert sink.calls == 1
    assert len(_points(sink)["a"]) == 4


def test_steps_are_counted_for_each_series_and_go_on_from_a_given_one(
    run: ActiveRun, sink: Sink
) -> None:
    run.log(a=1)
    run.log(a=1, b=1)
    run.log(step=10, a=1)
    run.log(a=1, b=1)
    run.log(numpy.int64(5), b=1)
    run.log(-3, b=1)
    run.flush()
    steps = {name: [step for step, _ in points] for name, points in _points(sink).items()}
    assert steps == {"a": [0, 1, 10, 11], "b": [0, 1, 5, -3]}


def test_nan_and_infinities_and_numbers_of_any_library_are_kept(run: ActiveRun, sink: Sink) -> None:
    for value in (math.nan, math.inf, -math.inf, numpy.float32(0.5), numpy.array(2)):
        run.log(loss=value)
    run.flush()
    values = [value for _, value in _points(sink)["loss"]]
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf, 0.5, 2.0]


@pytest.mark.parametrize(
    "value", ["0.5", b"1", True, numpy.True_, None, [1], 1j, numpy.complex128(1j), {}]
)
def test_a_bad_number_is_refused_and_nothing_of_the_call_is_kept(
    run: ActiveRun, sink: Sink, value: Any
) -> None:
    with pytest.raises(BadInput, match="The metric loss must be a real number, not"):
        run.log(good=1.0, loss=value)
    with pytest.raises(BadInput, match="The metric loss must be a real number, not"):
        run.log_metrics(loss=value)
    run.flush()
    assert sink.sent == []
    assert run.metrics == {}


def test_a_number_that_no_float_holds_is_refused(run: ActiveRun) -> None:
    with pytest.raises(BadInput, match="The metric loss is too large for a float"):
        run.log(loss=10**400)


@pytest.mark.parametrize("step", ["x", math.nan, math.inf, 2**63, [], 1j])
def test_a_bad_step_is_refused(run: ActiveRun, step: Any) -> None:
    with pytest.raises(BadInput, match="A step must"):
        run.log(step, loss=1.0)


def test_a_store_that_does_not_answer_stops_no_training_and_loses_no_point(
    run: ActiveRun, sink: Sink, live: None, capsys: pytest.CaptureFixture[str]
) -> None:
    sink.locked = True
    for step in range(5):
        run.log(loss=float(step))
    assert capsys.readouterr().err.count("mm_jupyter: The points of churn/7") == 1
    with pytest.raises(StoreLocked):
        run.flush()
    sink.locked = False
    run.log(loss=5.0)
    assert _points(sink) == {"loss": [(step, float(step)) for step in range(6)]}


def test_threads_lose_no_point(run: ActiveRun, sink: Sink, live: None) -> None:
    def work() -> None:
        for _ in range(500):
            run.log(loss=1.0)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.flush()
    assert sorted(step for step, _ in _points(sink)["loss"]) == list(range(2000))


def test_the_last_param_and_metric_of_a_name_count(run: ActiveRun) -> None:
    run.log_params({"a": 1, "odd name": (1, 2)}, b="x")
    run.log_params(a=2)
    run.log_metrics({"acc": 1}, f1=0.5)
    run.log_metrics(acc=math.nan)
    assert {name: param.value for name, param in run.params.items()} == {
        "a": 2, "odd name": "(1, 2)", "b": "x",
    }  # fmt: skip
    assert math.isnan(run.metrics["acc"].value)
    assert run.metrics["f1"].value == 0.5


def test_secrets_are_redacted_wherever_a_text_goes(run: ActiveRun, sink: Sink) -> None:
    run.log_params(token=TOKEN)
    run.set_tag("key", TOKEN)
    run.set_note(f"with {TOKEN}")
    run.log_text(f"key {TOKEN}", "log.txt")
    texts = [str(run.params), str(run.tags), str(run.note), str(list(sink.blobs.values()))]
    assert not any(TOKEN in text for text in texts)
    assert all("<redacted:" in text for text in texts)


def test_artifacts_are_bytes_texts_and_files(run: ActiveRun, sink: Sink, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("a\n1\n")
    run.log_artifact(b"\0\1", "weights.bin")
    run.log_artifact(bytearray(b"x"), "page.html")
    run.log_artifact(tmp_path / "table.csv")
    run.log_artifact(str(tmp_path / "table.csv"), "renamed")
    run.log_text("hello", "note")
    kept = {name: (one.media_type, one.size) for name, one in run.artifacts.items()}
    assert kept == {
        "weights.bin": ("application/octet-stream", 2),
        "page.html": ("text/html", 1),
        "table.csv": ("text/csv", 4),
        "renamed": ("text/csv", 4),
        "note": ("text/plain", 5),
    }
    assert sink.blobs[run.artifacts["table.csv"].content] == b"a\n1\n"
    assert run.artifacts["table.csv"].digest == run.artifacts["renamed"].digest


@pytest.mark.parametrize(
    ("content", "says"), [(b"x", "needs a name"), ("nowhere.txt", "no file nowhere.txt")]
)
def test_an_artifact_that_is_none_is_refused(run: ActiveRun, content: Any, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        run.log_artifact(content)
    with pytest.raises(BadInput):
        run.log_artifact(Path("/"))  # a folder


def test_equal_figures_are_equal_bytes(run: ActiveRun, sink: Sink) -> None:
    import matplotlib

    matplotlib.use("agg")
    from matplotlib.figure import Figure

    for name in ("one", "two"):
        figure = Figure()
        figure.subplots().plot([1, 3, 2])
        run.log_figure(figure, name)
    one, two = run.artifacts["one"], run.artifacts["two"]
    assert one.media_type == "image/png"
    assert sink.blobs[one.content].startswith(b"\x89PNG")
    assert one.digest == two.digest


def test_a_figure_of_html_is_kept_and_no_figure_is_refused(run: ActiveRun, sink: Sink) -> None:
    class Plot:
        def to_html(self) -> str:
            return "<div/>"

    run.log_figure(Plot())
    assert sink.blobs[run.artifacts["figure"].content] == b"<div/>"
    with pytest.raises(BadInput, match="takes a figure, not int"):
        run.log_figure(3)


def test_a_model_is_kept_or_said(run: ActiveRun, sink: Sink) -> None:
    run.log_model({"w": [1]})
    run.log_model(threading.Lock(), "lock")
    assert run.models["model"].content in sink.blobs
    assert "cannot be pickled" in (run.models["lock"].why or "")


def test_a_run_that_could_not_be_opened_takes_everything(redactor: Redactor) -> None:
    run = unkept_run("churn", redactor)
    run.log_params(a=1)
    run.log(loss=1.0)
    run.log_artifact(b"x", "x")
    run.log_model({"w": 1})
    run.flush()
    with pytest.raises(BadInput):
        run.log(loss="x")
