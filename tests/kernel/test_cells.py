"""IPython's events become executions, and the tracked ones become runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mm_jupyter.kernel.cell_run import RunFinished
from mm_jupyter.kernel.cells import CellRecorder, experiment_of
from mm_jupyter.kernel.options import TrackOptions
from mm_jupyter.kernel.session import SessionLog
from mm_jupyter.records import Execution, RunRef
from mm_jupyter.store import Store

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


class Notebook:
    """A shell with its recorder, and what the store holds of it."""

    def __init__(self, shell: Any, log: SessionLog, store: Store) -> None:
        self.shell, self.log, self.store = shell, log, store
        self.finished: list[RunFinished] = []

    def listen(self) -> None:
        self.recorder = CellRecorder(self.shell, self.log, finished=self.finished.append)
        self.recorder.start()

    def run(self, *sources: str, **options: Any) -> Any:
        for source in sources:
            result = self.shell.run_cell(source, store_history=True, **options)
        return result

    @property
    def executions(self) -> tuple[Execution, ...]:
        self.log.flush()
        return self.store.executions(self.log.session.id)

    @property
    def last(self) -> Execution:
        return self.executions[-1]


@pytest.fixture
def unstarted(shell: Any, log: SessionLog, local: Store) -> Iterator[Notebook]:
    made = Notebook(shell, log, local)
    yield made
    made.recorder.stop()


@pytest.fixture
def notebook(unstarted: Notebook) -> Notebook:
    unstarted.listen()
    return unstarted


def test_every_cell_is_an_execution(notebook: Notebook, capsys: Any) -> None:
    notebook.run("a = 1\nb = []", "del a", "b.append(1)", cell_id="c7")
    first, second, third = notebook.executions
    assert [one.seq for one in notebook.executions] == [1, 2, 3]
    assert (first.source, first.status, first.cell_id) == ("a = 1\nb = []", "ok", "c7")
    assert first.bound == ("a", "b")
    assert (second.bound, second.deleted) == ((), ("a",))
    assert third.bound == ()
    assert [one.count for one in notebook.executions] == [1, 2, 3]
    assert all(one.seconds > 0 and one.started > 0 for one in notebook.executions)
    assert notebook.finished == []


def test_a_cell_that_raises_keeps_what_it_did(notebook: Notebook, capsys: Any) -> None:
    notebook.run(f"done = 1\nraise ValueError('bad {TOKEN}')\nnever = 2")
    one = notebook.last
    assert (one.status, one.bound) == ("raised", ("done",))
    assert one.failure is not None
    assert one.failure.name == "ValueError"
    assert TOKEN not in one.failure.message + one.failure.traceback + one.source
    assert "interactiveshell" not in one.failure.traceback
    assert "line 2" in one.failure.traceback


@pytest.mark.parametrize("source", ["x = ", "x = (\n", "for", "%%nosuchmagic\nx"])
def test_a_cell_that_is_no_python_is_an_execution_that_raised(
    notebook: Notebook, source: str, capsys: Any
) -> None:
    notebook.run(source, "after = 1")
    bad, good = notebook.executions
    assert (bad.source, bad.status, bad.bound) == (source, "raised", ())
    assert good.status == "ok"


def test_an_exception_whose_text_raises_is_no_trouble(notebook: Notebook, capsys: Any) -> None:
    notebook.run("class Odd(Exception):\n    def __str__(self): raise RuntimeError\n")
    notebook.shell.run_cell("raise Odd()")  # IPython's own history would ask for its text
    assert notebook.last.failure is not None
    assert notebook.last.failure.name == "Odd"


def test_an_interrupt_is_told_from_an_error(notebook: Notebook, capsys: Any) -> None:
    notebook.run("%%track churn\nx = 1\nraise KeyboardInterrupt")
    assert notebook.last.status == "interrupted"
    assert notebook.store.row(RunRef("churn", 1)).status == "interrupted"


@pytest.mark.parametrize(
    "inner", ["get_ipython().run_cell('b = 2')", "get_ipython().run_cell('')",
              "get_ipython().run_cell('b = ')", "get_ipython().run_cell('1/0')",
              "get_ipython().run_cell('get_ipython().run_cell(\"b = 2\")')"]
)  # fmt: skip
def test_a_cell_within_a_cell_belongs_to_it(notebook: Notebook, inner: str, capsys: Any) -> None:
    notebook.run(f"%%track nested\na = sum([1])\nr = {inner}\nc = sum([3])", "d = 4")
    outer, after = notebook.executions
    assert {"a", "c"} <= set(outer.bound)
    assert after.source == "d = 4"
    metrics = notebook.store.row(RunRef("nested", 1)).metrics
    assert metrics == {"a": 1.0, "c": 3.0, **({"b": 2.0} if "b = 2" in inner else {})}
    assert len(notebook.finished) == 1


@pytest.mark.parametrize("source", ["", "  \n", "\n\n"])
def test_a_blank_cell_is_no_execution(notebook: Notebook, source: str) -> None:
    notebook.run("a = 1", source, "b = 2")
    assert [one.source for one in notebook.executions] == ["a = 1", "b = 2"]


def test_a_silent_cell_is_the_front_ends_own(notebook: Notebook) -> None:
    notebook.run("a = 1", "b = 2")
    notebook.shell.run_cell("hidden = 1", silent=True)
    assert len(notebook.executions) == 2


def test_cells_that_ran_before_we_listened_are_known_by_their_text(unstarted: Notebook) -> None:
    unstarted.shell.history_manager.enabled = True
    unstarted.run("a = 1", f"t = '{TOKEN}'")
    unstarted.listen()
    unstarted.run("b = 2")
    earlier, secret, now = unstarted.executions
    assert (earlier.seq, earlier.source, earlier.count) == (1, "a = 1", 1)
    assert (earlier.started, earlier.bound) == (0.0, ())
    assert TOKEN not in secret.source
    assert (now.seq, now.bound) == (3, ("b",))


def test_after_stop_nothing_is_recorded(notebook: Notebook, local: Store) -> None:
    notebook.run("a = 1")
    notebook.recorder.stop()
    notebook.run("b = 2")
    assert [one.source for one in local.executions(notebook.log.session.id)] == ["a = 1"]


# Runs


def test_a_tracked_cell_is_a_run(notebook: Notebook, capsys: Any) -> None:
    notebook.run(
        "%%track churn -t stage=base --note hi\ndepth = 3\nacc = depth / 4\nprint('out')\nacc"
    )
    run = notebook.store.run(RunRef("churn", 1))
    assert (run.row.status, run.row.seq, run.row.kind) == ("completed", 1, "cell")
    assert run.row.param("depth") == 3
    assert run.row.metrics == {"acc": 0.75}
    assert (run.row.tags, run.row.note) == ({"stage": "base"}, "hi")
    assert run.source == "depth = 3\nacc = depth / 4\nprint('out')\nacc"
    assert notebook.last.source.startswith("%%track churn")
    assert {output.kind for output in run.outputs} == {"stream"}
    assert notebook.finished == [RunFinished(RunRef("churn", 1), "completed", False)]
    assert notebook.recorder.active is None


def test_inside_a_tracked_cell_its_run_is_the_open_one(notebook: Notebook) -> None:
    seen: list[Any] = []
    notebook.shell.user_ns["look"] = lambda: seen.append(notebook.recorder.active)
    notebook.run("look()", "%%track churn\nlook()", "look()")
    assert [run and run.name for run in seen] == [None, "churn/1", None]


def test_a_failed_run_keeps_what_it_had(notebook: Notebook, capsys: Any) -> None:
    notebook.run("%%track churn\nacc = sum([1])\n1/0\nmore = 2.0 * 2")
    run = notebook.store.run(RunRef("churn", 1))
    assert run.row.status == "failed"
    assert run.failure is not None
    assert run.failure.name == "ZeroDivisionError"
    assert run.row.metrics == {"acc": 1.0}


def test_a_number_bound_again_to_the_same_object_is_still_a_result(notebook: Notebook) -> None:
    notebook.run("acc = sum([1])", "%%track churn\nacc = sum([1])")
    assert notebook.store.row(RunRef("churn", 1)).metrics == {"acc": 1.0}


def test_a_bad_line_is_a_complaint_and_no_run(notebook: Notebook, capsys: Any) -> None:
    seen: list[Any] = []
    notebook.shell.user_ns["look"] = lambda: seen.append(notebook.recorder.complaint)
    notebook.run("%%track churn --nope\nlook()", "look()")
    assert seen == ["%%track has no option --nope: '%%track?' lists them.", None]
    assert notebook.store.runs() == ()


def test_without_a_name_the_notebook_gives_it(notebook: Notebook, capsys: Any) -> None:
    notebook.run("%%track\nx = 1")
    assert notebook.recorder.complaint == "%%track needs an experiment: %%track churn"
    object.__setattr__(notebook.log.session, "notebook", "sub/My work.ipynb")
    notebook.run("%%track\nx = 1")
    assert [str(row.ref) for row in notebook.store.runs()] == ["My-work/1"]


def test_autotrack_takes_every_cell_but_ours(notebook: Notebook) -> None:
    notebook.recorder.autotrack = "auto"
    notebook.shell.register_magic_function(lambda _: None, magic_name="mm")
    notebook.run("a = sum([1])", "%mm runs", "%%track other\nb = sum([2])")
    assert sorted(str(row.ref) for row in notebook.store.runs()) == ["auto/1", "other/1"]
    assert [one.autotracked for one in notebook.finished] == [True, False]


def test_a_host_chooses_cells_by_number(shell: Any, log: SessionLog, local: Store) -> None:
    def choose(number: int) -> TrackOptions | None:
        return TrackOptions("chosen") if number == 2 else None

    recorder = CellRecorder(shell, log, choose=choose)
    recorder.start(running=False)
    for source in ("a = sum([1])", "b = sum([2])", "c = sum([3])"):
        shell.run_cell(source)
    recorder.stop()
    (row,) = local.runs()
    assert (row.metrics, row.seq) == ({"b": 2.0}, 2)


# Parameters and notebooks


def test_what_papermill_injected_is_a_param_of_every_later_run(notebook: Notebook) -> None:
    notebook.run("# Parameters\nalpha = 0.5\nname = 'x'\n", "%%track churn\nacc = alpha * 2")
    first, _ = notebook.executions
    assert first.parameters
    row = notebook.store.row(RunRef("churn", 1))
    assert (row.param("alpha"), row.param("name")) == (0.5, "x")
    assert row.metrics == {"acc": 1.0}


def test_a_notebook_run_holds_what_all_its_cells_bound(notebook: Notebook, capsys: Any) -> None:
    notebook.recorder.begin_notebook("book", ("alpha",))
    notebook.run("alpha = 2", "gone = sum([1])\nacc = sum([1])\nprint('hello')", "del gone")
    notebook.run("%%track inner\nf1 = sum([2])", "for i in range(3): pass")
    notebook.recorder.end_notebook()
    book = notebook.store.run(RunRef("book", 1))
    assert (book.row.kind, book.row.status) == ("notebook", "completed")
    assert book.row.param("alpha") == 2
    assert book.row.metrics == {"acc": 1.0, "f1": 2.0}
    assert notebook.store.row(RunRef("inner", 1)).within == RunRef("book", 1)
    assert [str(one.ref) for one in notebook.finished] == ["inner/1", "book/1"]
    notebook.recorder.end_notebook()
    assert len(notebook.finished) == 2


def test_a_notebook_fails_by_its_last_cell_only(notebook: Notebook, capsys: Any) -> None:
    for sources, status in ((["1/0", "a = 1"], "completed"), (["a = 1", "1/0"], "failed")):
        notebook.recorder.begin_notebook("book", ())
        notebook.run(*sources)
        notebook.recorder.end_notebook()
        assert notebook.store.runs()[0].status == status


# What goes wrong on our side


HARM = {
    "no table of runs": ("ALTER TABLE runs RENAME TO gone_runs",),
    "no table at all": (
        "ALTER TABLE runs RENAME TO gone_runs",
        "ALTER TABLE executions RENAME TO gone_executions",
        "ALTER TABLE blobs RENAME TO gone_blobs",
    ),
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_a_store_that_fails_in_mid_session_is_one_sentence_and_cells_work(
    notebook: Notebook, harm: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    notebook.run("import mm_jupyter.kernel.current as current", "%%track churn\nx = 1")
    notebook.shell.user_ns["run"] = lambda: notebook.recorder.active
    notebook.store._database.outside(*harm)
    capsys.readouterr()
    notebook.run(
        "%%track churn\nfor i in range(3): run().log(loss=i)\nprint('shown', 6 * 7)",
        "a = 1",
        "%%track churn\nb = 2",
    )
    notebook.log.flush()
    notebook.run("c = 3\nprint('still', c)")
    out, err = capsys.readouterr()
    assert "shown 42" in out
    assert "still 3" in out
    assert "Traceback" not in out + err
    said = [line for line in err.splitlines() if line.startswith("mm_jupyter:")]
    assert said
    whys = [line.split(": ", 2)[2] for line in said]
    assert len(set(whys)) == len(whys)
    assert len(said) == 1, said


def test_a_store_that_fails_while_a_cell_runs_lets_the_cell_end(
    notebook: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook.shell.user_ns["harm"] = lambda: notebook.store._database.outside(
        "ALTER TABLE runs RENAME TO gone_runs"
    )
    result = notebook.run("%%track churn\nharm()\nx = 41 + 1\nx")
    assert result.result == 42
    assert capsys.readouterr().err.count("mm_jupyter:") == 1
    notebook.store._database.outside("ALTER TABLE gone_runs RENAME TO runs")
    notebook.run("%%track churn\ny = 2.0 * 2")
    assert notebook.store.row(RunRef("churn", 2)).metrics == {"y": 4.0}


def test_a_listener_that_fails_breaks_no_cell(
    shell: Any, log: SessionLog, local: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: RunFinished) -> None:
        raise RuntimeError("no card")

    recorder = CellRecorder(shell, log, finished=fail)
    recorder.start()
    shell.run_cell("%%track churn\nx = sum([1])")
    recorder.stop()
    assert local.row(RunRef("churn", 1)).metrics == {"x": 1.0}
    assert capsys.readouterr().err.count("mm_jupyter:") == 1


def test_a_forked_child_records_nothing(notebook: Notebook) -> None:
    notebook.run("a = 1")
    child = os.fork()
    if child == 0:  # pragma: no cover
        notebook.shell.run_cell("b = 2")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    notebook.run("c = 3")
    assert [(one.seq, one.source) for one in notebook.executions] == [(1, "a = 1"), (2, "c = 3")]


def test_where_the_cell_stands_and_what_it_read_is_kept(notebook: Notebook, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "data.txt").write_text("x")
    notebook.run("import os; os.chdir('sub')", "with open('data.txt') as f: f.read()")
    _, second = notebook.executions
    assert second.cwd == "sub"
    assert [(use.role, use.path) for use in second.files] == [("input", "sub/data.txt")]


def test_generators_that_a_cell_moved_are_kept(notebook: Notebook) -> None:
    notebook.run("import random", "x = random.random()", "y = 1", "rng = random.Random(3)")
    notebook.run("z = rng.random()")
    moved = [[state.generator for state in one.random] for one in notebook.executions]
    assert moved == [[], ["random"], [], ["rng"], ["rng"]]


@pytest.mark.parametrize(
    ("notebook", "name"),
    [
        ("churn.ipynb", "churn"),
        ("a/b/My work (2).ipynb", "My-work-2"),
        ("C:\\x\\größe.ipynb", "größe"),
        ("...ipynb", None),
        ("-.-.ipynb", None),
        ("x" * 200 + ".ipynb", "x" * 100),
    ],
)
def test_a_notebooks_path_names_an_experiment(notebook: str, name: str | None) -> None:
    assert experiment_of(notebook) == name
