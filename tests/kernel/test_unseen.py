"""What C code reads behind Python's back is noticed, and what is explained is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import ctypes, os, sys
from pathlib import Path
import numpy, pandas
from mm_jupyter.kernel import files
from mm_jupyter.kernel.unseen import Unseen
files.watch()
unseen = Unseen()
os.chdir(sys.argv[1])
libc = ctypes.CDLL(None)
def by_c(path, size):
    buffer = ctypes.create_string_buffer(size)
    number = libc.open(path.encode(), 0)
    while libc.read(number, buffer, size) > 0: pass
    libc.close(number)
held = open("large.bin", "rb")
{before}
unseen.begin()
files.begin()
{cell}
print(unseen.end(files.end(Path.cwd())))
"""


def _unseen(folder: Path, cell: str, before: str = "") -> int:
    (folder / "large.bin").write_bytes(bytes(5_000_000))
    (folder / "large.csv").write_text("a,b\n" + "1,2\n" * 800_000)
    program = _PROGRAM.format(cell=cell, before=before)
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True
    )
    return int(done.stdout.strip().splitlines()[-1])


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="Linux counts it")
def test_a_reader_in_c_is_noticed(tmp_path: Path) -> None:
    close = "held.close()"
    assert _unseen(tmp_path, "by_c('large.bin', 65536)", close) == pytest.approx(5_000_000, rel=0.1)


@pytest.mark.parametrize(
    "cell",
    [
        "x = 1",
        "open('large.bin', 'rb').read()",
        "for _ in range(4): open('large.bin', 'rb').read()",
        "held.read()",
        "numpy.fromfile('large.bin', dtype='u1')",
        "pandas.read_csv('large.csv')",
        "import mailbox, sqlite3, unittest.mock",
        "import subprocess; subprocess.run(['cat', 'large.bin'], capture_output=True)",
        "open('made.bin', 'wb').write(bytes(9_000_000)); open('made.bin', 'rb').read()",
    ],
)
def test_what_is_explained_is_not(tmp_path: Path, cell: str) -> None:
    assert _unseen(tmp_path, cell) == 0
