"""Deleting gives the bytes back, and never what someone still needs."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from mm_jupyter.records import Artifact, BlobDigest, ContentDigest, RunRef
from mm_jupyter.store import Store, gc
from mm_jupyter.store.blobs import BLOCK


def noise(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def keep(hand: Any, *buffers: Any) -> tuple[RunRef, BlobDigest]:
    digest: BlobDigest = hand.writer.put(*buffers)
    artifact = Artifact(
        name="a", media_type="x/y", content=digest, digest=ContentDigest("blake2b:0"), size=1
    )
    return hand.run(outcome={"artifacts": (artifact,)}, source=digest), digest


def keep_put(hand: Any, digest: BlobDigest) -> BlobDigest:
    """Give a run that refers to bytes that were put before."""
    artifact = Artifact(
        name="a", media_type="x/y", content=digest, digest=ContentDigest("blake2b:0"), size=1
    )
    hand.run(outcome={"artifacts": (artifact,)}, source=digest)
    return digest


def size_of(store: Store) -> int:
    assert store.folder is not None
    return sum(path.stat().st_size for path in store.folder.rglob("*") if path.is_file())


def test_bytes_come_back_to_the_disk(local: Store, local_hand: Any) -> None:
    first, _ = keep(local_hand, noise(40 * BLOCK))
    second, kept = keep(local_hand, noise(10 * BLOCK, 1), noise(4 * BLOCK))
    small, _ = keep(local_hand, noise(50_000, 2))
    assert local.gc() == gc.Collected(blobs=0, sources=0, bytes=0, dry_run=False, postponed=False)
    local_hand.writer.delete([first, small])
    before = size_of(local)
    foreseen = local.gc(dry_run=True)
    assert size_of(local) == before
    done = local.gc()
    assert (foreseen.blobs, foreseen.sources) == (done.blobs, done.sources) == (38, 2)
    assert before - size_of(local) >= done.bytes >= 36 * BLOCK
    assert local.read_blob(kept) == noise(10 * BLOCK, 1) + noise(4 * BLOCK)
    assert local.run(second).source == kept
    assert local.fsck() == ()
    assert local.gc(dry_run=True).bytes == 0


def test_bytes_come_back_from_any_engine(store: Store, hand: Any) -> None:
    first, _ = keep(hand, noise(4 * BLOCK))
    _, kept = keep(hand, noise(3 * BLOCK))
    hand.writer.delete([first])
    done = store.gc()
    assert (done.blobs, done.sources, done.postponed) == (2, 1, False)
    assert store.read_blob(kept) == noise(3 * BLOCK)
    assert store.fsck() == ()
    assert store.audit("store")[-1].what == "store.collected"


def test_a_blob_that_was_put_again_and_not_registered_stays(
    store: Store, hand: Any, place: Any
) -> None:
    data, small = noise(4 * BLOCK), noise(1000, 3)
    ref, _ = keep(hand, data)
    other, _ = keep(hand, small)
    hand.writer.delete([ref, other])
    hand.writer.put(data[: 3 * BLOCK])
    hand.writer.put(small)
    collector = Store.open(place)
    gc.WAIT, wait = 0.05, gc.WAIT
    try:
        assert collector.gc().postponed
    finally:
        gc.WAIT = wait
    _, again = keep(hand, data[: 3 * BLOCK])
    _, small_again = keep(hand, small)
    assert store.read_blob(again) == data[: 3 * BLOCK]
    assert store.read_blob(small_again) == small
    assert collector.gc().postponed is False
    assert store.read_blob(again) == data[: 3 * BLOCK]
    assert store.fsck() == ()
    collector.close()


def test_what_was_put_is_safe_until_its_row_whatever_comes_between(
    store: Store, hand: Any, place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gc, "WAIT", 0.0)
    collector = Store.open(place)
    data = [noise(1000, 5), noise(4 * BLOCK, 6), noise(4 * BLOCK, 6) + noise(BLOCK, 7)]
    digests = [hand.writer.put(each) for each in data]
    for digest in digests:
        hand.run()
        assert collector.gc().postponed
        assert store.gc().postponed
        keep_put(hand, digest)
    assert [store.read_blob(digest) for digest in digests] == data
    assert collector.gc().postponed is False
    assert [collector.read_blob(digest) for digest in digests] == data
    assert store.fsck() == ()
    collector.close()


def test_a_put_during_a_collection_counts_on_nothing(local: Store, local_hand: Any) -> None:
    data = noise(4 * BLOCK)
    keep(local_hand, data)
    lock = local._locks.take("puts")
    assert lock is not None
    digest = local_hand.writer.put(data)
    with local._database.write() as tx:
        tx.run("DELETE FROM blobs")  # what a collection could do now
    lock.release()
    assert keep_put(local_hand, digest) == digest
    assert local.read_blob(digest) == data


def test_a_block_that_is_a_small_blob_too_is_not_counted_on(
    local: Store, local_hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref, _ = keep(local_hand, noise(BLOCK))
    local_hand.writer.delete([ref])
    digest = local_hand.writer.put(noise(BLOCK), noise(BLOCK, 1))
    monkeypatch.setattr(gc, "WAIT", 0.0)
    done = local.gc()
    assert (done.blobs, done.postponed) == (1, True)
    keep_put(local_hand, digest)
    assert local.read_blob(digest) == noise(BLOCK) + noise(BLOCK, 1)


@pytest.mark.parametrize("suffix", ["pack", "partial"])
def test_what_a_killed_kernel_left_goes_after_a_day(
    local: Store, local_hand: Any, suffix: str
) -> None:
    keep(local_hand, noise(4 * BLOCK))
    assert local.folder is not None
    old, new = (local.folder / "packs" / f"{name}.{suffix}" for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - 2 * gc.ORPHAN_AGE,) * 2)
    local.gc()
    assert not old.exists()
    assert new.exists()
    assert local.fsck() == ()


def test_a_reader_finds_a_block_that_moved(
    local: Store, local_hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref, _ = keep(local_hand, noise(20 * BLOCK))
    _, digest = keep(local_hand, noise(2 * BLOCK))
    local_hand.writer.delete([ref])
    from mm_jupyter.store import packs

    find = packs.path_of

    def late(folder: Path, name: str) -> Path:
        """The collection happens between the reader's look at the rows and its look at the file."""
        monkeypatch.setattr(packs, "path_of", find)
        local.gc()
        return find(folder, name)

    monkeypatch.setattr(packs, "path_of", late)
    assert local.read_blob(digest) == noise(2 * BLOCK)


def test_a_file_that_a_writer_renames_meanwhile_is_left_to_it(
    local: Store, local_hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref, _ = keep(local_hand, noise(4 * BLOCK))
    local_hand.writer.delete([ref])
    listed = gc._files
    monkeypatch.setattr(
        gc, "_files", lambda folder: [*listed(folder), folder / "0123456789abcdef0123.partial"]
    )
    assert local.gc().blobs == 5
    assert local.fsck() == ()
