"""The state of every generator is noticed when it moves, and given back so that the same numbers come again."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy
import pytest

from mm_jupyter.kernel.random_paths import find
from mm_jupyter.kernel.random_states import kind_of
from mm_jupyter.kernel.randomness import Generators
from mm_jupyter.records import BlobDigest, RandomState, RecipeStep
from mm_jupyter.replaying.restoring import Restoring

GENERATORS = Generators()


def _put_back(state: bytes, namespace: dict[str, Any]) -> None:
    """As a recipe's notebook does: the visible helper cell, and its call."""
    kept = RandomState(generator="it", before=BlobDigest("b"), after=BlobDigest("a"))
    step = RecipeStep(seq=1, source="pass", restores=(kept,), raises=False, parameters=False)
    cells = Restoring([step], {BlobDigest("b"): state}.__getitem__)
    exec(cells.helper, namespace)
    exec(cells.source(step), namespace)


def _moved(before: Any, after: Any) -> dict[str, tuple[bytes | None, bytes]]:
    return {name: (old, new) for name, old, new in GENERATORS.moved(before, after)}


@pytest.mark.parametrize(
    ("generator", "draw"),
    [
        ("random", random.random),
        ("random", lambda: random.gauss(0, 1)),
        ("numpy.random", lambda: numpy.random.rand(3).tolist()),
        ("numpy.random", lambda: float(numpy.random.randn())),
    ],
)
@pytest.mark.parametrize("drawn", [0, 1])
def test_a_global_generator_draws_the_same_again(
    generator: str, draw: Callable[[], object], drawn: int
) -> None:
    for _ in range(drawn):  # a spare normal may be waiting
        draw()
    before = GENERATORS.take({}, ())
    first = draw()
    moved = _moved(before, GENERATORS.take({}, ()))

    assert list(moved) == [generator]
    old, new = moved[generator]
    assert old is not None
    after = draw()
    _put_back(old, {})
    assert draw() == first
    assert draw() == after
    _put_back(new, {})
    assert draw() == after


def test_the_second_of_two_normals_moves_numpy_although_no_word_of_it_moves() -> None:
    numpy.random.seed(0)
    numpy.random.randn()
    before = GENERATORS.take({}, ())
    numpy.random.randn()

    assert list(_moved(before, GENERATORS.take({}, ()))) == ["numpy.random"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: random.Random(5),
        lambda: numpy.random.RandomState(5),
        *(
            lambda bits=bits: numpy.random.Generator(getattr(numpy.random, bits)(5))
            for bits in ("PCG64", "PCG64DXSM", "Philox", "SFC64", "MT19937")
        ),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_a_generator_object_draws_the_same_again(make: Callable[[], Any], there: bool) -> None:
    namespace: dict[str, object] = {"rng": make(), "n": 3}
    generator: Any = namespace["rng"]
    generator.random()
    before = GENERATORS.take(namespace, namespace)
    first = generator.random()
    moved = _moved(before, GENERATORS.take(namespace, namespace))
    old = moved["rng"][0]
    assert old is not None

    other: dict[str, Any] = {"rng": generator} if there else {}
    _put_back(old, other)

    assert other["rng"].random() == first
    assert type(other["rng"]) is type(generator)
    assert (other["rng"] is generator) is there


def test_a_generator_inside_an_object_draws_the_same_again() -> None:
    namespace: dict[str, Any] = {"cfg": {"it's": [random.Random(3), numpy.random.default_rng(4)]}}
    paths = find("cfg", namespace["cfg"])
    own, rng = namespace["cfg"]["it's"]
    before = GENERATORS.take(namespace, paths)
    first = own.random(), rng.random()
    moved = _moved(before, GENERATORS.take(namespace, paths))

    assert len(moved) == 2
    for old, _ in moved.values():
        assert old is not None
        _put_back(old, namespace)

    assert (own.random(), rng.random()) == first


def test_nothing_moved_is_nothing_said() -> None:
    namespace: dict[str, object] = {
        "rng": numpy.random.default_rng(0),
        "old": numpy.random.RandomState(0),
    }

    before = GENERATORS.take(namespace, namespace)

    assert _moved(before, GENERATORS.take(namespace, namespace)) == {}


def test_a_new_object_has_no_state_before() -> None:
    namespace: dict[str, object] = {"rng": numpy.random.default_rng(0)}
    before = GENERATORS.take(namespace, namespace)
    namespace["rng"] = numpy.random.default_rng(1)
    namespace["new"] = namespace["rng"]

    moved = _moved(before, GENERATORS.take(namespace, namespace))

    assert list(moved) == ["rng"]  # two names of one object count once
    assert moved["rng"][0] is None


def test_a_state_is_canonical_json_that_names_its_parts() -> None:
    namespace = {"rng": numpy.random.default_rng(0)}
    before = GENERATORS.take(namespace, namespace)
    random.random()
    numpy.random.rand()
    namespace["rng"].random()
    moved = _moved(before, GENERATORS.take(namespace, namespace))

    python, mersenne, pcg = (
        json.loads(moved[name][1]) for name in ("random", "numpy.random", "rng")
    )
    assert python.keys() == {"generator", "kind", "version", "words", "gauss"}
    assert (python["kind"], python["version"]) == ("python", 3)
    assert mersenne.keys() == {"generator", "kind", "words", "pos", "has_gauss", "gauss"}
    assert mersenne["kind"] == "MT19937"
    assert pcg["kind"] == "numpy.Generator"
    assert pcg["bit_generator"] == "PCG64"
    assert pcg["state"]["state"]["state"] == str(
        namespace["rng"].bit_generator.state["state"]["state"]
    )
    for _, new in moved.values():
        assert new == json.dumps(json.loads(new), sort_keys=True, separators=(",", ":")).encode()


def test_the_bits_under_numpys_global_functions_may_be_changed() -> None:
    kept = numpy.random.get_bit_generator()
    try:
        numpy.random.set_bit_generator(numpy.random.PCG64(3))
        before = GENERATORS.take({}, ())
        first = numpy.random.rand()
        (old, _) = _moved(before, GENERATORS.take({}, ()))["numpy.random"]
        assert old is not None
        numpy.random.set_bit_generator(numpy.random.PCG64(4))
        _put_back(old, {})
        assert numpy.random.rand() == first
    finally:
        numpy.random.set_bit_generator(kept)


def test_a_cell_that_imports_numpy_and_draws_replays_too() -> None:
    program = """
from mm_jupyter.kernel.randomness import Generators
generators = Generators()
before = generators.take({}, ())
import sys
assert "numpy" not in sys.modules
import numpy
assert generators.moved(before, generators.take({}, ())) == []
first = numpy.random.rand()
((name, old, new),) = generators.moved(before, generators.take({}, ()))
import json
state = json.loads(old)
words = numpy.frombuffer(__import__("base64").b64decode(state["words"]), "<u4")
numpy.random.set_state(("MT19937", words, state["pos"], state["has_gauss"], state["gauss"]))
assert numpy.random.rand() == first
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


class _Mine(random.Random):
    def getstate(self) -> tuple[Any, ...]:
        return ("mine",)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (random.Random(), True),
        (random.SystemRandom(), False),
        (_Mine(), False),
        (numpy.random.default_rng(), True),
        (numpy.random.RandomState(0), True),
        (numpy.random.PCG64(0), False),
        (3, False),
        (numpy, False),
    ],
)
def test_which_objects_are_generators(value: object, expected: bool) -> None:
    assert (kind_of(value) is not None) is expected


def test_torch_draws_the_same_again() -> None:
    torch = pytest.importorskip("torch")
    namespace: dict[str, Any] = {"rng": torch.Generator()}
    before = GENERATORS.take(namespace, namespace)
    first = torch.rand(2).tolist(), torch.rand(2, generator=namespace["rng"]).tolist()
    moved = _moved(before, GENERATORS.take(namespace, namespace))

    for old, _ in moved.values():
        assert old is not None
        _put_back(old, namespace)

    assert set(moved) == {"torch", "rng"}
    assert (torch.rand(2).tolist(), torch.rand(2, generator=namespace["rng"]).tolist()) == first
