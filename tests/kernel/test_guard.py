"""A guarded process changes nothing outside its scratch directory, reaches nobody, and says so."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from mm_jupyter.replaying.engine import EngineJob, execute
from mm_jupyter.replaying.scratch import lay_out

# Programs see ``outside`` and ``inside`` (folders that exist, each with file.txt, folder/ and data.db), and ``port``,
# where a server listens. Each is run in one process whose guard cannot be removed.
REFUSED = {
    "open for writing": ("write", "{outside}/new.txt", "open(f'{outside}/new.txt', 'w')"),
    "append": ("write", "{outside}/file.txt", "open(f'{outside}/file.txt', 'a')"),
    "update": ("write", "{outside}/file.txt", "open(f'{outside}/file.txt', 'r+b')"),
    "a relative path": (
        "write",
        "{outside}/new.txt",
        "open(os.path.relpath(f'{outside}/new.txt'), 'w')",
    ),
    "os.open with flags": (
        "write",
        "{outside}/new.txt",
        "os.open(f'{outside}/new.txt', os.O_WRONLY | os.O_CREAT)",
    ),
    "os.open truncating": (
        "write",
        "{outside}/file.txt",
        "os.open(f'{outside}/file.txt', os.O_RDONLY | os.O_TRUNC)",
    ),
    "through a link": (
        "write",
        "{outside}/file.txt",
        "os.symlink(f'{outside}/file.txt', f'{inside}/ln'); open(f'{inside}/ln', 'w')",
    ),
    "through a hard link": (
        "write",
        "{outside}/file.txt",
        "os.link(f'{outside}/file.txt', f'{inside}/hard')",
    ),
    "pathlib": ("write", "{outside}/new.txt", "pathlib.Path(outside, 'new.txt').write_text('x')"),
    "a copy": (
        "write",
        "{outside}/copy.txt",
        "shutil.copy(f'{inside}/file.txt', f'{outside}/copy.txt')",
    ),
    "truncate": ("write", "{outside}/file.txt", "os.truncate(f'{outside}/file.txt', 0)"),
    "chmod": ("write", "{outside}/file.txt", "os.chmod(f'{outside}/file.txt', 0)"),
    "utime": ("write", "{outside}/file.txt", "os.utime(f'{outside}/file.txt')"),
    "mkdir": ("write", "{outside}/made", "os.makedirs(f'{outside}/made')"),
    "a link outside": ("write", "{outside}/ln", "os.symlink(inside, f'{outside}/ln')"),
    "remove": ("delete", "{outside}/file.txt", "os.remove(f'{outside}/file.txt')"),
    "remove below an open folder": (
        "delete",
        "{outside}/file.txt",
        "os.remove('file.txt', dir_fd=os.open(outside, os.O_RDONLY))",
    ),
    "rmdir": ("delete", "{outside}/folder", "os.rmdir(f'{outside}/folder')"),
    "rmtree": ("delete", "{outside}/folder", "shutil.rmtree(f'{outside}/folder')"),
    "move away": (
        "delete",
        "{outside}/file.txt",
        "os.rename(f'{outside}/file.txt', f'{inside}/taken')",
    ),
    "move over": (
        "write",
        "{outside}/file.txt",
        "os.replace(f'{inside}/file.txt', f'{outside}/file.txt')",
    ),
    "a database": ("write", "{outside}/data.db", "sqlite3.connect(f'{outside}/data.db')"),
    "a database by address": (
        "write",
        "{outside}/data.db",
        "sqlite3.connect(f'file://{outside}/data.db?mode=rw', uri=True)",
    ),
    "in a thread": ("write", "{outside}/new.txt", "in_thread(open, f'{outside}/new.txt', 'w')"),
    "swallowed": (
        "delete",
        "{outside}/file.txt",
        "with contextlib.suppress(OSError): os.remove(f'{outside}/file.txt')",
    ),
    "connect": (
        "network",
        "127.0.0.1:{port}",
        "socket.create_connection(('127.0.0.1', port), timeout=5)",
    ),
    "listen": ("network", "127.0.0.1:0", "socket.socket().bind(('127.0.0.1', 0))"),
    "a datagram": (
        "network",
        "127.0.0.1:{port}",
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', port))",
    ),
    "a request": (
        "network",
        "data.example.org",
        "urllib.request.urlopen('https://data.example.org/x.csv')",
    ),
    "a name": ("network", "example.org", "socket.getaddrinfo('example.org', 80)"),
    "a service's socket": (
        "network",
        "{outside}/service",
        "socket.socket(socket.AF_UNIX).connect(f'{outside}/service')",
    ),
    "a nameless service": (
        "network",
        "@/tmp/bus",
        "socket.socket(socket.AF_UNIX).connect('\\0/tmp/bus')",
    ),
    "subprocess": ("process", "touch {outside}/new.txt", "subprocess.run(['touch', f'{outside}/new.txt'])"),
    "os.system": ("process", "true", "os.system('true')"),
    "a shell": ("process", "/bin/sh -c uname -m", "subprocess.run('uname -m', shell=True)"),
    "fork": ("process", "fork", "os.fork()"),
    "a signal": ("process", "kill {stranger}", "os.kill(stranger, 15)"),
}  # fmt: skip
ALLOWED = {
    "read outside": "assert open(f'{outside}/file.txt').read() == 'kept'",
    "write inside": "open(f'{inside}/new.txt', 'w').write('x')",
    "write relatively": "open('relative.txt', 'w').write('x')",
    "work inside": "os.makedirs('a/b'); os.rename('a', 'c'); shutil.rmtree('c')",
    "temporary files": "tempfile.TemporaryFile().write(b'x'); shutil.rmtree(tempfile.mkdtemp())",
    "a database inside": "sqlite3.connect(f'{inside}/data.db').close()",
    "a database in memory": "sqlite3.connect(':memory:').close()",
    "a database to read": "sqlite3.connect(f'file:{outside}/data.db?mode=ro', uri=True).close()",
    "devices": "open('/dev/null', 'w').write('x'); open('/dev/stdout', 'w').close()",
    "allowed by name": "open(f'{allowed}/x', 'w').write('x'); os.remove(f'{allowed}/x')",
    "sockets inside": (
        "s = socket.socket(socket.AF_UNIX); s.bind('sock'); s.listen(); "
        "socket.socket(socket.AF_UNIX).connect('sock')"
    ),
    "socket pairs": "a, b = socket.socketpair(); a.send(b'x')",
    "names of this machine": "socket.getaddrinfo('127.0.0.1', 80); socket.getaddrinfo('localhost', 1)",
    "shared memory": (
        "m = shared_memory.SharedMemory(create=True, size=10); m.close(); m.unlink()"
    ),
    "a lock": "multiprocessing.get_context('fork').Lock().acquire()",
    "asking about the machine": "subprocess.run(['uname', '-m'], check=True, capture_output=True)",
    "its own signals": "os.kill(os.getpid(), 0); os.kill(stranger, 0)",
}  # fmt: skip
FAILS_BY_ITSELF = {
    "remove what is not there": ("os.remove(f'{outside}/none')", "FileNotFoundError"),
    "make what is there": ("os.mkdir(f'{outside}/folder')", "FileExistsError"),
    "make sure of what is there": ("os.makedirs(f'{outside}/folder', exist_ok=True)", None),
    "rename what is not there": (
        "os.rename(f'{outside}/none', f'{inside}/none')",
        "FileNotFoundError",
    ),
    "write in no folder": ("open(f'{outside}/none/x', 'w')", "FileNotFoundError"),
    "create what is there": ("open(f'{outside}/file.txt', 'x')", "FileExistsError"),
    "a wrong type": ("os.remove(3.5)", "TypeError"),
}

DRIVER = """
import contextlib, json, multiprocessing, os, pathlib, shutil, socket, sqlite3, subprocess, sys, tempfile, threading
import urllib.request
from multiprocessing import shared_memory
from mm_jupyter.kernel.guard import Guard

def in_thread(function, *arguments):
    raised = []
    def work():
        try:
            function(*arguments)
        except OSError as error:
            raised.append(error)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    raise raised[0]

task = json.load(sys.stdin)
os.chdir(task["names"]["inside"])
guard = Guard(task["names"]["inside"], frozenset(task["allow"]), **task["options"])
guard.install()
results = {}
for name, source in task["programs"].items():
    before = len(guard.refusals)
    raised = None
    try:
        exec(source, {**globals(), **task["names"]})
    except Exception as error:
        raised = [type(error).__name__, str(error)]
    new = [[refusal.kind, refusal.name] for refusal in guard.refusals[before:]]
    results[name] = {"raised": raised, "refused": new}
guard.lift()
print(json.dumps(results))
"""


class Ground:
    """An outside, an inside and a server, and the guarded process that runs programs between them."""

    def __init__(self, folder: Path, port: int) -> None:
        self.names: dict[str, Any] = {"port": port, "stranger": os.getpid()}
        for name in ("outside", "inside", "allowed"):
            place = folder / name
            (place / "folder").mkdir(parents=True)
            (place / "file.txt").write_text("kept")
            (place / "data.db").write_bytes(b"")
            self.names[name] = str(place)

    def run(
        self, programs: dict[str, str], allow: tuple[str, ...] = (), **options: Any
    ) -> dict[str, Any]:
        task = {"programs": programs, "allow": allow, "options": options, "names": self.names}
        done = subprocess.run(
            [sys.executable, "-c", DRIVER],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "TMPDIR": self.names["inside"]},
        )
        assert done.returncode == 0, done.stderr
        results: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return results

    def outside(self) -> dict[str, tuple[str, int]]:
        top = Path(self.names["outside"])
        return {
            str(path.relative_to(top)): (
                path.read_text() if path.is_file() else "",
                path.lstat().st_mode,
            )
            for path in sorted(top.rglob("*"))
        }


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """The port of a server that takes connections and fails the module when one comes."""
    listening = socket.create_server(("127.0.0.1", 0))
    came: list[object] = []

    def take() -> None:
        try:
            came.append(listening.accept())
        except OSError:
            return

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()
    assert not came


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory, server: int) -> Ground:
    return Ground(tmp_path_factory.mktemp("ground"), server)


@pytest.fixture(scope="module")
def results(ground: Ground) -> dict[str, Any]:
    programs = {name: source for name, (_, _, source) in REFUSED.items()}
    programs |= {name: source for name, (source, _) in FAILS_BY_ITSELF.items()}
    before = ground.outside()
    got = ground.run({**programs, **ALLOWED}, allow=(ground.names["allowed"],))
    assert ground.outside() == before
    return got


@pytest.mark.parametrize("name", REFUSED)
def test_a_side_effect_is_refused_and_listed(
    name: str, results: dict[str, Any], ground: Ground
) -> None:
    kind, what, source = REFUSED[name]
    refused = [kind, what.format(**ground.names)]
    # A name is listed once: another program may have been refused the same before.
    others = {(k, n.format(**ground.names)) for k, n, _ in REFUSED.values()}
    assert all(tuple(found) in others for found in results[name]["refused"])
    if "suppress" in source:
        assert results[name]["raised"] is None
    else:
        error, said = results[name]["raised"]
        assert error == "SideEffectRefused"
        assert said.startswith("the replay refused to ")
        assert "allow it with --allow " in said
        assert refused[1] in said or kind in ("network", "process")
    everything = [found for result in results.values() for found in result["refused"]]
    assert refused in everything


@pytest.mark.parametrize("name", ALLOWED)
def test_what_has_no_effect_outside_works(name: str, results: dict[str, Any]) -> None:
    assert results[name] == {"raised": None, "refused": []}


@pytest.mark.parametrize("name", FAILS_BY_ITSELF)
def test_what_fails_by_itself_fails_as_without_the_guard(
    name: str, results: dict[str, Any]
) -> None:
    _, error = FAILS_BY_ITSELF[name]
    assert results[name]["refused"] == []
    assert (results[name]["raised"] or [None])[0] == error


def test_a_refusal_says_what_and_how_to_allow_it(ground: Ground, results: dict[str, Any]) -> None:
    path = f"{ground.names['outside']}/folder"
    assert results["rmtree"]["raised"][1] == (
        f"the replay refused to delete {path}: outside its scratch directory; "
        f"allow it with --allow {path}"
    )


def test_processes_that_the_record_started_are_not_refused(ground: Ground) -> None:
    program = {"run": "subprocess.run(['true'], check=True)"}
    assert ground.run(program, processes=True)["run"] == {"raised": None, "refused": []}
    assert ground.run(program, allow=("process",))["run"] == {"raised": None, "refused": []}


def test_the_network_can_be_allowed(ground: Ground) -> None:
    program = {"listen": "socket.create_server(('127.0.0.1', 0)).close()"}
    assert ground.run(program, allow=("network",))["listen"] == {"raised": None, "refused": []}


def test_a_file_cannot_outgrow_its_limit(ground: Ground) -> None:
    fill = "file = open('big', 'wb', buffering=0); [file.write(bytes(1000)) for _ in range(100)]"
    raised = ground.run({"fill": fill}, file_limit=10_000)["fill"]["raised"]
    assert raised == ["OSError", "[Errno 27] File too large"]
    assert os.path.getsize(f"{ground.names['inside']}/big") == 10_000


def test_nothing_is_refused_once_it_is_lifted(ground: Ground) -> None:
    path = f"{ground.names['allowed']}/after"
    program = {"after": f"guard.lift(); open({path!r}, 'wb').write(bytes(20_000))"}
    assert ground.run(program, file_limit=10_000)["after"] == {"raised": None, "refused": []}
    assert os.path.getsize(path) == 20_000


def test_writers_in_other_languages_are_refused_where_they_announce_themselves(
    ground: Ground,
) -> None:
    path = f"{ground.names['outside']}/table"
    programs = {
        "install": "from mm_jupyter.kernel import readers; readers.install()",
        "polars": f"import polars; polars.DataFrame({{'a': [1]}}).write_parquet({path + '.parquet'!r})",
        "duckdb": f"import duckdb; duckdb.sql(\"COPY (SELECT 1) TO '{path}.csv'\")",
        "pyarrow": (
            "import pyarrow, pyarrow.parquet; "
            f"pyarrow.parquet.write_table(pyarrow.table({{'a': [1]}}), {path + '.pq'!r})"
        ),
    }  # fmt: skip
    got = ground.run(programs, processes=True)
    for name, end in (("polars", ".parquet"), ("duckdb", ".csv"), ("pyarrow", ".pq")):
        assert got[name]["refused"] == [["write", path + end]]
        assert not os.path.exists(path + end)


def test_a_guarded_kernel_does_what_notebooks_do() -> None:
    cells = [
        "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.savefig('figure.png'); plt.show()",
        "import pandas as pd\npd.DataFrame({'a': [1]}).to_parquet('a.parquet')\npd.read_parquet('a.parquet')",
        "%%writefile text.txt\nhello",
        "%%capture shown\nprint(open('text.txt').read())",
        "import tempfile, logging\nlogging.basicConfig(filename='log.txt')\ntempfile.mkdtemp()",
        "import joblib\nfrom sklearn.datasets import load_iris\njoblib.dump(load_iris(), 'iris.joblib')",
        "import asyncio\nawait asyncio.to_thread(open, 'thread.txt', 'w')",
        "from multiprocessing.pool import ThreadPool\nThreadPool(2).map(abs, [1, -1])",
        "import warnings; warnings.warn('seen')\n%timeit -n1 -r1 len('a')",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with lay_out("/home/ann/work", []) as scratch:
        job = EngineJob(
            cwd=str(scratch.cwd),
            env=scratch.environment(),
            bootstrap=(
                "from mm_jupyter.kernel import readers; readers.install()\n"
                "from mm_jupyter.kernel.guard import Guard\n"
                f"guard = Guard({str(scratch.base)!r}); guard.install()"
            ),
            finish="open('refused', 'w').write(repr(guard.refusals))",
        )
        done = execute(notebook, None, job)
        assert done.failure is None, done.failure
        assert (scratch.cwd / "refused").read_text() == "()"
