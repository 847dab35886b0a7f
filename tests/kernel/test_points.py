"""Points that wait are neither lost nor doubled, whatever happens to who adds or sends them."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from mm_jupyter.kernel.points import Points
from mm_jupyter.records import SeriesChunk


@pytest.fixture
def points() -> Points:
    return Points()


def sent(points: Points) -> dict[str, list[tuple[int, float]]]:
    """What waits, by series: steps and values."""
    found: dict[str, list[tuple[int, float]]] = {}

    def take(chunks: Sequence[SeriesChunk]) -> None:
        for chunk in chunks:
            found[chunk.name] = list(zip(chunk.steps, chunk.values, strict=True))

    points.send(take)
    return found


def test_each_series_gets_its_own_columns(points: Points) -> None:
    points.rows.append((None, {"a": 1.0, "b": 2.0}, 10.0))
    points.rows.append((7, {"a": 3.0}, 11.0))
    kept: list[SeriesChunk] = []
    points.send(kept.extend)
    assert kept == [
        SeriesChunk(name="a", steps=(0, 7), values=(1.0, 3.0), times=(10.0, 11.0)),
        SeriesChunk(name="b", steps=(0,), values=(2.0,), times=(10.0,)),
    ]


def test_what_was_sent_is_sent_once_and_counting_goes_on(points: Points) -> None:
    points.rows.append((4, {"a": 1.0}, 0.0))
    assert sent(points) == {"a": [(4, 1.0)]}
    assert sent(points) == {}
    points.rows.append((None, {"a": 2.0}, 0.0))
    assert sent(points) == {"a": [(5, 2.0)]}
    assert points.last() == {"a": 2.0}


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_what_was_refused_or_interrupted_is_sent_again_in_its_order(
    points: Points, error: type[BaseException]
) -> None:
    def refuse(chunks: Sequence[SeriesChunk]) -> None:
        points.rows.append((None, {"a": 2.0, "b": 0.0}, 0.0))  # meanwhile
        raise error

    points.rows.append((None, {"a": 1.0}, 0.0))
    with pytest.raises(error):
        points.send(refuse)
    points.rows.append((None, {"a": 3.0}, 0.0))
    assert points.last() == {"a": 3.0, "b": 0.0}
    assert sent(points) == {"a": [(0, 1.0), (1, 2.0), (2, 3.0)], "b": [(0, 0.0)]}


def test_a_point_that_comes_while_others_are_sent_waits(points: Points) -> None:
    points.rows.append((None, {"a": 1.0}, 0.0))
    points.send(lambda _: points.rows.append((None, {"a": 2.0}, 0.0)))
    assert sent(points) == {"a": [(1, 2.0)]}


def test_who_need_not_wait_leaves_the_points_to_who_sends(points: Points) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(chunks: Sequence[SeriesChunk]) -> None:
        begun.set()
        go_on.wait(10)

    points.rows.append((None, {"a": 1.0}, 0.0))
    sender = threading.Thread(target=points.send, args=(slow,))
    sender.start()
    begun.wait(10)
    points.rows.append((None, {"a": 2.0}, 0.0))
    others: list[SeriesChunk] = []
    points.send(others.extend, wait=False)
    assert others == []
    go_on.set()
    sender.join()
    assert sent(points) == {"a": [(1, 2.0)]}
