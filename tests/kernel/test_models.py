"""A model is kept whole, and comes back as it was."""

from __future__ import annotations

import threading
from typing import Any

import numpy
import pytest
from sklearn.ensemble import RandomForestClassifier

from mm_jupyter.errors import StoreDamaged
from mm_jupyter.kernel.bundle import BundleSink
from mm_jupyter.kernel.models import FORMAT, keep_model, unpack


def _round_trip(model: Any) -> Any:
    sink = BundleSink()
    kept = keep_model("m", model, sink.put)
    assert kept.content is not None
    assert kept.format == FORMAT
    assert kept.why is None
    assert kept.size == len(sink.blobs[kept.content])
    return unpack(sink.blobs[kept.content])


def test_a_forest_comes_back_and_predicts_the_same() -> None:
    points = numpy.random.RandomState(0).rand(60, 3)
    model = RandomForestClassifier(5, random_state=0).fit(points, points[:, 0] > 0.5)
    again = _round_trip(model)
    assert (again.predict_proba(points) == model.predict_proba(points)).all()
    sink = BundleSink()
    assert keep_model("a", again, sink.put).state == keep_model("b", model, sink.put).state


@pytest.mark.parametrize(
    "array",
    [
        numpy.arange(1000.0),
        numpy.asfortranarray(numpy.arange(12).reshape(3, 4)),
        numpy.arange(20)[::2],
        numpy.array([]),
        numpy.array(["a", "bc"]),
        numpy.array([{"a": 1}, None], dtype=object),
    ],
)
def test_arrays_come_back_equal_and_writable(array: Any) -> None:
    again = _round_trip({"w": array, "n": 1})["w"]
    assert again.dtype == array.dtype
    assert (again == array).all()
    assert again.flags.writeable


def test_equal_arrays_are_blocks_of_their_own() -> None:
    blocks: list[int] = []
    sink = BundleSink()

    def put(*buffers: Any) -> Any:
        blocks.append(len(buffers))
        return sink.put(*buffers)

    keep_model("m", {"a": numpy.zeros(10), "b": numpy.ones(10)}, put)
    assert blocks[-1] == 4  # header, pickle, two arrays


def test_what_cannot_be_pickled_is_said_and_its_type_kept() -> None:
    kept = keep_model("m", {"lock": threading.Lock()}, BundleSink().put)
    assert kept.content is None
    assert kept.format is None
    assert kept.size == 0
    assert kept.why is not None
    assert kept.why.startswith("it cannot be pickled (TypeError: cannot pickle")


def test_a_class_that_raises_anything_while_it_is_pickled_is_no_trouble() -> None:
    class Odd:
        def __reduce_ex__(self, protocol: Any) -> Any:
            raise ZeroDivisionError

    assert "ZeroDivisionError" in (keep_model("m", Odd(), BundleSink().put).why or "")


def _packed() -> bytes:
    sink = BundleSink()
    kept = keep_model("m", {"w": numpy.arange(9.0)}, sink.put)
    assert kept.content is not None
    return sink.blobs[kept.content]


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda data: b"PK" + data,
        lambda data: data[:6],
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: data[:4] + b"\xff\xff\xff\x7f" + data[8:],
        lambda data: data[:4] + b"\0\0\0\0",
    ],
)
def test_bytes_that_are_no_container_of_ours_are_refused_before_anything_is_loaded(
    damage: Any,
) -> None:
    assert unpack(_packed())["w"].sum() == 36
    with pytest.raises(StoreDamaged, match="The kept model is damaged"):
        unpack(damage(_packed()))
