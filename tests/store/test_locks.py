"""Where a place has no locks that is said each time, and costs nothing that stays."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mm_jupyter.store import locks
from mm_jupyter.store.locks import FileLocks


def no_locks(file: int, shared: bool) -> bool:
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="nothing counts open files there")
def test_a_place_without_locks_keeps_no_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_lock", no_locks)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with pytest.raises(OSError, match="locks"):
            FileLocks(tmp_path).take("session")
    assert len(os.listdir("/proc/self/fd")) == before
