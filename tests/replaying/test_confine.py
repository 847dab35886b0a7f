"""A confined process and its children write nowhere else and reach no network; what they need works."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from mm_jupyter.replaying.confine import Confinement, can_confine
from mm_jupyter.replaying.engine import EngineJob, execute

pytestmark = pytest.mark.skipif(
    not can_confine(), reason="this machine lets this user make no namespaces"
)

PROBE = """
import os, socket
try:
    open({outside!r} + "/written", "w")
except OSError as error:
    print(error.strerror)
open("inside", "w").write("x")
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=5).close()
    print("connected")
except OSError as error:
    print(error.strerror)
"""


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """A folder outside and one inside."""
    for name in ("outside", "inside"):
        (tmp_path / name).mkdir()
    return tmp_path / "outside", tmp_path / "inside"


def _run(confinement: Confinement, argv: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        confinement.command(argv), cwd=cwd, capture_output=True, text=True, check=False
    )


def test_it_writes_only_where_it_may_and_reaches_no_server(
    places: tuple[Path, Path], port: int
) -> None:
    outside, inside = places
    probe = PROBE.format(outside=str(outside), port=port)
    done = _run(Confinement(writable=(str(inside),)), [sys.executable, "-c", probe], inside)
    assert done.stdout.splitlines() == ["Read-only file system", "Connection refused"]
    assert done.returncode == 0, done.stderr
    assert list(outside.iterdir()) == []
    assert (inside / "inside").read_text() == "x"


def test_the_network_can_be_left_open(places: tuple[Path, Path], port: int) -> None:
    outside, inside = places
    probe = PROBE.format(outside=str(outside), port=port)
    confinement = Confinement(writable=(str(inside),), network=True)
    done = _run(confinement, [sys.executable, "-c", probe], inside)
    assert done.stdout.splitlines() == ["Read-only file system", "connected"]


def test_it_cannot_be_undone_from_within(places: tuple[Path, Path]) -> None:
    outside, inside = places
    script = f"mount -o remount,rw / ; mount -o remount,rw,bind {outside} ; touch {outside}/written"
    done = _run(Confinement(writable=(str(inside),)), ["sh", "-c", script], inside)
    assert done.returncode != 0
    assert list(outside.iterdir()) == []


def test_it_keeps_its_process_status_and_streams(places: tuple[Path, Path]) -> None:
    _, inside = places
    done = _run(Confinement(writable=(str(inside),)), ["sh", "-c", "echo $PPID; exit 7"], inside)
    assert done.returncode == 7
    assert int(done.stdout) == os.getpid()


def test_a_command_that_is_not_there_is_said(places: tuple[Path, Path]) -> None:
    _, inside = places
    done = _run(Confinement(writable=(str(inside),)), ["/no/such/program"], inside)
    assert done.returncode == 126
    assert "cannot confine /no/such/program" in done.stderr


def test_a_database_outside_can_be_read(places: tuple[Path, Path]) -> None:
    outside, inside = places
    make = f"import sqlite3; c = sqlite3.connect({str(outside / 'd.db')!r}); c.execute('create table t (x)')"
    subprocess.run([sys.executable, "-c", make], check=True)
    look = f"""
import sqlite3
from mm_jupyter.kernel.guard import Guard
guard = Guard({str(inside)!r})
guard.install()
connection = sqlite3.connect({str(outside / "d.db")!r})
print(connection.execute("select count(*) from t").fetchone(), guard.refusals)
try:
    connection.execute("create table u (x)")
except sqlite3.OperationalError as error:
    print(error)
"""
    done = _run(Confinement(writable=(str(inside),)), [sys.executable, "-c", look], inside)
    assert done.stdout.splitlines() == ["(0,) ()", "attempt to write a readonly database"]


def test_a_confined_kernel_runs_cells_lines_and_workers(
    places: tuple[Path, Path], port: int
) -> None:
    outside, inside = places
    spoil = (
        f"def spoil(i):\n    open({str(outside)!r} + f'/{{i}}', 'w')\n"
        "joblib.Parallel(n_jobs=2)(joblib.delayed(spoil)(i) for i in range(2))"
    )
    cells = [
        f"!touch {outside}/written",
        f"!{sys.executable} -c \"import socket; socket.create_connection(('127.0.0.1', {port}), 5)\" 2>&1 | tail -1",
        f"open({str(outside)!r} + '/written', 'w')",
        "!echo hello > inside; cat inside",
        "import joblib\nprint(joblib.Parallel(n_jobs=2)(joblib.delayed(pow)(i, 2) for i in range(4)))",
        spoil,
    ]  # fmt: skip
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    job = EngineJob(
        cwd=str(inside),
        confine=Confinement(writable=(str(inside),)),
        allow_errors=True,
        graceful=False,
        env={"TMPDIR": str(inside), "JOBLIB_TEMP_FOLDER": str(inside), "IPYTHONDIR": str(inside)},
    )
    done = execute(notebook, None, job)
    shown = [
        "".join(output.get("text") or output.get("evalue") for output in cell.outputs)
        for cell in done.notebook.cells
    ]
    assert "Read-only file system" in shown[0]
    assert "Connection refused" in shown[1]
    assert "Read-only file system" in shown[2]
    assert shown[3] == "hello\n"
    assert shown[4] == "[0, 1, 4, 9]\n"
    assert "Read-only file system" in shown[5]
    assert list(outside.iterdir()) == []
    assert (inside / "inside").read_text() == "hello\n"
