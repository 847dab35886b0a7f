"""What a cell changed in place, left alone and shares is seen by its marks, whatever the objects are."""

from __future__ import annotations

import collections
import functools
import itertools
import socket
import sqlite3
import threading
import time
from typing import Any

import numpy
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from mm_jupyter.analysis.slicing import slice_executions
from mm_jupyter.kernel import marks
from mm_jupyter.kernel.bindings import Bindings
from mm_jupyter.kernel.marks import Marked, Marks
from mm_jupyter.records import Execution
from tests.analysis.test_slicing import CELLS, START, TARGETS, execution, replayed, run


def _seen(setup: str, cell: str, *, tracked: bool = True) -> Marked:
    """The marks around one cell, in a namespace of its own."""
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(setup, space)
    bindings, around = Bindings(space), Marks(space, ())
    around.begin(cell, tracked=tracked)
    exec(cell, space)
    bound, _ = bindings.changes(space)
    return around.end(bound)


CHANGES = [
    ("a = [1]", "a.append(2)"),
    ("a = {'k': [1]}", "a['k'].append(2)"),
    ("a = {1, 2}", "a.add(3)"),
    ("import collections\na = collections.deque([1])", "a.append(2)"),
    ("import collections\na = collections.Counter('ab')", "a.update('b')"),
    ("a = bytearray(b'ab')", "a[0] = 99"),
    ("import numpy as np\na = np.zeros(5)", "a[3] = 1"),
    ("import numpy as np\na = np.zeros(5)\nb = a[1:]", "b += 1"),
    ("import pandas as pd\na = pd.DataFrame({'x': [1, 2]})", "a.loc[0, 'x'] = 7"),
    ("import pandas as pd\na = pd.DataFrame({'x': [1, 2]})", "a['y'] = 3"),
    ("import pandas as pd\na = pd.Series(['x', 'y'])", "a[0] = 'z'"),
    ("class C: pass\na = C()", "a.x = 1"),
    ("class C:\n    n = 0\na = C()", "C.n = 1"),
    ("class C:\n    __slots__ = ('n',)\na = C()\na.n = 1", "a.n = 2"),
    ("def a(x=[]): x.append(1)", "a()"),
    ("def make():\n    n = [0]\n    def f(): n[0] += 1\n    return f\na = make()", "a()"),
    ("l = []\na = l.append", "a(1)"),
    ("import functools\nl = []\na = functools.partial(l.append, 1)", "a()"),
    ("a = iter([1, 2])", "next(a)"),
    ("a = (x for x in [1, 2])", "next(a)"),
    ("from sklearn.linear_model import Ridge\na = Ridge()", "a.set_params(alpha=2.0)"),
    ("from sklearn.linear_model import Ridge\na = Ridge()", "a.fit([[1.0], [2.0]], [1.0, 2.0])"),
    ("a = [1]\ndef f(): a.append(1)", "f()"),
    ("class C:\n    def go(self): self.n = 1\na = C()", "getattr(a, 'go')()"),
]


@pytest.mark.parametrize(("setup", "cell"), CHANGES)
@pytest.mark.parametrize("tracked", [True, False])
def test_a_change_in_place_is_seen(setup: str, cell: str, tracked: bool) -> None:
    found = _seen(setup, cell, tracked=tracked)
    assert found.changed, found
    assert not set(found.changed) & set(found.unchanged)


@pytest.mark.parametrize(
    ("setup", "cell"),
    [
        ("a = [3, 1]", "sorted(a)"),
        ("a = {'k': [1]}", "a.get('k')"),
        ("import numpy as np\na = np.zeros(5)", "a.sum()"),
        ("import pandas as pd\na = pd.DataFrame({'x': [1, 2]})", "a.describe()"),
        ("class C:\n    def go(self): return 1\na = C()", "a.go()"),
        ("from sklearn.linear_model import Ridge\na = Ridge()", "a.get_params()"),
        ("import functools\n@functools.lru_cache\ndef a(x): return x", "a(3)"),
        ("import numpy as np\na = {'rng': np.random.default_rng(0)}", "a['rng'].random()"),
    ],
)
def test_what_stays_as_it_was_is_seen_to(setup: str, cell: str) -> None:
    found = _seen(setup, cell)
    assert "a" in found.unchanged
    assert "a" not in found.changed


@pytest.mark.parametrize(
    ("setup", "cell", "together"),
    [
        ("a = [1]", "b = a", ("a", "b")),
        ("a = [[1]]", "b = a[0]", ("a", "b")),
        ("import numpy as np\na = np.zeros(9)", "b = a[::2]", ("a", "b")),
        ("import numpy as np\na = np.zeros(9)", "b = a.reshape(3, 3).T", ("a", "b")),
        ("a = []", "b = a.append", ("a", "b")),
        ("a = [1]\ndef f(): return a", "b = f()", ("a", "b")),
    ],
)
def test_names_that_share_memory_or_members_are_seen(
    setup: str, cell: str, together: tuple[str, ...]
) -> None:
    assert any(set(together) <= set(group) for group in _seen(setup, cell).shares)


def test_names_that_share_nothing_are_apart() -> None:
    assert _seen("a = [1, [2]]", "b = [3, [4]]").shares == ()


class _Raises:
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __len__(self) -> int:
        raise RuntimeError("len")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")

    __hash__ = None  # type: ignore[assignment]

    def __reduce_ex__(self, protocol: object) -> Any:
        raise RuntimeError("reduce")


class _Counts:
    asked = 0

    @property
    def value(self) -> int:
        type(self).asked += 1
        return 1

    def __getattr__(self, name: str) -> int:
        type(self).asked += 1
        return 1


def _cycle() -> list[Any]:
    held: list[Any] = []
    held.append({"back": held})
    return held


def _deep() -> list[Any]:
    held: list[Any] = []
    for _ in range(100_000):
        held = [held]
    return held


HOSTILE = {
    "cycle": _cycle,
    "deep": _deep,
    "million": lambda: list(range(1_000_000)),
    "million_dict": lambda: {str(i): i for i in range(200_000)},
    "large_array": lambda: numpy.zeros(5_000_000),
    "objects": lambda: numpy.array([object(), [1], None], dtype=object),
    "large_frame": lambda: pandas.DataFrame(numpy.zeros((100_000, 10))),
    "raises": _Raises,
    "proxy": _Counts,
    "database": lambda: sqlite3.connect(":memory:"),
    "socket": socket.socket,
    "lock": threading.Lock,
    "thread": lambda: threading.Thread(target=print),
    "module": lambda: itertools,
    "estimator": Ridge,
    "partial": lambda: functools.partial(print),
    "chain": lambda: collections.ChainMap({}, {}),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("tracked", [True, False])
def test_no_object_stops_or_is_asked_anything(name: str, tracked: bool) -> None:
    _Counts.asked = 0
    value = HOSTILE[name]()
    space: dict[str, Any] = {"a": value, "b": [value], "c": 1}
    marks = Marks(space, ())
    marks.begin("a, b, c", tracked=tracked)
    space["d"] = value
    found = marks.end(("d",))
    assert _Counts.asked == 0
    assert "c" not in found.changed
    assert not (name != "raises" and "a" in found.changed)
    if name in ("socket", "database"):
        value.close()


def _recorded(cells: list[str]) -> list[Execution]:
    """A session with the facts that marks give."""
    space: dict[str, Any] = {"__name__": "__main__"}
    bindings, marks = Bindings(space), Marks(space, ())
    log = []
    for seq, source in enumerate(cells, 1):
        marks.begin(source, tracked=False)
        failure = run(source, space)
        bound, deleted = bindings.changes(space)
        found = marks.end(bound)
        log.append(
            execution(
                seq,
                source,
                bound=bound,
                deleted=deleted,
                status="ok" if failure is None else "raised",
                failure=failure,
                changed=found.changed,
                unchanged=found.unchanged,
                shares=found.shares,
                surroundings=(),
            )
        )
    return log


@settings(max_examples=300, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=8), TARGETS)
def test_slices_by_what_was_seen_give_what_the_session_gave(cells: list[str], target: str) -> None:
    """The promise of the slices holds where marks shorten them."""
    log = _recorded([*START, *cells, target])
    results = [
        replayed(log, slice_executions(log, len(log), how))
        for how in ("optimistic", "conservative")
    ]
    assert replayed(log, range(1, len(log) + 1)) in results


def test_an_object_that_is_slow_to_look_at_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = marks.mark

    def slow_once(value: Any, limit: int) -> Any:
        monkeypatch.setattr(marks, "mark", looked_at)
        end = time.thread_time() + 10 * marks.PLAIN_SECONDS
        while time.thread_time() < end:
            pass
        return looked_at(value, limit)

    monkeypatch.setattr(marks, "mark", slow_once)
    seen = _seen(
        "def put(a, b, c): c.append(b)\na, b, c = [1], [2], []", "put(a, b, c)", tracked=False
    )
    assert seen.changed == ("c",)
