"""Which files a cell read and wrote, what else it asked for, and that their digests are right."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import jupyter_client
import pytest

from mm_jupyter.kernel import files
from mm_jupyter.records import BlobDigest, ContentDigest, FileUse

Cell = Callable[..., files.FilesSeen]


pytestmark = [  # the cells here leave their files open, as users' cells do
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "a.csv").write_text("x,y\n1,2\n")
    files.watch()
    yield folder
    files.end(folder)


@pytest.fixture
def cell(root: Path) -> Cell:
    """Run source as a cell is run, and answer what was seen; names stay from cell to cell."""
    names: dict[str, Any] = {"os": os, "Path": Path}

    def run(source: str, raises: type[Exception] | None = None) -> files.FilesSeen:
        files.begin()
        try:
            exec(source, names)
        except Exception as error:
            if raises is None or not isinstance(error, raises):
                raise
        return files.end(root)

    return run


def _names(paths: tuple[Path, ...], root: Path) -> list[str]:
    return [str(path.relative_to(root)) for path in paths]


@pytest.mark.parametrize(
    ("source", "reads", "writes"),
    [
        ("open('a.csv').read()", ["a.csv"], []),
        ("Path('a.csv').read_bytes()", ["a.csv"], []),
        ("os.close(os.open('a.csv', os.O_RDONLY))", ["a.csv"], []),
        ("open(b'a.csv').read()", ["a.csv"], []),
        ("open('b', 'w').write('1')", [], ["b"]),
        ("open('b', 'x').write('1')", [], ["b"]),
        ("os.write(os.open('b', os.O_CREAT | os.O_WRONLY), b'1')", [], ["b"]),
        ("open('b', 'w').write('1'); open('b').read()", [], ["b"]),
        ("open('a.csv').read(); open('a.csv', 'w').write('1')", ["a.csv"], ["a.csv"]),
        ("open('a.csv', 'a').write('1')", ["a.csv"], ["a.csv"]),
        ("open('a.csv', 'r+').write('z')", ["a.csv"], ["a.csv"]),
        ("open('a.csv', 'r+').read()", ["a.csv"], []),
        ("open('t', 'w').write('1'); os.replace('t', 'b')", [], ["b"]),
        ("os.rename('a.csv', 'b')", ["a.csv"], ["b"]),
        ("os.mkdir('d'); open('d/x', 'w').write('1'); os.rename('d', 'e')", [], ["e/x"]),
        ("open('t', 'w').write('1'); os.remove('t')", [], []),
        ("open('a.csv').read(); os.remove('a.csv')", ["a.csv"], []),
        (
            "open('t', 'w'); os.remove('t'); os.mkdir('d'); os.chdir('d'); open('s', 'w').write('1')",
            [],
            ["d/s"],
        ),
        ("import gzip; gzip.open('a.gz', 'wb').write(b'1')", [], ["a.gz"]),
        ("import shutil; shutil.copy('a.csv', 'b')", ["a.csv"], ["b"]),
        ("open('.')", [], []),
        ("open('nowhere')", [], []),
        ("open(os.devnull, 'w').write('1')", [], []),
        ("import sklearn.datasets; sklearn.datasets.load_iris()", [], []),
    ],
)
def test_what_a_cell_reads_and_writes(
    cell: Cell, root: Path, source: str, reads: list[str], writes: list[str]
) -> None:
    seen = cell(source, raises=OSError)

    assert _names(seen.reads, root) == reads
    assert _names(seen.writes, root) == writes


def test_an_input_that_the_cell_changes_is_kept_as_it_was(cell: Cell, root: Path) -> None:
    seen = cell("text = open('a.csv').read(); open('a.csv', 'w').write(text + '3,4\\n')")
    kept: list[bytes] = []

    before, after = files.joined(files.describe(seen, root, _into(kept)))

    assert kept == [b"x,y\n1,2\n", b"x,y\n1,2\n3,4\n"]
    assert (before.role, after.role) == ("input", "output")
    assert before.digest == _digest(kept[0])
    assert after.digest == _digest(kept[1])


def test_a_database_is_an_input_or_an_output_by_what_became_of_it(cell: Cell, root: Path) -> None:
    made = cell(
        "import sqlite3; c = sqlite3.connect('s.db'); c.execute('create table t(a)'); c.commit()"
    )
    read = cell("d = sqlite3.connect('s.db'); d.execute('select * from t').fetchall()")
    changed = cell("c.execute('insert into t values (1)'); c.commit()")

    assert (_names(made.reads, root), _names(made.writes, root)) == ([], ["s.db"])
    assert (_names(read.reads, root), _names(read.writes, root)) == (["s.db"], [])
    assert _names(changed.writes, root) == ["s.db"]
    cell("c.close(); d.close()")


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open files are not shown here")
def test_a_file_left_open_is_written_by_the_cell_that_writes(cell: Cell, root: Path) -> None:
    cell("f = open('log', 'w')")
    written = cell("f.write('1'); f.flush()")
    idle = cell("x = 1")
    cell("f.close()")

    assert _names(written.writes, root) == ["log"]
    assert idle == files.FilesSeen()


def test_imported_sources_are_no_inputs(
    cell: Cell, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "mm_seen_module.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(str(root))

    seen = cell("import mm_seen_module, inspect; inspect.getsource(mm_seen_module)")

    assert seen.reads == ()


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        ("import subprocess; subprocess.run(['/bin/true'])", [("process", "true")]),
        ("subprocess.run('A=1 cat < a.csv', shell=True, stdout=-3)", [("process", "cat")]),
        ("os.system('true')", [("process", "true")]),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", [("network", "127.0.0.1:9")]),
        ("socket.socket(socket.AF_UNIX).connect('gone')", [("network", "unix:gone")]),
        (
            "import urllib.request; urllib.request.urlopen('https://nowhere.invalid/x?k=1')",
            [("network", "nowhere.invalid")],
        ),
        ("urllib.request.urlopen('http://localhost:9/')", [("network", "localhost:9")]),
    ],
)
def test_what_a_cell_asks_for(cell: Cell, source: str, asked: list[tuple[str, str]]) -> None:
    cell("import socket, subprocess, urllib.request")

    seen = cell(source, raises=OSError)

    assert [(one.kind, one.name) for one in seen.asked] == asked


def test_work_of_ours_is_not_the_cells(cell: Cell, root: Path) -> None:
    cell("from mm_jupyter.kernel import files")

    seen = cell("with files.unwatched(): open('ours', 'w').close()\nopen('theirs', 'w').write('1')")

    assert _names(seen.writes, root) == ["theirs"]


def test_a_thread_of_the_cell_is_watched(cell: Cell, root: Path) -> None:
    seen = cell(
        "import threading; t = threading.Thread(target=lambda: open('a.csv').read()); t.start(); t.join()"
    )

    assert _names(seen.reads, root) == ["a.csv"]


def test_nothing_is_seen_between_cells(root: Path) -> None:
    (root / "a.csv").read_text()
    files.begin()

    assert files.end(root) == files.FilesSeen()


def test_a_path_of_the_users_own_class_harms_nobody(cell: Cell) -> None:
    source = """
class Odd(str):
    def __getitem__(self, at): raise RuntimeError("odd")
    def __hash__(self): raise RuntimeError("odd")
open(Odd("a.csv")).read()
"""
    cell(source)


def test_uses_have_the_digest_of_the_bytes(root: Path) -> None:
    outside = root.parent / "far.bin"
    outside.write_bytes(b"far" * 1000)
    seen = files.FilesSeen(reads=(root / "a.csv", outside), writes=())

    uses = files.joined(files.describe(seen, root, lambda *_: BlobDigest("blob"), keep_bytes=100))

    content = (root / "a.csv").read_bytes()
    assert tuple(replace(use, modified=None) for use in uses) == (
        FileUse(
            path="a.csv", role="input", digest=_digest(content), size=8, content=BlobDigest("blob")
        ),
        FileUse(path=str(outside), role="input", digest=_digest(b"far" * 1000), size=3000),
    )


def test_a_changed_file_has_another_digest_although_size_and_time_are_the_same(root: Path) -> None:
    file = root / "a.csv"
    seen = files.FilesSeen(reads=(file,))
    stat = file.stat()
    (first,) = files.joined(files.describe(seen, root, lambda *_: BlobDigest("blob")))
    file.write_text("x,y\n1,3\n")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    (second,) = files.joined(files.describe(seen, root, lambda *_: BlobDigest("blob")))

    assert second.digest == _digest(b"x,y\n1,3\n") != first.digest


def test_what_is_heavy_is_hashed_while_the_user_goes_on(root: Path) -> None:
    heavy = root / "heavy.bin"
    with heavy.open("wb") as file:
        file.truncate(files.INLINE_BYTES + 1)

    (use,) = uses = files.describe(
        files.FilesSeen(writes=(heavy,)), root, lambda *_: BlobDigest("blob")
    )

    assert isinstance(use, Future)
    (found,) = files.joined(uses)
    assert found.digest == _digest(bytes(files.INLINE_BYTES + 1))
    assert found.content is None


def test_a_credential_file_is_named_and_not_kept(root: Path) -> None:
    paths = [
        root / name for name in (".env", ".env.local", "id_rsa", "server.key", "environment.csv")
    ]
    for path in paths:
        path.write_text("TOKEN=1")
    kept: list[bytes] = []

    uses = files.joined(files.describe(files.FilesSeen(reads=tuple(paths)), root, _into(kept)))

    assert [use.content is not None for use in uses] == [False, False, False, False, True]
    assert len(kept) == 1


def test_a_file_that_is_gone_has_no_digest(root: Path) -> None:
    seen = files.FilesSeen(reads=(root / "gone",))

    assert files.joined(files.describe(seen, root, lambda *_: BlobDigest("blob"))) == (
        FileUse(path="gone", role="input", digest=None, size=0),
    )


def test_a_kernel_tells_input_and_shell_lines_and_nothing_of_its_own(tmp_path: Path) -> None:
    manager = jupyter_client.KernelManager(
        transport="ipc",
        connection_file=str(tmp_path / "k.json"),  # the path of a socket must be short
    )
    manager.start_kernel(cwd=str(tmp_path))
    try:
        client = manager.blocking_client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        printed: list[str] = []

        def run(code: str) -> None:
            client.execute_interactive(
                code,
                allow_stdin=True,
                timeout=60,
                stdin_hook=lambda _: client.input("x"),
                output_hook=lambda message: printed.append(message["content"].get("text", "")),
            )

        run(
            "from pathlib import Path\nfrom mm_jupyter.kernel import files\nip = get_ipython()\n"
            "files.watch(ip.kernel)\nseen = []\n"
            "ip.events.register('pre_run_cell', lambda info: files.begin())\n"
            "ip.events.register('post_run_cell', lambda result: seen.append(files.end(Path.cwd())))"
        )
        for code in (
            "x = input('Your name? ')",
            "import getpass; getpass.getpass()",
            "!true",
            "1/0",
            "x",
        ):
            run(code)
        printed.clear()
        run("print([([(a.kind, a.name) for a in s.asked], s.reads, s.writes) for s in seen[-5:]])")
        assert eval("".join(printed)) == [
            ([("input", "Your name?")], (), ()),
            ([("input", "input()")], (), ()),
            ([("process", "sh")], (), ()),
            ([], (), ()),
            ([], (), ()),
        ]
    finally:
        manager.shutdown_kernel(now=True)


def test_the_hook_is_installed_once_in_a_process() -> None:
    program = """
import sys
hooks = []
real = sys.addaudithook
sys.addaudithook = lambda hook: (hooks.append(hook), real(hook))
from mm_jupyter.kernel import files
files.watch(); files.watch()
assert len(hooks) == 1
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def _into(kept: list[bytes]) -> Callable[..., BlobDigest]:
    def put(*buffers: bytes) -> BlobDigest:
        kept.append(b"".join(buffers))
        return BlobDigest(f"blob {len(kept)}")

    return put


def _digest(content: bytes) -> ContentDigest:
    return ContentDigest(f"blake2b:{hashlib.blake2b(content, digest_size=16).hexdigest()}")


def test_a_listing_by_the_user_is_seen_and_one_by_an_import_is_not(tmp_path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from mm_jupyter.kernel import files
files.watch()
root = Path.cwd()
Path("a.txt").touch()
Path("sub").mkdir()
files.begin()
import importlib.metadata, pkgutil, glob
list(importlib.metadata.entry_points()); list(pkgutil.iter_modules(["."]))
print(files.listings(files.end(root), root))
files.begin()
os.listdir("."); list(Path("sub").iterdir()); os.listdir("/"); glob.glob("*.txt")
print([(one.path, one.names) for one in files.listings(files.end(root), root)])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["()", "[('.', ('a.txt', 'sub/')), ('sub', ())]"]
