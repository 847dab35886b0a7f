"""What belongs to the interpreter or its host is left out, wherever the workspace lies."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import numpy
import pytest

from mm_jupyter.kernel.ignored import ignoring


@pytest.mark.parametrize(
    ("root", "path", "expected"),
    [
        ("/data/work", "/data/work/a.csv", False),
        ("/data/work", "/data/other/a.csv", False),
        ("/data/work", "/proc/self/maps", True),
        ("/data/work", "/etc/passwd", True),
        ("/data/work", "/usr/share/zoneinfo/UTC", True),
        ("/usr/src/app", "/usr/src/app/a.csv", False),
        ("/usr/src/app", "/usr/share/zoneinfo/UTC", True),
        ("/data/work", "/data/work/.mm/store.db", True),
        ("/data/work", "/data/work/.venv/lib/site-packages/x/data.csv", True),
        ("/data/work", "/data/work/x.pyc", True),
        ("/data/work", "/data/work/lib.so", True),
        ("/data/work", "/data/work/.ipynb_checkpoints/n.ipynb", True),
        ("/data/work", os.path.join(tempfile.gettempdir(), "ipykernel_12/34.py"), True),
        ("/data/work", str(Path.home() / ".cache/matplotlib/fontlist.json"), True),
        ("/data/work", str(Path.home() / "scikit_learn_data/x.pkz"), False),
        ("/data/work", os.path.join(sys.prefix, "lib/x.txt"), True),
        ("/data/work", os.path.join(sys.base_prefix, "lib/x.txt"), True),
        ("/data/work", str(numpy.__file__), True),
        (sys.prefix + "/work", sys.prefix + "/work/a.csv", False),
        (sys.prefix + "/work", sys.prefix + "/share/a.csv", True),
        (str(Path(sys.prefix).parent), sys.prefix + "/lib/x.txt", True),
    ],
)
def test_which_paths_are_left_out(root: str, path: str, expected: bool) -> None:
    assert ignoring(root)(path) is expected


def test_a_caller_may_leave_out_more() -> None:
    is_ignored = ignoring("/data/work", ("/data/work/.scratch", "/mnt/store"))

    assert is_ignored("/data/work/.scratch/a")
    assert is_ignored("/mnt/store/a")
    assert not is_ignored("/data/work/.scratches")
