"""A recipe as a notebook runs in plain Jupyter, to the recorded result."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from mm_jupyter.errors import CannotReplay
from mm_jupyter.kernel.randomness import Generators
from mm_jupyter.records import (
    BlobDigest,
    Execution,
    RandomState,
    Run,
    RunId,
    RunRef,
    RunRow,
    SessionId,
)
from mm_jupyter.replaying.recipe import make_recipe, to_notebook

SESSION = SessionId("s")


def a_run(seq: int | None) -> Run:
    row = RunRow(
        ref=RunRef("churn", 7),
        id=RunId(1),
        kind="cell" if seq is not None else "notebook",
        status="completed",
        started=0.0,
        seconds=1.0,
        session=SESSION,
        notebook=None,
        seq=seq,
        cell_id=None,
        params=(),
        metrics={},
        tags={},
        note=None,
        parent=None,
        within=None,
        verdict=None,
        models=(),
    )
    return Run(
        row=row,
        source="",
        failure=None,
        values=(),
        models=(),
        outputs=(),
        artifacts=(),
        files=(),
        series={},
        not_kept=(),
        environment=None,
        git=None,
    )


def execution(seq: int, source: str, **facts: Any) -> Execution:
    given: dict[str, Any] = {"status": "ok", "count": seq, **facts}
    return Execution(
        session=SESSION, seq=seq, cell_id=None, source=source, started=0.0, seconds=0.0, **given
    )


def log_of(*sources: str) -> list[Execution]:
    return [execution(seq, source) for seq, source in enumerate(sources, 1)]


def recorded(cells: list[str]) -> tuple[list[Execution], dict[str, Any], dict[BlobDigest, bytes]]:
    """Run the cells here as a session does, with the generators that each moved."""
    space: dict[str, Any] = {}
    blobs: dict[BlobDigest, bytes] = {}
    log = []
    generators = Generators()

    def kept(state: bytes | None) -> BlobDigest | None:
        if state is None:
            return None
        digest = BlobDigest(f"blob:{hash(state)}")
        blobs[digest] = state
        return digest

    for seq, source in enumerate(cells, 1):
        before, names = generators.take(space, list(space)), dict(space)
        exec(source, space)
        after = generators.take(space, list(space))
        random = tuple(
            RandomState(generator=name, before=kept(old), after=kept(new) or BlobDigest(""))
            for name, old, new in generators.moved(before, after)
        )
        bound = tuple(name for name in space if space[name] is not names.get(name))
        log.append(execution(seq, source, bound=bound, random=random))
    return log, space, blobs


def no_states(digest: BlobDigest) -> bytes:
    raise AssertionError(digest)


def notebook_of(log: list[Execution], target: int | None = None, how: Any = "whole") -> Any:
    recipe = make_recipe(a_run(target or log[-1].seq), log, how)
    return to_notebook(recipe, states=no_states)


def played(notebook: nbformat.NotebookNode) -> str:
    """What plain Jupyter prints in the last cell."""
    nbformat.validate(notebook)
    done = NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    return "".join(output.get("text", "") for output in done.cells[-1].outputs)


def roles(notebook: nbformat.NotebookNode) -> list[str]:
    return [cell.metadata.mm_jupyter["role"] for cell in notebook.cells]


UNSEEDED = [
    "import random\nimport numpy as np",
    "rng = np.random.default_rng()\nold = np.random.RandomState()\nown = random.Random()",
    "x = [random.random(), random.gauss(0, 1)]\ny = np.random.rand(2)",
    "skipped = [rng.random(), own.gauss(0, 1), old.randn(), np.random.randn(3), random.random()]",
    "a = rng.normal(size=3)",
    "b = [own.random(), own.gauss(0, 1), old.randn(1)[0]]",
    "r = [*x, *y, *a, *b, random.gauss(0, 1), *np.random.randn(2), rng.random()]\nprint([float(i).hex() for i in r])",
]


def test_unseeded_draws_are_repeated_without_us(monkeypatch: pytest.MonkeyPatch) -> None:
    log, space, blobs = recorded(UNSEEDED)
    recipe = make_recipe(a_run(7), log, "optimistic")
    assert [step.seq for step in recipe.steps] == [1, 2, 3, 5, 6, 7]
    notebook = to_notebook(recipe, states=blobs.__getitem__)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert "mm_jupyter" not in text
    assert "pickle" not in text
    monkeypatch.setenv("PYTHONPATH", "")
    assert played(notebook).strip() == str([float(value).hex() for value in space["r"]])


def test_without_restoring_the_draws_are_others() -> None:
    log, _, _ = recorded(UNSEEDED)
    notebook = to_notebook(
        make_recipe(a_run(7), log, "optimistic"), states=no_states, restore=False
    )
    assert "restore" not in roles(notebook)
    assert "_mm_restore" not in str(notebook)


@pytest.mark.parametrize(
    "make",
    [
        "np.random.Generator(np.random.MT19937())",
        "np.random.Generator(np.random.Philox())",
        "np.random.Generator(np.random.SFC64())",
        "np.random.RandomState(np.random.PCG64())",
        "__import__('random').Random()",
    ],
)
def test_each_kind_of_generator(make: str) -> None:
    draw = (
        "[float(rng.random()) for _ in range(3)]"
        if "Random()" in make
        else "rng.normal(size=3).tolist()"
    )
    draw = draw.replace(
        "rng.normal(size=3)", "rng.standard_normal(3)" if "Generator" in make else "rng.randn(3)"
    )
    log, space, blobs = recorded(["import numpy as np", f"rng = {make}", f"r = {draw}"])
    helper = to_notebook(make_recipe(a_run(3), log, "whole"), states=blobs.__getitem__)
    fresh: dict[str, Any] = {}
    for cell in helper.cells:
        if cell.cell_type == "code":
            exec(cell.source, fresh)
    assert fresh["r"] == space["r"]
    bare: dict[str, Any] = {}
    for cell in helper.cells:
        if cell.metadata.mm_jupyter["role"] == "restore":
            exec(cell.source, bare)
    assert type(bare["rng"]) is type(space["rng"])


def test_equal_states_are_written_once() -> None:
    state = RandomState(generator="random", before=BlobDigest("one"), after=BlobDigest("two"))
    log = [execution(1, "a = 1", random=(state,)), execution(2, "b = 1", random=(state,))]
    kept = b'{"generator":"random","gauss":null,"kind":"python","version":3,"words":""}'
    notebook = to_notebook(make_recipe(a_run(2), log, "whole"), states=lambda _: kept)
    assert str(notebook).count('"random@1":') == 1
    assert roles(notebook) == ["head", "restore", "restore", "parameters", "restore", "step"]


def test_the_cells_around_the_steps() -> None:
    notebook = notebook_of(log_of("import os", "%%track churn -t a=b\nx = os.sep"))
    assert roles(notebook) == ["head", "parameters", "step", "step"]
    assert notebook.cells[1].metadata.tags == ["parameters"]
    assert [cell.source for cell in notebook.cells[2:]] == ["import os", "x = os.sep"]
    assert notebook.cells[3].metadata.mm_jupyter == {"role": "step", "seq": 2}
    assert "churn/7" in notebook.cells[0].source
    assert "2 of the 2 executions" in notebook.cells[0].source
    assert (notebook.nbformat, notebook.nbformat_minor >= 5) == (4, True)


def test_the_same_recipe_gives_the_same_notebook() -> None:
    log = log_of("import os", "x = os.sep")
    assert nbformat.writes(notebook_of(log)) == nbformat.writes(notebook_of(log))


def test_a_first_cell_of_literals_holds_the_parameters() -> None:
    notebook = notebook_of(log_of("n = 5\nname = 'x'", "r = n"))
    assert roles(notebook) == ["head", "parameters", "step"]
    assert notebook.cells[1].metadata.tags == ["parameters"]


@pytest.mark.parametrize("first", ["n = len('x')", "n = 5\nprint(n)", "import os\nn = 5", "n: int"])
def test_another_first_cell_does_not(first: str) -> None:
    assert roles(notebook_of(log_of(first, "r = 1"))) == ["head", "parameters", "step", "step"]


def test_recorded_parameters_are_where_they_were() -> None:
    log = [
        execution(1, "import os"),
        execution(2, "n = 1", parameters=True),
        execution(3, "n = 2", parameters=True),
        execution(4, "r = n"),
    ]
    notebook = notebook_of(log)
    assert roles(notebook) == ["head", "step", "parameters", "parameters", "step"]
    assert notebook.cells[2].metadata.tags == ["parameters"]
    assert notebook.cells[3].metadata.tags == ["injected-parameters"]


def test_a_step_that_raised_may_raise_again() -> None:
    log = [
        execution(1, "a = 1\n1 / 0\nb = 2", status="raised", bound=("a",)),
        execution(2, "print(a)"),
    ]
    notebook = notebook_of(log)
    assert notebook.cells[2].metadata.tags == ["raises-exception"]
    assert played(notebook) == "1\n"


def test_our_own_lines_are_gone() -> None:
    log = log_of(
        "%load_ext mm_jupyter\nimport os\n%mm runs",
        "%%track\n",
        "if 1:\n    %mm runs\nx = '''\n%mm x\n'''",
    )
    steps = make_recipe(a_run(3), log, "whole").steps
    assert [step.source for step in steps] == [
        "import os",
        "pass",
        "if 1:\n    pass\nx = '''\n%mm x\n'''",
    ]


def test_numbered_results_keep_their_meaning() -> None:
    log = log_of(
        "6 * 7", "z = 1", "w = 1", "k = 5; 'ä' + 'x'", "print(_1, Out[4], _4, len(In[1]), _)"
    )
    notebook = notebook_of(log, how="optimistic")
    assert notebook.cells[-1].source == "print(_2, Out[3], _3, len(In[2]), _)"
    assert played(notebook) == "42 äx äx 5 äx\n"


def test_a_session_without_the_run() -> None:
    with pytest.raises(CannotReplay):
        make_recipe(a_run(5), log_of("a = 1"), "whole")
    with pytest.raises(CannotReplay):
        make_recipe(a_run(None), [], "whole")
    with pytest.raises(CannotReplay):
        make_recipe(a_run(1), log_of("a = 1"), "whole", seqs=(1, 4))


def test_a_notebooks_run_ends_with_the_session() -> None:
    recipe = make_recipe(a_run(None), log_of("a = 1", "b = 2"), "whole", verified=True)
    assert [step.seq for step in recipe.steps] == [1, 2]
    assert (recipe.of, recipe.verified) == (2, True)
