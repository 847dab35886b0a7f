"""A fingerprint says what a value holds, all of it and nothing else, and never disturbs it."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import io
import itertools
import os
import pathlib
import pickle
import random
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from IPython.display import DisplayHandle
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KDTree

from mm_jupyter.analysis.fingerprints import (
    AtomNode,
    BadForm,
    BlockNode,
    Fingerprint,
    GroupNode,
    fingerprint,
    read_form,
)
from mm_jupyter.analysis.secrets import Redactor


def digest(value: object) -> str:
    found = fingerprint(value, seconds=60)
    assert found.why is None
    assert found.digest is not None
    return found.digest


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Point(NamedTuple):
    x: int
    y: int


@dataclasses.dataclass
class Settings:
    rate: float
    names: list[str]


class Slotted:
    __slots__ = ("__hidden", "shown")

    def __init__(self, shown: int, hidden: int) -> None:
        self.shown, self.__hidden = shown, hidden


class Numbers(dict[str, int]):
    note: str = ""


def noted(note: str, **numbers: int) -> Numbers:
    made = Numbers(numbers)
    made.note = note
    return made


def made(code: str, **names: Any) -> Any:
    """What ``it`` is after some code of a notebook ran."""
    space: dict[str, Any] = {"__name__": "__main__", **names}
    exec(code, space)
    return space["it"]


def rng(draws: int) -> np.random.Generator:
    generator = np.random.default_rng(0)
    generator.random(draws)
    return generator


RECORD = np.dtype([("a", "i1"), ("b", "f8")], align=True)
TABLE = pd.DataFrame({"a": [1, 2]})
FIT = np.random.default_rng(0).normal(size=(60, 4))

# Each row: two makers of the same contents, and one of other contents.
PAIRS: dict[str, tuple[Callable[[], Any], Callable[[], Any], Callable[[], Any]]] = {
    "None": (lambda: None, lambda: None, lambda: False),
    "bool and int": (lambda: True, lambda: True, lambda: 1),
    "int and float": (lambda: 1, lambda: 1, lambda: 1.0),
    "huge int": (lambda: 10**9000, lambda: 10**9000, lambda: 10**9000 + 1),
    "float": (lambda: 0.1, lambda: 0.1, lambda: np.nextafter(0.1, 1).item()),
    "NaN": (lambda: float("nan"), lambda: -float("nan"), lambda: float("inf")),
    "zero's sign": (lambda: 0.0, lambda: 0.0, lambda: -0.0),
    "complex": (lambda: 1 + 2j, lambda: 1 + 2j, lambda: 1 - 2j),
    "str and bytes": (lambda: "ab", lambda: "ab", lambda: b"ab"),
    "surrogates": (lambda: "\ud800", lambda: "\ud800", lambda: "\ud801"),
    "long str": (lambda: "ab" * 900, lambda: "ab" * 900, lambda: "ab" * 899 + "aB"),
    "tuple and list": (lambda: (1, 2), lambda: (1, 2), lambda: [1, 2]),
    "where lists end": (lambda: [["a"], ["b"]], lambda: [["a"], ["b"]], lambda: [["a", "b"], []]),
    "list order": (lambda: [1, "a"], lambda: [1, "a"], lambda: ["a", 1]),
    "NaN in a list": (
        lambda: [1.0, float("nan")],
        lambda: [1.0, -float("nan")],
        lambda: [1.0, 2.0],
    ),
    "dict order": (lambda: {"a": 1, "b": 2}, lambda: {"b": 2, "a": 1}, lambda: {"a": 2, "b": 1}),
    "dict of objects": (
        lambda: {(1, "a"): [1], (2,): {}},
        lambda: {(2,): {}, (1, "a"): [1]},
        lambda: {(1, "a"): [1], (2,): []},
    ),
    "OrderedDict": (
        lambda: collections.OrderedDict(a=1, b=2),
        lambda: collections.OrderedDict(a=1, b=2),
        lambda: collections.OrderedDict(b=2, a=1),
    ),
    "set": (lambda: {"a", "b", 1}, lambda: {1, "b", "a"}, lambda: {"a", "b", 2}),
    "set of tuples": (lambda: {(1, "a"), ("b",)}, lambda: {("b",), (1, "a")}, lambda: {("b",)}),
    "defaultdict": (
        lambda: collections.defaultdict(list, a=[1]),
        lambda: collections.defaultdict(list, a=[1]),
        lambda: collections.defaultdict(set, a=[1]),
    ),
    "deque": (
        lambda: collections.deque([1, 2], 5),
        lambda: collections.deque([1, 2], 5),
        lambda: collections.deque([1, 2], 6),
    ),
    "range": (lambda: range(3), lambda: range(3), lambda: range(4)),
    "slice": (lambda: slice(1, None), lambda: slice(1, None), lambda: slice(2, None)),
    "datetime": (
        lambda: datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        lambda: datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        lambda: datetime.datetime(2026, 1, 1),  # noqa: DTZ001 - a time without a zone is another one
    ),
    "Decimal": (
        lambda: decimal.Decimal("1.0"),
        lambda: decimal.Decimal("1.0"),
        lambda: decimal.Decimal("1.00"),
    ),
    "Fraction": (
        lambda: fractions.Fraction(2, 4),
        lambda: fractions.Fraction(1, 2),
        lambda: fractions.Fraction(1, 3),
    ),
    "Path": (
        lambda: pathlib.Path("a/b"),
        lambda: pathlib.Path("a") / "b",
        lambda: pathlib.Path("a"),
    ),
    "enum": (lambda: Colour.RED, lambda: Colour.RED, lambda: Colour.BLUE),
    "namedtuple": (lambda: Point(1, 2), lambda: Point(1, 2), lambda: (1, 2)),
    "dataclass": (
        lambda: Settings(0.1, ["a"]),
        lambda: Settings(0.1, ["a"]),
        lambda: Settings(0.1, ["b"]),
    ),
    "slots": (lambda: Slotted(1, 2), lambda: Slotted(1, 2), lambda: Slotted(1, 3)),
    "subclass of dict": (lambda: noted("x", a=1), lambda: noted("x", a=1), lambda: noted("y", a=1)),
    "pattern": (
        lambda: re.compile("a", re.IGNORECASE),
        lambda: re.compile("a", re.IGNORECASE),
        lambda: re.compile("a"),
    ),
    "exception": (lambda: ValueError("a"), lambda: ValueError("a"), lambda: ValueError("b")),
    "partial": (
        lambda: functools.partial(int, base=2),
        lambda: functools.partial(int, base=2),
        lambda: functools.partial(int, base=8),
    ),
    "BytesIO": (lambda: io.BytesIO(b"a"), lambda: io.BytesIO(b"a"), lambda: io.BytesIO(b"b")),
    "module": (lambda: re, lambda: re, lambda: os),
    "random.Random": (
        lambda: random.Random(1),
        lambda: random.Random(1),
        lambda: random.Random(2),
    ),
    "function on another line": (
        lambda: made("def it(x):\n    return x + 1"),
        lambda: made("\n\n# moved\ndef it(x):\n    return x + 1"),
        lambda: made("def it(x):\n    return x - 1"),
    ),
    "function's constant": (
        lambda: made("def it(x):\n    return x + 1"),
        lambda: made("def it(x):\n    return x + 1"),
        lambda: made("def it(x):\n    return x + 2"),
    ),
    "function's default": (
        lambda: made("def it(x=1): pass"),
        lambda: made("def it(x=1): pass"),
        lambda: made("def it(x=2): pass"),
    ),
    "closure": (
        lambda: made("def f(n):\n    return lambda x: x + n\nit = f(1)"),
        lambda: made("def f(n):\n    return lambda x: x + n\nit = f(1)"),
        lambda: made("def f(n):\n    return lambda x: x + n\nit = f(2)"),
    ),
    "class": (
        lambda: made("class it:\n    def f(self): return 1"),
        lambda: made("\nclass it:\n    def f(self): return 1"),
        lambda: made("class it:\n    def f(self): return 2"),
    ),
    "library function": (lambda: re.match, lambda: re.match, lambda: re.search),
    "numpy scalar": (lambda: np.float32(0.5), lambda: np.float32(0.5), lambda: np.float64(0.5)),
    "array": (lambda: np.arange(6), lambda: np.arange(6), lambda: np.arange(6).reshape(2, 3)),
    "dtype": (
        lambda: np.arange(3, dtype="i4"),
        lambda: np.arange(3, dtype="i4"),
        lambda: np.arange(3),
    ),
    "strides": (
        lambda: np.arange(12.0).reshape(3, 4),
        lambda: np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        lambda: np.arange(12.0).reshape(3, 4).T,
    ),
    "a view": (
        lambda: np.array([0, 2, 4]),
        lambda: np.arange(6)[::2],
        lambda: np.arange(6)[1::2],
    ),
    "byte order": (
        lambda: np.arange(3, dtype="<f8"),
        lambda: np.arange(3, dtype=">f8"),
        lambda: np.arange(3, dtype=">f4"),
    ),
    "NaN's sign": (
        lambda: np.array([np.nan, 1]),
        lambda: np.array([-np.nan, 1]),
        lambda: np.array([1, np.nan]),
    ),
    "object array": (
        lambda: np.array([1, "a", None], dtype=object),
        lambda: np.array([1, "a", None], dtype=object),
        lambda: np.array([1, "b", None], dtype=object),
    ),
    "strings": (
        lambda: np.array(["a", "bc"]),
        lambda: np.array(["a", "bc"]),
        lambda: np.array(["a", "bd"]),
    ),
    "times": (
        lambda: np.array(["2026-01-01"], "M8[D]"),
        lambda: np.array(["2026-01-01"], "M8[D]"),
        lambda: np.array(["2026-01-02"], "M8[D]"),
    ),
    "padding of records": (
        lambda: padded(0),
        lambda: padded(255),
        lambda: np.array([(1, 3.0)], RECORD),
    ),
    "under the mask": (
        lambda: np.ma.array([1, 2, 3], mask=[0, 1, 0]),
        lambda: np.ma.array([1, 9, 3], mask=[0, 1, 0]),
        lambda: np.ma.array([1, 2, 3], mask=[0, 0, 1]),
    ),
    "display handle": (DisplayHandle, DisplayHandle, lambda: "display"),
    "numpy generator": (lambda: rng(1), lambda: rng(1), lambda: rng(2)),
    "sparse": (
        lambda: sp.csr_matrix(([2, 1], ([0, 0], [2, 1])), (2, 3)),
        lambda: sp.csr_matrix(np.array([[0, 1, 2], [0, 0, 0]])),
        lambda: sp.csr_matrix(np.array([[0, 2, 1], [0, 0, 0]])),
    ),
    "series": (
        lambda: pd.Series([1, 2]),
        lambda: pd.Series([1, 2]),
        lambda: pd.Series([1, 2], name="a"),
    ),
    "Styler": (
        lambda: TABLE.style.highlight_max(color="red"),
        lambda: TABLE.style.highlight_max(color="red"),
        lambda: TABLE.style.highlight_max(color="blue"),
    ),
    "texts of pandas 2 and 3": (
        lambda: pd.DataFrame({"a": pd.array(["x", None], dtype="str")}),
        lambda: pd.DataFrame({"a": pd.Series(["x", None], dtype=object)}),
        lambda: pd.DataFrame({"a": pd.Series(["x", "y"], dtype=object)}),
    ),
    "times of pandas 2 and 3": (
        lambda: pd.Series(pd.to_datetime(["2026-01-01 10:00"])).astype("M8[ns]"),
        lambda: pd.Series(pd.to_datetime(["2026-01-01 10:00"])).astype("M8[us]"),
        lambda: pd.Series(pd.to_datetime(["2026-01-01 10:01"])).astype("M8[us]"),
    ),
    "zones": (
        lambda: pd.Series(pd.to_datetime(["2026-01-01"])).dt.tz_localize("UTC"),
        lambda: pd.Series(pd.to_datetime(["2026-01-01"])).dt.tz_localize("UTC"),
        lambda: pd.Series(pd.to_datetime(["2026-01-01"])).dt.tz_localize("Asia/Tokyo"),
    ),
    "an index that counts": (
        lambda: pd.Series([1, 2, 3]),
        lambda: pd.Series([1, 2, 3], index=np.array([0, 1, 2])),
        lambda: pd.Series([1, 2, 3], index=[0, 2, 4]),
    ),
    "row order": (
        lambda: pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        lambda: pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        lambda: pd.DataFrame({"a": [2, 1], "b": ["y", "x"]}),
    ),
    "column order": (
        lambda: pd.DataFrame({"a": [1], "b": [2]}),
        lambda: pd.DataFrame({"a": [1], "b": [2]}),
        lambda: pd.DataFrame({"b": [2], "a": [1]}),
    ),
    "equal column names": (
        lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]),
        lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]),
        lambda: pd.DataFrame([[2, 1]], columns=["a", "a"]),
    ),
    "category": (
        lambda: pd.Series(pd.Categorical(["a", "b"])),
        lambda: pd.Series(pd.Categorical(["a", "b"])),
        lambda: pd.Series(pd.Categorical(["a", "b"], ordered=True)),
    ),
    "nullable": (
        lambda: pd.array([1, None], dtype="Int64"),
        lambda: pd.array([1, None], dtype="Int64"),
        lambda: pd.array([1, 0], dtype="Int64"),
    ),
    "MultiIndex": (
        lambda: pd.Series([1, 2], index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])),
        lambda: pd.Series([1, 2], index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])),
        lambda: pd.Series([1, 2], index=pd.MultiIndex.from_tuples([("a", 1), ("b", 3)])),
    ),
    "polars": (
        lambda: pl.DataFrame({"a": [1, None], "b": ["x", None]}),
        lambda: pl.DataFrame({"a": [1, None], "b": ["x", None]}),
        lambda: pl.DataFrame({"a": [1, 0], "b": ["x", None]}),
    ),
    "chunks of pyarrow": (
        lambda: pa.table({"a": pa.chunked_array([[1.5], [2.5]])}),
        lambda: pa.table({"a": [1.5, 2.5]}),
        lambda: pa.table({"a": [1.5, 2.0]}),
    ),
    "estimator": (
        lambda: RandomForestClassifier(3, random_state=0).fit(FIT, FIT[:, 0] > 0),
        lambda: RandomForestClassifier(3, random_state=0).fit(FIT, FIT[:, 0] > 0),
        lambda: RandomForestClassifier(3, random_state=1).fit(FIT, FIT[:, 0] > 0),
    ),
    "Cython": (lambda: KDTree(FIT), lambda: KDTree(FIT), lambda: KDTree(FIT + 1)),
}


def padded(garbage: int) -> np.ndarray[Any, Any]:
    array = np.frombuffer(bytearray([garbage] * RECORD.itemsize), dtype=RECORD).copy()
    array["a"], array["b"] = 1, 2.0
    return array


@pytest.mark.parametrize("name", PAIRS)
def test_equal_contents_have_equal_digests_and_others_have_others(name: str) -> None:
    one, same, other = PAIRS[name]
    assert digest(one()) == digest(same())
    assert digest(one()) != digest(other())


def test_a_digest_is_the_same_in_every_process() -> None:
    code = (
        "import numpy as np, pandas as pd\n"
        "from mm_jupyter.analysis.fingerprints import fingerprint\n"
        "class N: pass\n"
        "n = N(); n.me = n; n.names = {'a', 'b', ('c', 1), frozenset({'x', 'y'})}\n"
        "f = lambda x, s={'p', 'q'}: x in {'u', 'v', 'w'}\n"
        "frame = pd.DataFrame({'t': ['a', None], 'c': pd.Categorical(['u', 'v'])})\n"
        "value = [n, f, N, frame, {object(): 1}, {'k': {3, 4}}, np.random.default_rng(0), len]\n"
        "print(fingerprint(value).digest)\n"
    )
    printed = set()
    for seed in ("0", "1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.getcwd()}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        printed.add(done.stdout)
    assert len(printed) == 1
    assert printed.pop().startswith("blake2b:")


# Made by pandas 3.1 with numpy 2.4; pandas 2.0 with numpy 1.24 makes the same. Whoever changes one breaks every store.
PROMISED = {
    "none": "blake2b:cf30a30505abf5a31b7e61542ba8ba36",
    "int": "blake2b:51fdf9339982eb58982da630beecf871",
    "float": "blake2b:72fd4db9977cc61c3b2f37bdfe0d4ad4",
    "nan": "blake2b:1ef8b308c5e2c3c4af91fac8ea9b7522",
    "text": "blake2b:abf4168a5a27a0e43c63c7179140b3d0",
    "list": "blake2b:897039d5a7e3f60659666d715f082063",
    "mixed": "blake2b:f236bd4058a1a66b48b60f21beac2a1c",
    "dict": "blake2b:bbf49b474e991c4a27d882c340a6fdd7",
    "set": "blake2b:46707c182b0b4da5ec2982c4a437b8bb",
    "array": "blake2b:419342837f4840793ce331eb1ffaa761",
    "frame": "blake2b:45b54f32fa804c083f16b21f3b68a520",
}


def test_digests_are_a_promise() -> None:
    frame = pd.DataFrame({"n": [1, 2], "t": ["x", None], "c": pd.Categorical(["u", "v"])})
    values = {
        "none": None,
        "int": 42,
        "float": 0.1,
        "nan": float("nan"),
        "text": "Zürich",
        "list": [1, 2, 3],
        "mixed": [1, "a", None, 2.5],
        "dict": {"b": [1.0], "a": (1,)},
        "set": {"a", "b", (1, "c")},
        "array": np.arange(6.0).reshape(2, 3),
        "frame": frame,
    }
    assert {name: digest(value) for name, value in values.items()} == PROMISED


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)


def canonical(value: object) -> object:
    """A value as something whose repr says all of it, written without the code that is tested."""
    if isinstance(value, dict):
        return ("dict", sorted((repr(canonical(k)), repr(canonical(v))) for k, v in value.items()))
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, [canonical(part) for part in value])
    return (type(value).__name__, repr(value))


@given(VALUES, VALUES)
def test_digests_are_equal_exactly_when_values_are(one: object, other: object) -> None:
    assert (digest(one) == digest(other)) == (canonical(one) == canonical(other))
    assert digest(one) == digest(pickle.loads(pickle.dumps(one)))


def test_sharing_says_nothing_and_costs_nothing() -> None:
    part: list[Any] = [1, "a"]
    assert digest([part, part]) == digest([[1, "a"], [1, "a"]])
    for _ in range(200):
        part = [part, part]
    assert digest(part).startswith("blake2b:")


def ring(size: int, last: str = "a") -> dict[str, Any]:
    first: dict[str, Any] = {"name": "a"}
    here = first
    for number in range(1, size):
        here["next"] = {"name": last if number == size - 1 else "a"}
        here = here["next"]
    here["next"] = first
    return first


def test_cycles_and_depth_end() -> None:
    assert digest(ring(5)) == digest(ring(5))
    assert digest(ring(5)) != digest(ring(5, "b"))
    assert digest(ring(5)) != digest(ring(6))
    own: list[Any] = []
    own.append(own)
    assert digest(own) != digest([[]])
    deep: list[Any] = []
    for _ in range(50_000):
        deep = [deep]
    assert digest(deep).startswith("blake2b:")


def test_a_knot_does_not_depend_on_the_order_of_its_keys() -> None:
    def knot(names: str) -> dict[str, Any]:
        parts: dict[str, dict[str, Any]] = {name: {"name": name} for name in "abc"}
        for part in parts.values():
            part.update({name: parts[name] for name in names})
        return {name: parts[name] for name in names}

    assert digest(knot("abc")) == digest(knot("cab"))


class Node:
    pass


def graph(order: list[int]) -> list[Node]:
    nodes = [Node() for _ in order]
    for place, node in enumerate(nodes):
        vars(node).update(
            name=place, near=[nodes[(place * 7 + step) % len(nodes)] for step in (1, 2)]
        )
    return [nodes[place] for place in order]


def test_a_graph_of_objects_is_read_in_one_pass() -> None:
    assert digest(graph(list(range(500)))) == digest(graph(list(range(500))))
    assert digest(graph(list(range(500)))) != digest(graph([1, 0, *range(2, 500)]))


def test_objects_that_refer_to_each_other_in_a_set_have_no_digest() -> None:
    one, other = Node(), Node()
    vars(one).update(other=other)
    vars(other).update(other=one)
    found = fingerprint({one, other})
    assert found.digest is None
    assert found.why == "it holds a set of objects that refer to each other"


class Hostile:
    """Whatever is asked of it but its class raises or is noticed."""

    touched: ClassVar[list[str]] = []

    def _touch(self, what: str) -> Any:
        Hostile.touched.append(what)
        raise ZeroDivisionError(what)

    def __repr__(self) -> str:
        return str(self._touch("repr"))

    def __str__(self) -> str:
        return str(self._touch("str"))

    def __eq__(self, other: object) -> bool:
        return bool(self._touch("eq"))

    def __hash__(self) -> int:
        return 1

    def __bool__(self) -> bool:
        return bool(self._touch("bool"))

    def __len__(self) -> int:
        return int(self._touch("len"))

    def __iter__(self) -> Any:
        return self._touch("iter")

    def __getattribute__(self, name: str) -> Any:
        if name in ("_touch", "touched"):
            return object.__getattribute__(self, name)
        return Hostile._touch(self, f"getattr {name}")

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self._touch("reduce")

    def __getstate__(self) -> Any:
        return self._touch("getstate")

    @property
    def __class__(self) -> Any:  # type: ignore[override]
        return self._touch("class")

    @property
    def expensive(self) -> Any:
        return self._touch("property")


@pytest.mark.parametrize(
    "wrap", [lambda v: v, lambda v: [v], lambda v: {"a": v}, lambda v: {v}, lambda v: {v: 1}]
)
def test_the_value_is_not_asked_anything(wrap: Callable[[Any], Any]) -> None:
    value = object.__new__(Hostile)
    object.__getattribute__(value, "__dict__")["kept"] = 7
    Hostile.touched.clear()
    found = fingerprint(wrap(value))
    assert found.digest is not None
    assert Hostile.touched == []
    object.__getattribute__(value, "__dict__")["kept"] = 8
    assert fingerprint(wrap(value)).digest != found.digest


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (threading.Lock(), "it is a lock that cannot be read (TypeError)"),
        ([threading.Lock()], "it holds a lock that cannot be read (TypeError)"),
        ((number for number in [1]), "it is a generator, which reading would use up"),
        (itertools.count(), "it is a count, which reading would use up"),
        (iter([1]), "it is a list iterator, which reading would use up"),
        (sys.__stdout__, "it is an open file"),
        ({"log": sys.__stdout__}, "it holds an open file"),
        (pl.LazyFrame({"a": [1]}), "it is a lazy frame, a query that has not run"),
        (Redactor(b"key"), "it is a part of mm_jupyter"),
        (np.zeros(1 << 16), "it holds more than 0 MiB"),
    ],
)
def test_what_cannot_be_read_says_why(value: object, why: str) -> None:
    found = fingerprint(value, limit_bytes=1 << 18)
    assert found.why == why
    assert found.digest is None


def test_a_generator_is_not_used_up() -> None:
    numbers = iter([1, 2])
    fingerprint([numbers])
    assert list(numbers) == [1, 2]


def test_a_value_that_takes_too_long_says_so() -> None:
    found = fingerprint([[number, "a"] for number in range(20_000)], seconds=0.0)
    assert found == Fingerprint(
        type="list",
        digest=None,
        form=None,
        summary="list of 20,000",
        why="reading it takes longer than 0 s",
    )


def test_reading_does_not_change_a_value() -> None:
    frame = pd.DataFrame({"a": [1.0, np.nan], "b": ["x", None]})
    matrix = sp.csr_matrix(([2, 1], ([0, 0], [2, 1])), (2, 3))
    model = LogisticRegression().fit(FIT, FIT[:, 0] > 0)
    generator = np.random.default_rng(0)
    before = [pickle.dumps(value) for value in (frame, matrix, model, generator)]
    for value in (frame, matrix, model, generator):
        fingerprint(value)
    assert [pickle.dumps(value) for value in (frame, matrix, model, generator)] == before


@pytest.mark.parametrize(
    ("value", "type_", "summary"),
    [
        (0.931, "float", "0.931"),
        ("baseline", "str", "'baseline'"),
        ("x" * 500, "str", "'" + "x" * 50 + "'... (500 characters)"),
        ([1, 2], "list", "list of 2"),
        (np.float64(0.5), "numpy.float64", "0.5"),
        (np.zeros((569, 30)), "numpy.ndarray", "ndarray float64 (569, 30)"),
        (pd.DataFrame({"a": [1, 2]}), "pandas.DataFrame", "DataFrame 2 x 1"),
        (pl.DataFrame({"a": [1, 2]}), "polars.DataFrame", "DataFrame 2 x 1"),
        (LogisticRegression(), "sklearn.LogisticRegression", "LogisticRegression"),
    ],
)
def test_type_and_summary_are_for_people(value: object, type_: str, summary: str) -> None:
    found = fingerprint(value)
    assert found.type == type_
    assert found.summary == summary
    assert len(found.summary) <= 80


def test_a_summary_asks_nothing() -> None:
    Hostile.touched.clear()
    assert fingerprint(object.__new__(Hostile)).summary == "Hostile"
    assert Hostile.touched == []
    assert fingerprint(10**5000).summary == "int of 16,610 bits"


def test_a_form_holds_the_value_by_parts() -> None:
    found = fingerprint({"a": [1.5, 2.5], "b": "x"})
    assert found.form is not None
    form = read_form(found.form)
    root = form[0]
    assert isinstance(root, GroupNode)
    assert (root.kind, root.pairs, root.ordered) == ("dict", True, False)
    key, numbers, _, text = (form[child] for child in root.children)
    assert key == AtomNode("str", "a")
    assert isinstance(numbers, BlockNode)
    assert (numbers.kind, numbers.dtype, numbers.shape) == ("list", "<f8", (2,))
    assert numbers.data == np.array([1.5, 2.5]).tobytes()
    assert text == AtomNode("str", "x")


def test_a_form_leaves_out_what_is_too_large_and_keeps_the_rest() -> None:
    value = {"large": np.zeros(200_000), "small": np.ones(3)}
    form = read_form(fingerprint(value).form or b"")
    blocks = {node.shape: node.data for node in form if isinstance(node, BlockNode)}
    assert blocks[(200_000,)] is None
    assert blocks[(3,)] == np.ones(3).tobytes()
    assert fingerprint([str(number) + "a" for number in range(3)] * 2, form_bytes=10).form is None
    many = fingerprint([[number, "a"] for number in range(50_000)], seconds=60)
    assert many.form is None
    assert many.digest is not None


@pytest.mark.parametrize("cut", [0, 3, 11, 40, -1])
def test_a_damaged_form_is_refused(cut: int) -> None:
    form = fingerprint({"a": np.arange(5)}).form
    assert form is not None
    with pytest.raises(BadForm):
        read_form(form[:cut])


def test_numpy_and_pandas_are_never_imported() -> None:
    code = (
        "import sys\n"
        "from mm_jupyter.analysis.fingerprints import fingerprint\n"
        "from mm_jupyter.analysis.models import configuration, curves, is_model, model_state\n"
        "for value in (1, [1, 'a'], {'a': {1}}, object(), fingerprint, Exception, sys):\n"
        "    fingerprint(value), is_model(value), configuration(value), curves(value)\n"
        "print([name for name in ('numpy', 'pandas', 'torch', 'sklearn', 'IPython') if name in sys.modules])\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
