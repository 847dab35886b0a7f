"""Generators of random numbers are found wherever a name leads to them, without a line of the user's code."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy
import pytest

from mm_jupyter.kernel.random_paths import MAX_FOUND, find, locate

RNG = numpy.random.default_rng(0)


@dataclass
class _Sampler:
    rng: Any


class _Slotted:
    __slots__ = ("rng",)
    __module__ = "__main__"

    def __init__(self, rng: Any) -> None:
        self.rng = rng


class _Hostile:
    def __init__(self) -> None:
        self.rng = RNG

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("never asked")

    def __len__(self) -> int:
        raise RuntimeError("never asked")


def _closure() -> Any:
    rng = RNG

    def draw() -> float:
        return float(rng.random())

    draw.__module__ = "__main__"
    return draw


def _cyclic() -> list[Any]:
    held: list[Any] = [None, RNG]
    held[0] = held
    return held


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (RNG, "x"),
        (random.Random(1), "x"),
        ({"a": RNG}, "x['a']"),
        ({3: [0, RNG]}, "x[3][1]"),
        ({"it's": RNG}, 'x["it\'s"]'),
        ((RNG,), "x[0]"),
        (_Sampler(RNG), "x.rng"),
        (_Sampler({"k": RNG}), "x.rng['k']"),
        (_Slotted(RNG), "x.rng"),
        (_closure(), "x.__closure__[0].cell_contents"),
        (_cyclic(), "x[1]"),
    ],
)
def test_a_path_leads_to_the_generator(value: Any, path: str) -> None:
    assert find("x", value) == [path]
    found = locate({"x": value}, path)
    assert isinstance(found, (numpy.random.Generator, random.Random))


@pytest.mark.parametrize(
    "value", [3, "text", numpy.zeros(9), [[[[RNG]]]], random.SystemRandom(), {(1, 2): RNG}]
)
def test_where_there_is_none_or_it_is_too_deep_nothing_is_found(value: Any) -> None:
    assert find("x", value) == []


def test_the_users_code_never_runs() -> None:
    value = _Hostile()
    assert find("x", value) == ["x.rng"]
    assert locate({"x": value}, "x.rng") is None


def test_many_are_found_up_to_a_limit() -> None:
    assert len(find("x", [random.Random(seed) for seed in range(500)])) <= MAX_FOUND
    assert find("x", [0] * 1_000_000) == []


@pytest.mark.parametrize("path", ["gone", "x['b']", "x.rng", "x[0]", "x..", "__import__('os')"])
def test_a_path_that_leads_nowhere_gives_nothing(path: str) -> None:
    assert locate({"x": {"a": 1}}, path) is None
