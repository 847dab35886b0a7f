"""Bytes come back by their digest, equal bytes are kept once, damage is noticed."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mm_jupyter.errors import StoreDamaged, StoreReadOnly
from mm_jupyter.records import Artifact, BlobDigest, ContentDigest
from mm_jupyter.store import Store, packs
from mm_jupyter.store.blobs import BLOCK

SIZES = [0, 1, 5000, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 5 * BLOCK + 17]


def noise(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def keep(hand: Any, *buffers: Any) -> BlobDigest:
    """Put bytes and give a run that refers to them."""
    digest: BlobDigest = hand.writer.put(*buffers)
    artifact = Artifact(
        name="a", media_type="x/y", content=digest, digest=ContentDigest("blake2b:0"), size=1
    )
    hand.run(outcome={"artifacts": (artifact,)})
    return digest


def files(store: Store) -> list[Path]:
    assert store.folder is not None
    return sorted((store.folder / "packs").glob("*"))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("make", [noise, bytes])
def test_bytes_come_back(local: Store, local_hand: Any, size: int, make: Any) -> None:
    data = make(size)
    digest = local_hand.writer.put(data)
    assert digest == "blake3:" + blake3(data).hexdigest()
    assert local.read_blob(digest) == data  # pending
    keep(local_hand, data)
    assert local.read_blob(digest) == data
    assert local.fsck() == ()


def test_bytes_come_back_from_any_engine(store: Store, hand: Any) -> None:
    for size in SIZES:
        data = noise(size)
        assert store.read_blob(keep(hand, data)) == data
    assert store.fsck() == ()


@settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    sizes=st.lists(
        st.sampled_from([0, 1, 100, 4095, 4096, BLOCK, BLOCK + 1, 2 * BLOCK]), max_size=12
    )
)
def test_any_cut_of_the_same_bytes_is_the_same_blob(
    local: Store, local_hand: Any, sizes: list[int]
) -> None:
    parts = [noise(size, size) for size in sizes]
    whole = b"".join(parts)
    digest = keep(local_hand, *parts)
    assert digest == keep(local_hand, whole)
    assert local.read_blob(digest) == whole
    assert local.fsck() == ()


def test_any_buffer_will_do(local: Store, local_hand: Any) -> None:
    grid = memoryview(noise(1000)).cast("B", (10, 100))
    backwards = memoryview(noise(1000))[::-1]
    wide = memoryview(noise(800)).cast("d")
    for buffer in (bytearray(b"abc"), grid, backwards, wide):
        assert local.read_blob(local_hand.writer.put(buffer)) == memoryview(buffer).tobytes()


def test_the_next_almost_equal_array_costs_what_changed(local: Store, local_hand: Any) -> None:
    array = bytearray(noise(100 * BLOCK))
    keep(local_hand, b"header", array)
    assert len(files(local)) == 1
    before = sum(path.stat().st_size for path in files(local))
    array[50 * BLOCK : 51 * BLOCK] = noise(BLOCK, 1)
    digest = keep(local_hand, b"header", array)
    after = sum(path.stat().st_size for path in files(local))
    assert before >= 100 * BLOCK
    assert after - before == BLOCK
    assert local.read_blob(digest) == b"header" + array


def test_equal_bytes_are_kept_once(local: Store, local_hand: Any) -> None:
    data = noise(10 * BLOCK)
    for _ in range(3):
        keep(local_hand, data)
        local_hand.writer.put(data, data)
    assert sum(path.stat().st_size for path in files(local)) == len(data)


def test_what_repeats_is_compressed(local: Store, local_hand: Any) -> None:
    digest = keep(local_hand, b"".join(b"%06d" % number for number in range(100_000)))
    assert sum(path.stat().st_size for path in files(local)) < 300_000
    assert len(local.read_blob(digest)) == 600_000


@pytest.mark.parametrize("digest", ["blake3:" + "0" * 64, "blake3:xyz", "md5:00", "", "blake3:00"])
def test_a_blob_that_is_not_there_is_named(local: Store, digest: str) -> None:
    with pytest.raises(StoreDamaged, match="is damaged"):
        local.read_blob(BlobDigest(digest))


@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_a_damaged_pack_is_noticed_by_readers_and_by_fsck(
    local: Store, local_hand: Any, harm: str
) -> None:
    digest = keep(local_hand, noise(3 * BLOCK))
    (path,) = files(local)
    data = bytearray(path.read_bytes())
    if harm == "flip":
        data[BLOCK + 5] ^= 1
        path.write_bytes(data)
    elif harm == "cut":
        path.write_bytes(data[:-1])
    else:
        path.unlink()
    with pytest.raises(StoreDamaged, match=digest[:19] if harm != "cut" else path.name):
        local.read_blob(digest)
    found = local.fsck()
    assert digest in [fault.name for fault in found if fault.kind == "blob"]
    assert ("pack" in [fault.kind for fault in found]) == (harm != "flip")


def test_a_damaged_row_is_noticed(local: Store, local_hand: Any) -> None:
    digest = keep(local_hand, noise(100))
    with local._database.write() as tx:
        tx.run("UPDATE blobs SET data = ?", (noise(100, 1),))
    with pytest.raises(StoreDamaged, match="another digest"):
        local.read_blob(digest)
    assert [fault.name for fault in local.fsck()] == [digest]


def test_a_pack_that_cannot_be_written_whole_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "packs"

    def fill() -> None:
        with packs.making(folder, "x") as file:
            packs.write_all(file, b"some")
            raise OSError(28, "No space left on device")

    with pytest.raises(StoreReadOnly, match="No space left"):
        fill()
    assert os.listdir(folder) == []
