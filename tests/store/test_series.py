"""Points come back as they went in, however they came."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm_jupyter.errors import NoSuchRun, StoreDamaged
from mm_jupyter.records import RunId, SeriesChunk
from mm_jupyter.store import Store
from mm_jupyter.store.columns import pack_floats, pack_ints, unpack_floats, unpack_ints
from mm_jupyter.store.series import unpack_chunk


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_integers_come_back(numbers: list[int]) -> None:
    assert list(unpack_ints(pack_ints(numbers), len(numbers))) == numbers


@given(st.lists(st.floats(width=64)))
def test_every_bit_of_a_float_comes_back(numbers: list[float]) -> None:
    back = unpack_floats(pack_floats(numbers), len(numbers))
    assert [struct.pack("<d", number) for number in back] == [
        struct.pack("<d", number) for number in numbers
    ]


def test_damaged_columns_are_named() -> None:
    with pytest.raises(StoreDamaged):
        unpack_ints(b"no column", 3)


def chunk(name: str, *steps: int) -> SeriesChunk:
    return SeriesChunk(
        name=name,
        steps=steps,
        values=tuple(math.sin(step) for step in steps),
        times=tuple(1.7e9 + step / 3 for step in steps),
    )


def test_live_points_join_what_is_there(store: Store, hand: Any) -> None:
    run, ref = hand.writer.open_run(hand.opening(), ())
    for start in range(0, 5000, 7):
        hand.writer.add_points(run, [chunk("loss", *range(start, start + 7)), chunk("acc", start)])
    steps = range(5005)
    assert store.series(run, "loss") == (chunk("loss", *steps),)
    assert [each.name for each in store.series(run)] == ["acc", "loss"]
    assert store.run(ref).series == {"acc": 715, "loss": 5005}
    with store._database.read() as tx:
        assert tx.one("SELECT COUNT(*) FROM series") == (6,)


def test_a_closed_run_keeps_the_series_of_its_outcome(store: Store, hand: Any) -> None:
    ref = hand.run(outcome={"series": (chunk("curve", 1, 2, 3), chunk("none"))})
    assert store.series(store.row(ref).id) == (chunk("curve", 1, 2, 3),)
    assert store.series(store.row(ref).id, "other") == ()


def test_points_of_a_deleted_run_are_refused(store: Store, hand: Any) -> None:
    ref = hand.run(outcome={"series": (chunk("curve", 1),)})
    run = store.row(ref).id
    hand.writer.delete([ref])
    assert store.series(run) == ()
    with pytest.raises(NoSuchRun):
        hand.writer.add_points(RunId(run), [chunk("curve", 2)])


@pytest.mark.parametrize("size", [0, 1, 320, 2**31, 2**60])
def test_a_frame_that_claims_another_size_is_damaged(size: int) -> None:
    """Before any memory is asked for."""
    frame = b"\x28\xb5\x2f\xfd\xe0" + size.to_bytes(8, "little") + b"\x01\x00\x00"
    data = struct.pack("<III", len(frame), 0, 0) + frame
    with pytest.raises(StoreDamaged):
        unpack_chunk("loss", 39, data)
