"""Why a run does not come out as recorded: found by putting one thing back after another, and shown by replays."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from mm_jupyter.analysis.secrets import Redactor
from mm_jupyter.api import environments as api
from mm_jupyter.api import runs
from mm_jupyter.api.explaining import explain
from mm_jupyter.errors import CannotRebuild, CannotReplay
from mm_jupyter.kernel.environment import capture
from mm_jupyter.records import Explanation, Package
from mm_jupyter.replaying import environments
from mm_jupyter.replaying.kernels import running_kernel
from tests.browser.lab import execute, notebook

SESSION = (
    "import helper\nrows = [float(line) for line in open('data.csv').read().split()[1:]]",
    "%%track score\nfactor = 3\nscore = helper.scale(sum(rows)) * factor",
)


def confirmed(explanation: Explanation) -> list[str]:
    return [f"{one.factor} {one.name}" for one in explanation.judgement.causes if one.confirmed]


def excluded(explanation: Explanation) -> list[str]:
    return [
        f"{one.factor} {one.name}" for one in explanation.judgement.causes if one.confirmed is False
    ]


Ran = Callable[..., None]


@pytest.fixture
def ran(project: Path) -> Ran:
    """Runs cells as the notebook ``n.ipynb`` of the project, as JupyterLab does."""

    def run(*cells: str) -> None:
        nbformat.write(notebook("%load_ext mm_jupyter", *cells), project / "n.ipynb")
        execute(project / "n.ipynb", {**os.environ, "IPYTHONDIR": str(project.parent / "ipython")})

    return run


@pytest.fixture
def scored(project: Path, ran: Ran) -> Path:
    (project / "data.csv").write_text("x\n1\n2\n3\n")
    (project / "helper.py").write_text("def scale(x):\n    return x * 2\n")
    ran(*SESSION)
    return project


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new", "cause"),
    [
        ("data.csv", "2\n", "5\n", "input data.csv"),
        ("helper.py", "x * 2", "x * 7", "module helper.py"),
        ("n.ipynb", "factor = 3", "factor = 4", "code of execution 3"),
    ],
)
def test_what_was_edited_since_is_the_one_confirmed_cause(
    scored: Path, file: str, old: str, new: str, cause: str
) -> None:
    edit(scored / file, old, new)
    (scored / "other.txt").write_text("nothing reads this")
    found = explain("score/1")
    assert not found.helped
    assert found.judgement.verdict == "diverged"
    assert confirmed(found) == [cause]
    assert found.experiments[-1].put_back == (cause,)
    assert found.experiments[-1].verdict == "identical"
    # The verdict of the run itself is about its record, and stays.
    assert runs.get("score/1").row.verdict is None


def test_of_two_edits_the_one_that_changes_nothing_is_excluded(scored: Path) -> None:
    edit(scored / "helper.py", "return x * 2", "return 2 * x")
    edit(scored / "data.csv", "3\n", "4\n")
    found = explain("score/1")
    assert confirmed(found) == ["input data.csv"]
    assert excluded(found) == ["module helper.py"]


def test_two_edits_that_both_matter_are_both_confirmed(scored: Path) -> None:
    edit(scored / "helper.py", "x * 2", "x * 3")
    edit(scored / "data.csv", "3\n", "4\n")
    assert sorted(confirmed(explain("score/1"))) == ["input data.csv", "module helper.py"]


@pytest.mark.usefixtures("scored")
def test_nothing_is_explained_where_nothing_differs() -> None:
    found = explain("score/1")
    assert found.judgement.verdict == "identical"
    assert found.experiments == ()
    assert "nothing to explain" in found.said


def test_a_missing_seed_is_named(ran: Ran) -> None:
    cell = "%%track drawn\nimport random\nvalue = random.random()"
    ran(cell)
    found = explain("drawn/1")
    assert found.judgement.verdict == "unstable"
    seed, where = confirmed(found)
    assert seed == "random state random"
    assert where.startswith("first differs value, in execution 2")


def test_a_variable_is_put_back(ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKLEARN_LEVEL", "3")
    monkeypatch.setenv("SKLEARN_OTHER", "a")
    cell = "%%track level\nimport os\nlevel = int(os.environ['SKLEARN_LEVEL']) * 2.0"
    ran(cell)
    monkeypatch.setenv("SKLEARN_LEVEL", "4")
    monkeypatch.setenv("SKLEARN_OTHER", "b")
    found = explain("level/1")
    assert found.helped
    assert confirmed(found) == ["variable SKLEARN_LEVEL"]
    assert "variable SKLEARN_OTHER" in excluded(found)
    assert runs.get("level/1").row.verdict == "diverged"


def test_a_notebook_that_was_not_run_from_top_to_bottom_is_explained_by_its_order(
    project: Path,
) -> None:
    cells = ("level = 1", "%%track level\nvalue = level * 2.0", "level = 5")
    path = project / "n.ipynb"
    nbformat.write(notebook("%load_ext mm_jupyter", *cells), path)
    execute(path, dict(os.environ), (0, 1, 3, 2))
    found = explain("level/1")
    assert confirmed(found) == ["order of execution"]
    assert found.judgement.verdict == "diverged"
    (cause,) = [one for one in found.judgement.causes if one.confirmed]
    assert cause.current == "top to bottom"


def test_a_cell_that_was_run_twice_and_one_that_was_edited_are_told_apart(project: Path) -> None:
    path = project / "n.ipynb"
    cells = ("level = 1.0", "level += 1", "%%track level\nvalue = level * 2")
    nbformat.write(notebook("%load_ext mm_jupyter", *cells), path)
    execute(path, dict(os.environ), (0, 1, 2, 2, 3))
    assert confirmed(explain("level/1")) == ["order of execution"]
    edit(path, "level = 1.0", "level = 0.0")
    assert sorted(confirmed(explain("level/1"))) == [
        "code of execution 2",
        "order of execution",
    ]


def test_an_order_that_makes_no_difference_explains_nothing(project: Path) -> None:
    path = project / "n.ipynb"
    cells = ("level = 1.0", "other = 2", "%%track level\nvalue = level * 2")
    nbformat.write(notebook("%load_ext mm_jupyter", *cells), path)
    execute(path, dict(os.environ), (0, 2, 1, 1, 3))
    found = explain("level/1")
    assert (found.judgement.verdict, found.experiments) == ("identical", ())


def test_what_reads_the_date_is_explained_by_the_clock(ran: Ran) -> None:
    # The fraction of a second makes sure that no replay falls on the recorded time.
    cell = "%%track today\nimport time\nmade = 3.0\nweek = time.time() // 1e-3"
    ran(cell)
    found = explain("today/1")
    assert found.judgement.verdict == "identical"
    assert any("clock" in one.why for one in found.judgement.not_compared)
    assert [one.put_back for one in found.experiments] == [("clock read by a cell",)]
    # A clock that stands shows when the cell began, and that is not when it asked.
    assert confirmed(found) in ([], ["clock read by a cell"])
    daily = "%%track daily\nimport datetime\nmade = 3.0\nat = datetime.datetime.now().second + 0.5"
    ran(daily)
    time.sleep(1.2)
    found = explain("daily/1")
    assert confirmed(found) == ["clock read by a cell"]
    assert found.helped


def test_an_input_that_cannot_be_had_again_is_said_before_anything_runs(
    ran: Ran, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("1")
    ran(f"%%track far\nvalue = float(open({str(outside)!r}).read())")
    outside.write_text("2")
    with pytest.raises(CannotReplay, match=r"outside\.txt cannot be had: it has changed since"):
        explain("far/1")


CLUSTERING = (
    "%load_ext mm_jupyter",
    "from sklearn.cluster import KMeans\nfrom sklearn.datasets import load_wine\nX = load_wine().data",
    "%%track segments\nkm = KMeans(8, random_state=3)\nkm.fit(X)\ninertia = km.inertia_",
)
OLD = {"scikit-learn": "1.3.2", "numpy": "1.26.4", "scipy": "1.11.4"}


@pytest.fixture
def old_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Our own environment with an old scikit-learn in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    now = capture(Redactor(b"x" * 32))
    packages = tuple(replace(one, version=OLD.get(one.name, one.version)) for one in now.packages)
    try:
        return environments.build(replace(now, packages=packages)).python
    except CannotRebuild as error:
        pytest.skip(f"packages cannot be had here: {error}")


async def in_kernel(python: Path, folder: Path, checkout: Path, cells: tuple[str, ...]) -> None:
    env = {"PYTHONPATH": str(checkout), "MM_REPLAY": None}
    async with running_kernel([str(python)], cwd=str(folder), env=env) as kernel:
        for cell in (*cells, "%unload_ext mm_jupyter"):
            kernel.client.execute(cell)
            while True:
                said = await kernel.client.get_iopub_msg(timeout=120)
                assert said["msg_type"] != "error", said["content"]
                if said["msg_type"] == "status" and said["content"]["execution_state"] == "idle":
                    break


def test_an_old_scikit_learn_is_the_cause_and_a_replay_in_it_proves_so(
    project: Path, checkout: Path, old_python: Path
) -> None:
    asyncio.run(in_kernel(old_python, project, checkout, CLUSTERING))
    found = explain("segments/1")
    assert found.judgement.verdict == "diverged"
    assert confirmed(found) == ["package scikit-learn"]
    assert found.judgement.causes[0].recorded == "1.3.2"
    default = next(one for one in found.judgement.causes if one.factor == "default")
    assert (default.name, default.recorded, default.current) == (
        "KMeans(n_init)",
        "'warn'",
        "'auto'",
    )
    assert "package scipy" in excluded(found)
    good = [one for one in found.experiments if one.verdict == "identical"]
    assert any("package scikit-learn" in one.put_back for one in good)

    since = {one.short: (one.old, one.new) for one in api.environment_diff("segments/1").defaults}
    assert since["KMeans(n_init)"] == ("'warn'", "'auto'")

    environment = api.environment("segments/1")
    assert Package(name="scikit-learn", version="1.3.2") in environment.packages
    lock = api.export_environment("segments/1", project / "pylock.toml").read_text()
    assert 'name = "scikit-learn"\nversion = "1.3.2"' in lock
    assert os.sep + "tmp" not in lock.split("[[packages]]")[0]
