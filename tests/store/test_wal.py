"""A write-ahead log that was damaged is told from one that merely ends."""

from __future__ import annotations

import random
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mm_jupyter.errors import StoreError
from mm_jupyter.store import Store
from mm_jupyter.store.wal import damage


def log_of(store: Store) -> Path:
    assert store.folder is not None
    return store.folder / "store.db-wal"


def test_any_byte_before_its_last_commit_is_missed(
    local: Store, local_hand: Any, tmp_path: Path
) -> None:
    for number in range(5):
        local_hand.run(params={"n": number})
    assert local.folder is not None
    data, rng = log_of(local).read_bytes(), random.Random(1)
    end = len(data) - 5000
    for at in [0, 8, 16, 24, 31, 32, 36, 40, 48, 60, *(rng.randrange(end) for _ in range(40))]:
        copy = tmp_path / str(at)
        shutil.copytree(local.folder, copy)
        changed = bytearray(data)
        changed[at] ^= 1 << rng.randrange(8)
        (copy / "store.db-wal").write_bytes(changed)
        (copy / "store.db-shm").unlink()
        with suppress(StoreError):  # nothing of it is left where the first frames are gone
            store = Store.open(copy)
            assert [fault.kind for fault in store.fsck()][:1] == ["database"], at
            store.close()


def test_what_was_rolled_back_is_no_damage(local: Store, local_hand: Any) -> None:
    for number in range(20):
        with pytest.raises(ZeroDivisionError):
            _spill(local, number)
        local_hand.run(params={"n": number})
        assert damage(log_of(local)) is None
    assert local.fsck() == ()


def _spill(store: Store, number: int) -> None:
    """A transaction that is in the log in part before it is rolled back."""
    rows = [(f"x{number}-{row}" * 50,) for row in range(300)]
    with store._database.write() as tx:
        tx.run("PRAGMA cache_size = 5")
        tx.many("INSERT INTO names (name) VALUES (?)", rows)
        raise ZeroDivisionError


def test_a_log_that_began_again_is_whole(local: Store, local_hand: Any) -> None:
    for number in range(30):
        local_hand.run(params={"p": "x" * 5000, "n": number})
        if number == 20:
            local._database.outside("PRAGMA wal_checkpoint(RESTART)")
    assert damage(log_of(local)) is None
    assert local.fsck() == ()


def test_a_log_that_a_crash_cut_short_is_whole(
    local: Store, local_hand: Any, tmp_path: Path
) -> None:
    local_hand.run()
    data, copy = log_of(local).read_bytes(), tmp_path / "cut"
    for length in (0, 20, 32, 40, 5000, len(data) - 100, len(data)):
        copy.write_bytes(data[:length])
        assert damage(copy) is None
    assert damage(tmp_path / "none") is None
