"""A tracked cell becomes a run, and shows exactly what it would show without us."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mm_jupyter.api import runs

FOREST = """%%track churn -t stage=baseline
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
X, y = load_breast_cancer(return_X_y=True)
n_trees = {trees}
model = RandomForestClassifier(n_estimators=n_trees, random_state=0).fit(X[:400], y[:400])
accuracy = model.score(X[400:], y[400:])
"""


def test_a_cell_becomes_a_run_with_its_params_metrics_and_model(kernel) -> None:
    card = kernel.ok(FOREST.format(trees=10)).cards[0]
    run = runs.get("churn/1")
    assert run.row.status == "completed"
    assert run.row.param("n_trees") == 10
    assert run.row.param("n_estimators") == 10
    assert run.row.param("max_features") == "sqrt"
    origins = {param.name: param.origin for param in run.row.params}
    assert origins["n_trees"] == "author"
    assert origins["n_estimators"] == "given"
    assert origins["max_features"] == "default"
    assert run.row.metrics["accuracy"] == kernel.value("accuracy")
    assert run.row.tags == {"stage": "baseline"}
    (model,) = run.models
    assert model.name == "model"
    assert model.type == "sklearn.RandomForestClassifier"
    assert model.size > 1000
    assert run.environment is not None
    assert "scikit-learn" in {package.name for package in run.environment.packages}
    assert "%%track" not in run.source
    assert "churn/1" in card["text/plain"]
    assert "churn/1" in card["text/html"]
    assert card["application/vnd.mm_jupyter.run+json"]["run"] == "churn/1"


def test_running_the_cell_again_is_the_next_version_and_the_card_says_what_changed(kernel) -> None:
    kernel.ok(FOREST.format(trees=10))
    text = kernel.ok(FOREST.format(trees=25)).cards[0]["text/plain"]
    assert text.startswith("churn/2")
    assert "10 -> 25" in text
    row = runs.get("churn/2").row
    assert str(row.parent) == "churn/1"


def test_a_cell_shows_what_it_shows_without_us(kernels: Callable[..., object]) -> None:
    body = (
        "import sys\n"
        "print('out')\n"
        "print('err', file=sys.stderr)\n"
        "from IPython.display import HTML, display\n"
        "display(HTML('<b>x</b>'))\n"
        "await __import__('asyncio').sleep(0)\n"
        "1 + 1\n"
    )
    plain = kernels().ok(body)
    tracked = kernels()
    tracked.ok("%load_ext mm_jupyter")
    shown = tracked.ok("%%track demo\n" + body)
    others = [
        one for one in shown.outputs if not any("mm_jupyter" in m for m in one.get("data", {}))
    ]

    def essence(outputs):
        return [(one["output_type"], one.get("text"), one.get("data")) for one in outputs]

    assert essence(others) == essence(plain.outputs)
    assert len(shown.cards) == 1
    kinds = [(output.kind, output.name) for output in runs.get("demo/1").outputs]
    assert ("stream", "stdout") in kinds
    assert ("stream", "stderr") in kinds
    assert any(kind == "execute_result" for kind, _ in kinds)


def test_an_error_keeps_its_line_number_and_the_run_is_failed(kernel) -> None:
    cell = kernel.run("%%track churn\nx = 1\nraise ValueError('too few rows')\n")
    assert cell.status == "error"
    assert "too few rows" in cell.text
    assert cell.text.count("Traceback") == 1
    assert re.search(r"line 3|----> 3", re.sub(r"\x1b\[[0-9;]*m", "", cell.text))
    run = runs.get("churn/1")
    assert run.row.status == "failed"
    assert run.failure is not None
    assert run.failure.name == "ValueError"
    assert run.failure.message == "too few rows"
    assert "ValueError" in cell.cards[0]["text/plain"]
    assert kernel.ok("%%track churn\nx = 2\n").cards[0]["text/plain"].startswith("churn/2")


def test_an_interrupted_cell_is_an_interrupted_run(kernel) -> None:
    cell = kernel.run("%%track slow\nimport time\ntime.sleep(30)\n", interrupt_after=1.5)
    assert cell.status == "error"
    assert runs.get("slow/1").row.status == "interrupted"
    kernel.ok("%%track slow\nx = 1\n")
    assert runs.get("slow/2").row.status == "completed"


def test_a_killed_kernel_leaves_a_crashed_run(kernel) -> None:
    kernel.ok("x = 1")
    kernel.start_cell("%%track slow\nprint('begun', flush=True)\nimport time\ntime.sleep(60)\n")
    for _ in range(100):
        if [row for row in runs.find("experiment == 'slow'") if row.status == "running"]:
            break
        kernel._client.get_iopub_msg(timeout=5)
    assert runs.get("slow/1").row.status == "running"
    kernel.kill()
    assert runs.get("slow/1").row.status == "crashed"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("churn/7", "cannot name an experiment"),
        ("..", "cannot name an experiment"),
        ("<b>churn</b>", "cannot name an experiment"),
        ("x" * 10_000, "10,000 characters"),
        ("churn --colour red", "has no option --colour"),
        ("churn -t stage", "KEY=VALUE"),
        ("churn -p", "needs a value"),
        ("churn other", "one experiment"),
        ('churn --note "open', "open quote"),
    ],
)
def test_a_bad_option_is_one_sentence_and_the_cell_does_not_run(
    kernel, line: str, says: str
) -> None:
    cell = kernel.run(f"%%track {line}\nran = True\n")
    assert cell.status == "error"
    assert says in cell.text
    assert "Traceback" not in cell.text
    assert len(cell.text) < 400
    assert kernel.value("'ran' in globals()") is False
    assert runs.find() == []


def test_options_widen_what_is_kept(kernel) -> None:
    kernel.ok("depth = 3 + 0\nlimit = 5\n")
    kernel.ok(
        "%%track churn -p depth -m limit --note 'first try' --model thing --no-outputs\n"
        "print('not kept')\nscore = sum([1.5])\nthing = {'weights': [1, 2]}\n"
    )
    run = runs.get("churn/1")
    assert run.row.param("depth") == 3
    assert run.row.metrics == {"limit": 5.0, "score": 1.5}
    assert run.row.note == "first try"
    assert [model.name for model in run.models] == ["thing"]
    assert run.outputs == ()


def test_series_and_a_live_run_are_seen_from_outside(kernel) -> None:
    kernel.ok(
        "%%track fit\nimport mm_jupyter as mm\nfor step in range(5):\n    mm.log(loss=1 / (step + 1), step=step * 10)\n"
    )
    series = runs.series("fit/1", "loss")
    assert series.steps == (0, 10, 20, 30, 40)
    assert series.values[1] == 0.5
    assert "step" not in runs.get("fit/1").row.metrics


def test_files_are_inputs_and_outputs_with_their_digests(kernel, project: Path) -> None:
    (project / "data.csv").write_text("a,b\n1,2\n")
    kernel.ok("%%track io\nrows = open('data.csv').read()\nopen('out.txt', 'w').write(rows)\n")
    files = {(use.role, use.path): use for use in runs.get("io/1").files}
    assert set(files) == {("input", "data.csv"), ("output", "out.txt")}
    assert files["input", "data.csv"].digest == files["output", "out.txt"].digest


def test_autotrack_tracks_every_cell_until_it_is_off(kernel) -> None:
    kernel.ok("%mm autotrack on churn")
    kernel.ok("a = sum([1])")
    kernel.ok("b = sum([2])")
    kernel.ok("%mm autotrack off")
    kernel.ok("c = sum([3])")
    assert [str(row.ref) for row in runs.find(sort="started")] == ["churn/1", "churn/2"]
    assert runs.get("churn/2").row.metrics == {"b": 2.0}


def test_a_magic_below_track_works(kernel) -> None:
    cell = kernel.ok("%%track timed\n%%time\nx = sum([1, 2])\n")
    assert "Wall time" in cell.text
    assert runs.get("timed/1").row.metrics == {"x": 3.0}


def test_secrets_are_not_stored(kernel, project: Path) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    kernel.ok(f"%%track churn\ntoken = '{secret}'\nprint(token)\nmax_tokens = 4096\n")
    run = runs.get("churn/1")
    assert secret not in run.source
    assert run.row.param("max_tokens") == 4096
    kernel.close()  # now, so that all it kept is on the disk
    for path in (project / ".mm").rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path


def test_a_read_only_store_is_one_sentence_and_the_cell_works(kernels, project: Path) -> None:
    (project / ".mm").mkdir()
    (project / ".mm" / "store.db").mkdir()  # no database can be opened there
    kernel = kernels()
    loaded = kernel.ok("%load_ext mm_jupyter")
    assert loaded.text.count("mm_jupyter: cells are not being recorded") == 1
    cell = kernel.ok("%%track churn\nx = 41 + 1\nx")
    assert "42" in cell.text


def test_two_kernels_on_one_notebook_number_their_runs_without_a_clash(kernels) -> None:
    first, second = kernels(), kernels()
    for kernel in (first, second):
        kernel.ok("%load_ext mm_jupyter")
    for kernel in (first, second, first):
        kernel.ok("%%track churn\nx = sum([1])\n")
    assert sorted(str(row.ref) for row in runs.find()) == ["churn/1", "churn/2", "churn/3"]


@pytest.mark.parametrize(
    "body",
    [
        "class A:\n    def __repr__(self): raise RuntimeError('no repr')\na = A()\n",
        "class A:\n    def __eq__(self, other): raise RuntimeError('no eq')\na = A()\n",
        "a = lambda: (yield)\ng = a()\n",
        "a = open('x.txt', 'w')\n",
        "a = float('inf')\nb = float('nan')\nc = 2.0 * 4\n",
        "import threading\na = threading.Lock()\n",
        "class A:\n    def __getattr__(self, name): raise ValueError(name)\na = A()\n",
        "a = []\na.append(a)\n",
    ],
)
def test_odd_values_never_break_a_cell(kernel, body: str) -> None:
    cell = kernel.ok("%%track odd\n" + body)
    assert runs.get("odd/1").row.status == "completed"
    assert "mm_jupyter:" not in cell.text


def test_a_cell_that_prints_50_mb_is_kept_up_to_the_limit_and_says_so(kernel) -> None:
    kernel.ok("%%track loud\nfor _ in range(50):\n    print('x' * 1_000_000)\n", timeout=120)
    run = runs.get("loud/1")
    assert any("over the limit" in note.why for note in run.not_kept)
    assert run.outputs[0].truncated > 39_000_000
