"""How many replays it takes to find what brings a result back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import pytest

from mm_jupyter.records import Cause
from mm_jupyter.replaying.explaining import _smallest
from mm_jupyter.replaying.factors import Factor


class Room:
    """Gives the result back where all of ``needed`` are put back, and counts; each set is asked once."""

    def __init__(self, needed: set[str]) -> None:
        self.needed = needed
        self.asked: dict[frozenset[Factor], bool] = {}

    def good(self, factors: Sequence[Factor]) -> bool:
        key = frozenset(factors)
        self.asked[key] = self.needed <= {one.cause.name for one in factors}
        return self.asked[key]


def packages(count: int) -> list[Factor]:
    return [
        Factor(Cause(factor="package", name=f"p{i}", recorded="1", current="2", confirmed=None))
        for i in range(count)
    ]


def found(needed: set[str], count: int) -> tuple[set[str], int]:
    room = Room(needed)
    factors = packages(count)
    assert room.good(factors)  # what is asked first, whatever there is
    chosen = _smallest(cast("Any", room), factors)
    return {one.cause.name for one in chosen}, len(room.asked)


@pytest.mark.parametrize("count", [1, 2, 3, 60, 159])
def test_one_package_among_many_takes_a_logarithm_of_replays(count: int) -> None:
    most = 0
    for i in range(count):
        names, replays = found({f"p{i}"}, count)
        assert names == {f"p{i}"}
        most = max(most, replays)
    assert most <= math.ceil(math.log2(count)) + 2
    assert count != 60 or most <= 8


@pytest.mark.parametrize("needed", [{"p0", "p59"}, {"p3", "p4"}, {"p0", "p20", "p41"}])
def test_of_several_that_are_needed_together_all_are_found_and_no_other(needed: set[str]) -> None:
    names, replays = found(needed, 60)
    assert names == needed
    assert replays < 60
