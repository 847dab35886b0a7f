"""A notebook is executed as Jupyter would, with code of ours around it, and what goes wrong is said."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from nbformat import NotebookNode

from mm_jupyter.errors import KernelDied, KernelSideFailed, MmError, ReplayTimeout, ScratchFull
from mm_jupyter.replaying.engine import EngineJob, Executed, MmEngine, execute
from mm_jupyter.replaying.scratch import lay_out

TAGGED = ("raises-exception",)


def _notebook(*cells: str | tuple[str, str]) -> NotebookNode:
    """A notebook of code cells; a pair is a source and its tag."""
    made = []
    for cell in cells:
        source, *tags = (cell,) if isinstance(cell, str) else cell
        made.append(nbformat.v4.new_code_cell(source, metadata={"tags": tags}))
    return nbformat.v4.new_notebook(cells=made)


def _execute(*cells: str | tuple[str, str], output: str | None = None, **options: Any) -> Executed:
    return execute(_notebook(*cells), output, EngineJob(graceful=False, **options))


def _shown(cell: NotebookNode) -> list[str]:
    return [
        output.get("text") or output.get("ename") or output["data"]["text/plain"]
        for output in cell.outputs
    ]


def test_cells_run_in_order_in_one_kernel_and_keep_what_they_show() -> None:
    done = _execute(
        "a = 1\nprint('one')", "a + 1", "display(a)\nawait __import__('asyncio').sleep(0)"
    )
    assert [_shown(cell) for cell in done.notebook.cells] == [["one\n"], ["2"], ["1"]]
    assert [cell.execution_count for cell in done.notebook.cells] == [1, 2, 3]
    assert done.failure is None


def test_code_of_ours_takes_no_number_and_leaves_no_output(tmp_path: Path) -> None:
    done = _execute(
        "In, _",
        bootstrap="print('ours'); secret = 1",
        finish=f"open({str(tmp_path / 'seen')!r}, 'w').write(repr((len(In), secret)))",
    )
    assert _shown(done.notebook.cells[0]) == ["(['', 'In, _'], '')"]
    assert done.notebook.cells[0].execution_count == 1
    assert (tmp_path / "seen").read_text() == "(2, 1)"


def test_a_cell_that_raises_stops_the_notebook_and_ours_still_finishes(tmp_path: Path) -> None:
    output = tmp_path / "out.ipynb"
    done = _execute(
        "1", "1/0", "2", output=str(output), finish=f"open({str(tmp_path / 'done')!r}, 'w')"
    )
    assert done.failure is not None
    assert (done.failure.ename, done.failure.exec_count) == ("ZeroDivisionError", 2)
    assert [_shown(cell) for cell in done.notebook.cells] == [["1"], ["ZeroDivisionError"], []]
    assert (tmp_path / "done").exists()
    # The file has papermill's marks: a headline and an anchor before the cell.
    assert [cell.cell_type for cell in nbformat.read(output, 4).cells] == [
        "markdown", "code", "markdown", "code", "code",
    ]  # fmt: skip


def test_a_tagged_cell_may_raise_and_its_error_stays_where_it_was(tmp_path: Path) -> None:
    output = tmp_path / "out.ipynb"
    done = _execute(("print('before')\n1/0", *TAGGED), "'after'", output=str(output))
    assert done.failure is None
    for notebook in (done.notebook, nbformat.read(output, 4)):
        assert [_shown(cell) for cell in notebook.cells] == [
            ["before\n", "ZeroDivisionError"],
            ["'after'"],
        ]
        assert "mm_jupyter" not in notebook.cells[0].metadata


def test_a_tolerated_error_is_kept_in_the_file_of_a_notebook_that_fails_later(
    tmp_path: Path,
) -> None:
    output = tmp_path / "out.ipynb"
    done = _execute(("1/0", *TAGGED), "undefined", output=str(output))
    assert done.failure is not None
    assert done.failure.ename == "NameError"
    shown = [_shown(cell) for cell in nbformat.read(output, 4).cells if cell.cell_type == "code"]
    assert shown == [["ZeroDivisionError"], ["NameError"]]


def test_all_errors_can_be_allowed() -> None:
    done = _execute("1/0", "undefined", "3", allow_errors=True)
    assert done.failure is None
    shown = [_shown(cell) for cell in done.notebook.cells]
    assert shown == [["ZeroDivisionError"], ["NameError"], ["3"]]


def test_streams_are_joined_as_a_terminal_shows_them() -> None:
    done = _execute(
        "import sys, time\n"
        "for i in range(3):\n"
        "    print(i, flush=True); print('e', i, file=sys.stderr, flush=True); time.sleep(0.05)\n"
        "print('10%\\r50%\\r100%')"
    )
    assert _shown(done.notebook.cells[0]) == ["0\n1\n2\n100%\n", "e 0\ne 1\ne 2\n"]


def test_many_and_long_outputs_all_arrive() -> None:
    done = _execute(
        "from IPython.display import display\nfor i in range(3000): display(i)",
        "print('x' * 10_000_000)",
    )
    assert len(done.notebook.cells[0].outputs) == 3000
    assert len(done.notebook.cells[1].outputs[0].text) == 10_000_001


def test_cells_without_code_and_skipped_ones_are_left_out() -> None:
    states: list[tuple[int, int, str]] = []
    notebook = _notebook("1", "  \n", ("2", "skip-execution"), "3")
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell("# title"))
    done = execute(notebook, None, EngineJob(on_cell=lambda *told: states.append(told)))
    assert states == [(0, 2, "running"), (0, 2, "done"), (1, 2, "running"), (1, 2, "done")]
    assert [cell.get("execution_count") for cell in done.notebook.cells] == [None, 1, None, None, 2]


def test_progress_says_which_cell_failed() -> None:
    states: list[tuple[int, int, str]] = []
    _execute("1/0", "2", on_cell=lambda *told: states.append(told))
    assert states == [(0, 2, "running"), (0, 2, "failed")]


def test_parameters_are_injected_without_a_kernel_name_in_the_notebook() -> None:
    notebook = _notebook(("alpha = 1", "parameters"), "alpha")
    done = execute(notebook, None, EngineJob(), parameters={"alpha": 5})
    assert _shown(done.notebook.cells[2]) == ["5"]
    assert len(notebook.cells) == 2


def test_a_secret_is_sent_and_never_written(tmp_path: Path) -> None:
    mark, secret = "<redacted:api_key:1a2b>", "s3cr3t-value"
    output = tmp_path / "out.ipynb"
    done = _execute(
        f"key = '{mark}'\nlen(key)",
        f"print(key, end=''); import sys; sys.stdout.flush(); {{'a': ['{mark}']}}",
        f"raise ValueError('{mark}')",
        output=str(output),
        substitutions={mark: secret},
    )
    assert _shown(done.notebook.cells[0]) == [str(len(secret))]
    assert _shown(done.notebook.cells[1]) == [mark, f"{{'a': ['{mark}']}}"]
    assert done.failure is not None
    assert secret not in str(done.failure)
    assert secret not in output.read_text()
    assert secret not in json.dumps(done.notebook)
    assert mark in output.read_text()


def test_a_secret_is_not_in_what_is_saved_while_a_cell_runs(tmp_path: Path) -> None:
    mark, secret = "<redacted:api_key:1a2b>", "s3cr3t-value"
    output = tmp_path / "out.ipynb"
    cell = f"""
import time
key = '{mark}'
print("shown", key, flush=True)
deadline = time.monotonic() + 60
while "shown" + " <" not in (text := open({str(output)!r}).read()) and key not in text:
    assert time.monotonic() < deadline
    print("again", flush=True)
    time.sleep(0.3)
print(key in text)
"""
    notebook = papermill.execute_notebook(
        _notebook(cell), str(output), engine_name="mm", kernel_name="python3", progress_bar=False,
        autosave_cell_every=0.1, job=EngineJob(substitutions={mark: secret}, graceful=False),
    )  # fmt: skip
    assert _shown(notebook.cells[0])[0].splitlines()[-1] == "False"


@pytest.mark.parametrize(
    "cell",
    [
        "import time; time.sleep(600)",
        "import time\nwhile True:\n    try:\n        time.sleep(600)\n    except KeyboardInterrupt:\n        pass",
    ],
)  # fmt: skip
def test_a_notebook_that_takes_too_long_is_stopped(
    cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mm_jupyter.replaying.cells.INTERRUPT_SECONDS", 1.0)
    with pytest.raises(ReplayTimeout) as raised:
        _execute("1", (cell, *TAGGED), "2", timeout=0.5)
    assert str(raised.value) == "The kernel was stopped after 0.5 s, while cell 2 was running."


def test_ours_finishes_after_a_timeout(tmp_path: Path) -> None:
    with pytest.raises(ReplayTimeout):
        _execute(
            "import time; time.sleep(600)",
            timeout=0.5,
            finish=f"open({str(tmp_path / 'done')!r}, 'w')",
        )
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("import os; os.kill(os.getpid(), 9)", "it was killed by signal 9 (SIGKILL)"),
        ("import os; os.kill(os.getpid(), 11)", "it was killed by signal 11 (SIGSEGV)"),
        ("import os; os._exit(5)", "it left with exit status 5"),
    ],
)
def test_a_kernel_that_dies_is_said(cell: str, why: str, tmp_path: Path) -> None:
    output = tmp_path / "out.ipynb"
    with pytest.raises(KernelDied) as raised:
        _execute(("1/0", *TAGGED), cell, "3", output=str(output), finish="1")
    assert str(raised.value) == f"The kernel died in cell 2: {why}."
    assert _shown(nbformat.read(output, 4).cells[0]) == ["ZeroDivisionError"]


@pytest.mark.parametrize(
    ("options", "purpose"),
    [({"bootstrap": "1/0"}, "start"), ({"finish": "1/0"}, "complete the recording")],
)
def test_ours_failing_is_said(options: dict[str, str], purpose: str) -> None:
    with pytest.raises(KernelSideFailed) as raised:
        _execute("1", **options)
    assert str(raised.value) == (
        f"mm_jupyter could not {purpose} in the kernel: ZeroDivisionError: division by zero."
    )


def test_a_full_scratch_directory_stops_the_notebook() -> None:
    with lay_out("/w", [], limit=100_000) as scratch:
        seen: list[int] = []

        def check(index: int, _total: int, _state: str) -> None:
            seen.append(index)
            scratch.check()

        with pytest.raises(ScratchFull):
            _execute(
                "open('big', 'wb').write(bytes(10)  * 100_000)", "2",
                cwd=str(scratch.cwd), on_cell=check,
            )  # fmt: skip
        assert 1 not in seen


def test_a_cell_that_fills_the_scratch_directory_is_stopped_while_it_runs() -> None:
    with lay_out("/w", [], limit=3_000_000) as scratch:
        cell = (
            "import time\nfor i in range(600):\n    open(f'{i}.bin', 'wb').write(bytes(100_000))\n"
            "    time.sleep(0.05)"
        )
        job = EngineJob(cwd=str(scratch.cwd), watch=scratch.check)
        with pytest.raises(ScratchFull):
            execute(_notebook(cell), None, job)
        assert scratch.size() < 30_000_000


def test_this_process_stays_where_it_is(tmp_path: Path) -> None:
    before, environment = os.getcwd(), dict(os.environ)
    done = _execute(
        "import os; print(os.getcwd(), os.environ['ONLY_THERE'])",
        cwd=str(tmp_path),
        env={"ONLY_THERE": "1"},
    )
    assert done.notebook.cells[0].outputs[0].text == f"{tmp_path} 1\n"
    assert (os.getcwd(), dict(os.environ)) == (before, environment)


def test_one_process_executes_many_notebooks_and_keeps_nothing_open() -> None:
    _execute("1")
    before = len(os.listdir("/proc/self/fd"))
    for number in range(3):
        assert _shown(_execute(str(number)).notebook.cells[0]) == [str(number)]
    assert len(os.listdir("/proc/self/fd")) == before


def test_it_works_inside_a_running_event_loop() -> None:
    async def within() -> Executed:
        return _execute("1 + 1")

    assert _shown(asyncio.run(within()).notebook.cells[0]) == ["2"]
    with pytest.raises(MmError):
        asyncio.run(_raising())


async def _raising() -> Executed:
    return _execute("1", bootstrap="1/0")


@pytest.mark.parametrize("loop", [False, True])
def test_ctrl_c_stops_the_kernel_and_ours_finishes(loop: bool, tmp_path: Path) -> None:
    program = f"""
import asyncio, nbformat
from mm_jupyter.replaying.engine import EngineJob, execute
source = "import os, time; open({str(tmp_path / "pid")!r} + str(os.getpid()), 'w'); time.sleep(600)"
cell = nbformat.v4.new_code_cell(source)
job = EngineJob(finish="open({str(tmp_path / "done")!r}, 'w')", on_cell=lambda *told: print(*told, flush=True))
async def within():
    execute(nbformat.v4.new_notebook(cells=[cell]), None, job)
try:
    asyncio.run(within()) if {loop} else within().send(None)  # what it awaits is nothing
except KeyboardInterrupt:
    print("interrupted")
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "0 1 running\n"
        while not list(tmp_path.glob("pid*")):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[0].splitlines()[-1] == "interrupted"
    assert (tmp_path / "done").exists()
    pid = next(tmp_path.glob("pid*")).name.removeprefix("pid")
    assert not Path(f"/proc/{pid}").exists()


def test_papermill_finds_it_and_needs_no_job(tmp_path: Path) -> None:
    output = tmp_path / "{odd}.ipynb"
    nbformat.write(_notebook("1 + 1"), tmp_path / "in.ipynb")
    program = (
        "import sys, papermill; papermill.execute_notebook("
        f"{str(tmp_path / 'in.ipynb')!r}, {str(tmp_path / 'out.ipynb')!r}, engine_name='mm', "
        "progress_bar=False); assert 'mm_jupyter.replaying.engine' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    written = nbformat.read(tmp_path / "out.ipynb", 4)
    assert _shown(written.cells[0]) == ["2"]
    assert written.metadata.papermill.input_path == str(tmp_path / "in.ipynb")
    assert papermill.engines.papermill_engines.get_engine("mm") is MmEngine
    done = execute(_notebook("2"), str(output), EngineJob(graceful=False), source="shown.ipynb")
    assert nbformat.read(output, 4).metadata.papermill.input_path == "shown.ipynb"
    assert done.seconds > 0
