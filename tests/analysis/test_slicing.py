"""A slice holds what its target needs and, as far as the source tells, nothing else."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable
from contextlib import redirect_stdout
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm_jupyter.analysis.slicing import slice_executions
from mm_jupyter.errors import BadOption
from mm_jupyter.records import (
    BlobDigest,
    ContentDigest,
    Execution,
    Failure,
    FileUse,
    LocalModule,
    SessionId,
)

MISSING = object()


def execution(seq: int, source: str, **facts: Any) -> Execution:
    given: dict[str, Any] = {"status": "ok", **facts}
    return Execution(
        session=SessionId("s"),
        seq=seq,
        cell_id=None,
        count=seq,
        source=source,
        started=float(seq),
        seconds=0.0,
        **given,
    )


def run(source: str, space: dict[str, Any]) -> Failure | None:
    """Execute one cell of plain Python in ``space``."""
    try:
        with redirect_stdout(io.StringIO()):
            exec(compile(source, "cell", "exec"), space)
    except Exception as error:  # noqa: BLE001 - what a cell raises is its outcome
        return Failure(name=type(error).__name__, message=str(error), traceback="")
    return None


def played(cells: list[str]) -> list[Execution]:
    """Really run the cells, and record what each bound and deleted as a kernel does: by identity."""
    space: dict[str, Any] = {"__name__": "__main__"}
    log = []
    for seq, source in enumerate(cells, 1):
        before = dict(space)
        plain = not source.lstrip().startswith(("%", "!"))
        failure = run(source, space) if plain else None
        bound = [
            n for n, v in space.items() if before.get(n, MISSING) is not v and n != "__builtins__"
        ]
        log.append(
            execution(
                seq,
                source,
                status="raised" if failure else "ok",
                failure=failure,
                bound=tuple(bound),
                deleted=tuple(before.keys() - space.keys()),
            )
        )
    return log


SESSIONS = {
    "straight": (["a = 1", "b = a + 1", "c = b * 2"], [1, 2, 3]),
    "unrelated cells are dropped": (["a = 1", "z = 9", "print(z)", "b = a"], [1, 4]),
    "run again": (["a = 1", "b = a + 1", "a = 5", "b = a + 1", "c = b"], [3, 4, 5]),
    "edited": (["n = 10", "n = 20", "r = n * 2"], [2, 3]),
    "out of order": (["def f(): return k", "k = 3", "r = f()"], [1, 2, 3]),
    "a definition after the use stays out": (["a = 1", "b = a", "a = 2", "c = b"], [1, 2, 4]),
    "the same small number again": (["x = 5", "x = 5", "y = x"], [2, 3]),
    "augmented number": (["n = 1", "n += 1", "n += 1", "r = n"], [1, 2, 3, 4]),
    "augmented list": (["a = [1]", "b = a", "a += [2]", "r = b"], [1, 2, 3, 4]),
    "augmented number leaves its alias": (["a = 1", "b = a", "a += 2", "r = b"], [1, 2, 4]),
    "alias": (["a = [1]", "b = a", "b.append(2)", "r = sum(a)"], [1, 2, 3, 4]),
    "alias in a container": (
        ["a = [1]", "d = {'a': a}", "d['a'].append(2)", "r = a"],
        [1, 2, 3, 4],
    ),
    "element": (["a = [[1], [2]]", "b = a[0]", "b.append(3)", "r = str(a)"], [1, 2, 3, 4]),
    "view by a slice": (
        ["a = memoryview(bytearray(4))", "v = a[:2]", "v[0] = 5", "r = bytes(a)"],
        [1, 2, 3, 4],
    ),
    "a copy is no alias": (["a = [1]", "b = a.copy()", "b.append(2)", "r = a"], [1, 4]),
    "shadowed by an import": (["sqrt = abs", "from math import sqrt", "r = sqrt(4)"], [2, 3]),
    "import of a part of a package": (
        ["import os.path", "import xml.dom", "import xml.sax", "r = xml.dom.Node"],
        [2, 3, 4],
    ),
    "function redefined after its use": (
        ["def f(): return 1", "a = f()", "def f(): return 2", "b = a"],
        [1, 2, 4],
    ),
    "function that reads a global late": (
        ["k = 1", "def f(): return k", "k = 2", "r = f()"],
        [2, 3, 4],
    ),
    "a global set just before the call": (["k = 1", "def f(): return k", "k = 3\nr = f()"], [2, 3]),
    "function through a function": (
        ["def g(): return k", "def f(): return g()", "k = 2", "z = 0", "r = f()"],
        [1, 2, 3, 5],
    ),
    "lambda": (["k = 1", "f = lambda x: x + k", "z = 0", "r = f(1)"], [1, 2, 4]),
    "partial": (
        [
            "from functools import partial",
            "def f(a): return a + k",
            "g = partial(f, 1)",
            "k = 5",
            "r = g()",
        ],
        [1, 2, 3, 4, 5],
    ),
    "closure with a state": (
        [
            "def make():\n n = 0\n def step():\n  nonlocal n\n  n += 1\n  return n\n return step",
            "c = make()",
            "x = c()",
            "r = c()",
        ],
        [1, 2, 3, 4],
    ),
    "function that changes what it is given": (
        ["def fill(d): d['k'] = 1", "d = {}", "fill(d)", "r = d"],
        [1, 2, 3, 4],
    ),
    "through another function": (
        ["def put(d): d['k'] = 1", "def fill(d): put(d)", "d = {}", "x = fill(d)", "r = d"],
        [1, 2, 3, 4, 5],
    ),
    "function that changes a global": (
        ["log = []", "def note(x): log.append(x)", "note(1)", "z = 0", "r = len(log)"],
        [1, 2, 3, 5],
    ),
    "function that binds a global": (
        ["def start():\n    global state\n    state = 7", "state = 0", "start()", "r = state"],
        [1, 3, 4],
    ),
    "method that changes its object": (
        [
            "class C:\n    n = 0\n    def up(self): self.n += 1",
            "c = C()",
            "c.up()",
            "y = 0",
            "r = c.n",
        ],
        [1, 2, 3, 5],
    ),
    "one instance does not change another": (
        [
            "class C:\n    n = 0\n    def up(self): self.n += 1",
            "a = C()",
            "b = C()",
            "b.up()",
            "r = a.n",
        ],
        [1, 2, 5],
    ),
    "class patched": (
        [
            "class C:\n    def v(self): return 1",
            "c = C()",
            "def w(self): return 2",
            "C.v = w",
            "r = c.v()",
        ],
        [1, 2, 3, 4, 5],
    ),
    "in place": (["d = {}", "d['a'] = 1", "e = {}", "e['b'] = 2", "r = d"], [1, 2, 5]),
    "a fresh object ends the chain": (["d = {}", "d['a'] = 1", "d = {'b': 2}", "r = d"], [3, 4]),
    "method as a statement": (["a = [3, 1]", "a.sort()", "r = a[0]"], [1, 2, 3]),
    "value taken out": (["a = [3, 1]", "x = a.pop()", "r = len(a)"], [1, 2, 3]),
    "iterator used up": (
        ["it = iter([1, 2, 3])", "a = next(it)", "b = next(it)", "r = b"],
        [1, 2, 3, 4],
    ),
    "generator read by a loop": (
        ["g = (i for i in range(9))", "for i in g:\n    if i > 3: break", "r = next(g)"],
        [1, 2, 3],
    ),
    "reading a list does not change it": (
        ["a = [1]", "for x in a:\n    print(x)", "r = a"],
        [1, 3],
    ),
    "del": (["a = 1", "b = a", "del a", "r = b"], [1, 2, 4]),
    "a name that is gone": (["a = 1", "del a", "r = a"], [1, 2, 3]),
    "item deleted": (["d = {'a': 1, 'b': 2}", "del d['a']", "r = d"], [1, 2, 3]),
    "raised after it bound something": (["a = 1\n1 / 0\nb = 2", "r = a"], [1, 2]),
    "raised before it bound": (["a = 1", "1 / 0\na = 2", "r = a"], [1, 3]),
    "a branch not taken": (
        ["a = 1", "if a > 5:\n    b = 0", "b = 2", "if a > 5:\n    b = 3", "r = b"],
        [3, 5],
    ),
    "loop variable": (["for i in range(3):\n    j = i", "r = i + j"], [1, 2]),
    "unpacking": (["a, (b, *c) = 1, (2, 3)", "r = c"], [1, 2]),
    "syntax error": (["a = 1", "a = = 2", "return 5", "r = a"], [1, 4]),
    "with": (["import io", "with io.StringIO() as f:\n    n = f.write('x')", "r = n"], [1, 2, 3]),
    "exec of a text": (["a = 1", "exec('b = a')", "r = b"], [1, 2, 3]),
    "attribute of a module": (["import math", "math.my = 3", "r = 1"], [1, 2, 3]),
    "setting of a package": (
        ["import sys", "x = 1", "sys.setrecursionlimit(5000)", "r = 1"],
        [1, 3, 4],
    ),
    "working directory": (["import os", "os.chdir('.')", "r = 1"], [1, 2, 3]),
    "environment variable": (["import os", "os.environ['MM_T'] = '1'", "r = 1"], [1, 2, 3]),
    "search path": (["import sys", "sys.path.append('x')", "r = 1"], [1, 2, 3]),
    "warnings": (["import warnings", "warnings.filterwarnings('ignore')", "r = 1"], [1, 2, 3]),
    "star import": (["from math import *", "r = 1"], [1, 2]),
    "magics that change nothing": (["%timeit 1", "!ls", "%pip install x", "r = 1"], [4]),
    "magics that may": (
        ["%cd ..", "!touch x", "%unheard of", "%matplotlib widget", "r = 1"],
        [1, 2, 3, 4, 5],
    ),
    "our own lines": (
        ["%load_ext mm_jupyter", "%mm runs", "import mm_jupyter as mm", "r = 1"],
        [4],
    ),
    "our own module, used": (
        ["%load_ext mm_jupyter", "import mm_jupyter as mm", "mm.log(a=1)"],
        [2, 3],
    ),
    "what a result is called": (["1 + 1", "a = 5", "print(a)", "r = _ + 1"], [1, 4]),
    "result by number": (["1 + 1", "2 + 2", "r = _1 + Out[2]"], [1, 2, 3]),
    "source by number": (["a = 1", "b = 2", "r = In[1]"], [1, 3]),
    "text that names a variable": (["k = 2", "df.query('x > @k')"], [1, 2]),
}


@pytest.mark.parametrize(("cells", "expected"), SESSIONS.values(), ids=SESSIONS.keys())
def test_optimistic(cells: list[str], expected: list[int]) -> None:
    assert slice_executions(played(cells), len(cells), "optimistic") == tuple(expected)


@pytest.mark.parametrize(("cells", "expected"), SESSIONS.values(), ids=SESSIONS.keys())
def test_each_slice_is_part_of_the_next(cells: list[str], expected: list[int]) -> None:
    log = played(cells)
    optimistic, conservative, whole = (
        set(slice_executions(log, len(cells), how))
        for how in ("optimistic", "conservative", "whole")
    )
    assert optimistic <= conservative <= whole


def test_conservative_keeps_what_a_call_may_have_done() -> None:
    log = played(["a = [1]", "b = len(a)", "z = 0", "r = a"])
    assert slice_executions(log, 4, "optimistic") == (1, 4)
    assert slice_executions(log, 4, "conservative") == (1, 2, 4)


def test_conservative_follows_what_a_call_may_have_kept() -> None:
    hidden = "class Box:\n    def __init__(self, x): self.__dict__.update(x=x)"
    log = played([hidden, "a = [1]", "c = list((a,))[0]", "c.append(2)", "r = a"])
    assert slice_executions(log, 5, "conservative") == (2, 3, 4, 5)


def test_whole_is_all_that_took_effect() -> None:
    log = played(["%load_ext mm_jupyter", "a = 1", "b = = 1", "1 / 0", "c = 1", "r = 2"])
    log.append(execution(7, "while True: pass", status="interrupted"))
    log.append(execution(8, "x = []\nwhile True: pass", status="interrupted", bound=("x",)))
    log.append(execution(9, "r = 3", bound=("r",)))
    assert slice_executions(log, 9, "whole") == (2, 4, 5, 6, 8, 9)


def test_whole_keeps_our_module_where_it_is_used() -> None:
    log = played(["import mm_jupyter as mm", "a = 1", "mm.log(a=a)"])
    assert slice_executions(log, 3, "whole") == (1, 2, 3)


def file(path: str, role: Any, digest: str | None = "d") -> FileUse:
    return FileUse(path=path, role=role, digest=ContentDigest(digest) if digest else None, size=1)


def test_file_written_by_one_cell_and_read_by_another() -> None:
    log = [
        execution(1, "open('a.txt', 'w').write('1')", files=(file("a.txt", "output", "d1"),)),
        execution(2, "open('b.txt', 'w').write('1')", files=(file("b.txt", "output"),)),
        execution(3, "r = open('a.txt').read()", files=(file("a.txt", "input", "d1"),)),
    ]
    assert slice_executions(log, 3, "optimistic") == (1, 3)
    other = [*log[:2], replace(log[2], files=(file("a.txt", "input", "someone else's"),))]
    assert slice_executions(other, 3, "optimistic") == (3,)


def test_file_written_in_pieces() -> None:
    log = [
        execution(1, "open('a', 'w').write('1')", files=(file("a", "output", "d1"),)),
        execution(2, "open('a', 'a').write('2')", files=(file("a", "output", "d2"),)),
        execution(3, "r = open('a').read()", files=(file("a", "input", "d2"),)),
    ]
    assert slice_executions(log, 3, "optimistic") == (1, 2, 3)


def test_state_of_a_module_of_the_project() -> None:
    module = LocalModule(
        name="rules", path="rules.py", digest=ContentDigest("d"), source=BlobDigest("b")
    )
    log = [
        execution(1, "import rules", bound=("rules",), modules=(module,)),
        execution(2, "rules.configure(3)"),
        execution(3, "from rules import apply", bound=("apply",)),
        execution(4, "z = 1", bound=("z",)),
        execution(5, "r = apply(1)", bound=("r",)),
    ]
    assert slice_executions(log, 5, "optimistic") == (1, 2, 3, 5)


def test_module_of_the_project_written_by_a_cell() -> None:
    module = LocalModule(
        name="rules", path="rules.py", digest=ContentDigest("d"), source=BlobDigest("b")
    )
    log = [
        execution(1, "%%writefile rules.py\nx = 1", files=(file("rules.py", "output", "d"),)),
        execution(2, "import rules", bound=("rules",), modules=(module,)),
        execution(3, "r = rules.x", bound=("r",)),
    ]
    assert slice_executions(log, 3, "optimistic") == (1, 2, 3)


def test_names_that_only_the_record_knows() -> None:
    log = [
        execution(1, "%run setup.py", bound=("a",)),
        execution(2, "%%capture out\nb = 1", bound=("b", "out")),
        execution(3, "r = a + b", bound=("r",)),
    ]
    assert slice_executions(log, 3, "optimistic") == (1, 2, 3)


def test_source_of_a_newer_python_reads_anything() -> None:
    log = [
        execution(1, "a = 1", bound=("a",)),
        execution(2, "future syntax !!", bound=("b",)),
        execution(3, "r = b", bound=("r",)),
    ]
    assert slice_executions(log, 3, "optimistic") == (1, 2, 3)


def test_plots_keep_figure_and_axes_together() -> None:
    log = [
        execution(1, "import matplotlib.pyplot as plt", bound=("plt",)),
        execution(2, "fig, ax = plt.subplots()", bound=("fig", "ax")),
        execution(3, "ax.plot([1, 2])"),
        execution(4, "plt.plot([3])"),
        execution(5, "fig.savefig('x.png')"),
    ]
    assert slice_executions(log, 5, "optimistic") == (1, 2, 3, 5)


def test_training_through_an_optimizer() -> None:
    log = [
        execution(1, "import torch", bound=("torch",)),
        execution(2, "net = torch.nn.Linear(2, 1)", bound=("net",)),
        execution(3, "opt = torch.optim.Adam(net.parameters())", bound=("opt",)),
        execution(4, "opt.step()"),
        execution(5, "n = torch.zeros(3).sum()", bound=("n",)),
        execution(6, "r = net.weight.sum()", bound=("r",)),
    ]
    assert slice_executions(log, 6, "optimistic") == (1, 2, 3, 4, 6)


def test_a_column_taken_does_not_need_the_columns_added_later() -> None:
    log = [
        execution(1, "import pandas as pd", bound=("pd",)),
        execution(2, "df = pd.DataFrame({'a': [1]})", bound=("df",)),
        execution(3, "y = df['a']", bound=("y",)),
        execution(4, "df['b'] = 2"),
        execution(5, "df.head()"),
        execution(6, "r = y.sum()", bound=("r",)),
        execution(7, "q = df.sum()", bound=("q",)),
    ]
    assert slice_executions(log, 6, "optimistic") == (1, 2, 3, 6)
    assert slice_executions(log, 7, "optimistic") == (1, 2, 4, 7)


def test_random_draws_are_no_dependency() -> None:
    log = [
        execution(1, "import numpy as np", bound=("np",)),
        execution(2, "rng = np.random.default_rng()", bound=("rng",)),
        execution(3, "a = rng.normal(size=3)", bound=("a",)),
        execution(4, "b = np.random.rand(3)", bound=("b",)),
        execution(5, "r = rng.normal()", bound=("r",)),
    ]
    assert slice_executions(log, 5, "optimistic") == (1, 2, 5)


def test_shuffled_in_place() -> None:
    log = played(["import random", "a = [1, 2]", "random.shuffle(a)", "r = a"])
    assert slice_executions(log, 4, "optimistic") == (1, 2, 3, 4)


def test_what_cannot_be_asked() -> None:
    log = played(["a = 1"])
    with pytest.raises(BadOption):
        slice_executions(log, 2, "optimistic")
    with pytest.raises(BadOption):
        slice_executions(log, 1, "minimal")


NAMES = st.sampled_from("abcd")
FUNCTIONS = st.sampled_from("fg")
STATEMENTS = st.one_of(
    st.builds("{} = [{}]".format, NAMES, st.integers(0, 9)),
    st.builds("{} = {}".format, NAMES, NAMES),
    st.builds("{} = [{}, {}]".format, NAMES, NAMES, NAMES),
    st.builds("{} = {} + {}".format, NAMES, NAMES, NAMES),
    st.builds("{} = {}[:]".format, NAMES, NAMES),
    st.builds("{} = {}[0]".format, NAMES, NAMES),
    st.builds("{} += [{}]".format, NAMES, st.integers(0, 9)),
    st.builds("{}.append({})".format, NAMES, st.integers(0, 9)),
    st.builds("{}.append({})".format, NAMES, NAMES),
    st.builds("{}[0] = {}".format, NAMES, st.integers(0, 9)),
    st.builds("{} = {}.pop()".format, NAMES, NAMES),
    st.builds("del {}[:]".format, NAMES),
    st.builds("del {}".format, NAMES),
    st.builds("if len({0}) > 2:\n    {1} = {0}".format, NAMES, NAMES),
    st.builds("for x in {}[:2]:\n    {}.append(x)".format, NAMES, NAMES),
    st.builds("for x in {}[:]:\n    x += [1]".format, NAMES),
    st.builds("{} = [x for x in {}]".format, NAMES, NAMES),
    st.builds("def {}(p):\n    p.append(7)\n    return {}".format, FUNCTIONS, NAMES),
    st.builds("def {}(p):\n    return p".format, FUNCTIONS),
    st.builds("def {}(p):\n    {}.append(p)\n    return [p]".format, FUNCTIONS, NAMES),
    st.builds("def {}(p):\n    global {}\n    {} = [p]".format, FUNCTIONS, NAMES, NAMES),
    st.builds("def {}(p):\n    q = [p]\n    q[0].append(1)\n    return q".format, FUNCTIONS),
    st.builds("{} = {}({})".format, NAMES, FUNCTIONS, NAMES),
    st.builds("{}({})".format, FUNCTIONS, NAMES),
)
CELLS = st.lists(STATEMENTS, min_size=1, max_size=2).map("\n".join)
START = ["a = [1, 2]\nb = [[3], 4]", "c = [5, 6]", "d = [a, 8]"]
START += ["def f(p):\n    p.append(7)\n    return p", "def g(p):\n    return [p, c]"]
TARGETS = st.lists(NAMES, min_size=1, max_size=2, unique=True).map(
    lambda names: "r = [" + ", ".join(names) + "]"
)


@settings(max_examples=300, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=8), TARGETS)
def test_a_slice_gives_what_the_session_gave(cells: list[str], target: str) -> None:
    """The promise: optimistic or conservative makes the target's values again, or fails as it failed."""
    log = played([*START, *cells, target])
    results = [
        replayed(log, slice_executions(log, len(log), how))
        for how in ("optimistic", "conservative")
    ]
    assert replayed(log, range(1, len(log) + 1)) in results


def replayed(log: list[Execution], seqs: Iterable[int]) -> object:
    """What the last cell of the session binds, with its sharing, and how it failed."""
    space: dict[str, Any] = {"__name__": "__main__"}
    failure = None
    for seq in seqs:
        failure = run(log[seq - 1].source, space)
    values = {name: space.get(name, "gone") for name in log[-1].bound}
    return pickle.dumps(values), failure and failure.name
