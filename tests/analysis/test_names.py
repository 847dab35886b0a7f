"""One cell's source -> its names, as Python and IPython have them."""

from __future__ import annotations

import ast
import dis
import inspect
import subprocess
import sys
import types
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from mm_jupyter.analysis.names import body, cell_names, track_line, without_ours


def words(names: frozenset[str] | set[str]) -> str:
    return " ".join(sorted(names))


DEFINES = {
    "a = b = 1": "a b",
    "a, (b, *c) = x": "a b c",
    "a: int = 1\nb: int": "a",
    "a += 1": "a",
    "x.a = 1; x[0] = 2": "",
    "import a.b, c as d": "a d",
    "from m import a, b as c": "a c",
    "def f(p=(w := 1)): x = 1": "f w",
    "async def f(): pass": "f",
    "class C(B):\n    a = 1": "C",
    "for i, j in x: k = 1\nelse: n = 1": "i j k n",
    "while (w := f()): pass": "w",
    "with a as b, c as (d, e): pass": "b d e",
    "try: pass\nexcept E as e: pass": "e",
    "match x:\n case [a, *b]: pass\n case {'k': c, **d}: pass\n case K(y=1) as e: pass": "a b c d e",
    "[i for i in x if (w := i)]": "w",
    "f = lambda a: (b := a)": "f",
    "def f():\n    global g\n    g = 1": "f",
    "def f():\n    global g\n    g = 1\nf()": "f g",
    "globals()['a'] = 1": "a",
    "await x\nasync with y as z: pass": "z",
    "x = !ls\ny = %time f()\n%time z = 1": "x y z",
    "%%time\na = 1": "a",
    "%%capture out\na = 1": "a out",
    "%%bash\na=1": "",
}


@pytest.mark.parametrize(("source", "expected"), DEFINES.items())
def test_defines(source: str, expected: str) -> None:
    assert words(cell_names(source).defines) == expected


USES = {
    "a = b": "b",
    "a = 1; b = a": "",
    "a += 1": "a",
    "if c: a = 1\nb = a": "a c",
    "if c: a = 1\nelse: a = 2\nb = a": "c",
    "for i in x: a = i\nb = a": "a x",
    "try: a = 1\nexcept E: pass\nb = a": "E a",
    "b and (a := 1); c = a": "a b",
    "del a": "a",
    "a = 1; del a; b = a": "a",
    "[i + y for i in x]": "x y",
    "[j for i in x for j in i]": "x",
    "x = {k: v for k, v in d.items()}": "d",
    "def f(p=d) -> r:\n    return k": "d r",
    "def f():\n    return k\nf()": "k",
    "def g(): return k\ndef f(): return g()\nf()": "k",
    "k = 1\ndef f(): return k\nf()": "",
    "f = lambda: k": "",
    "x = sorted(y, key=lambda v: v + k)": "k sorted y",
    "class C(B):\n    a = z\n    b = a\n    def m(self): return k": "B z",
    "class C:\n    x = x": "x",
    "class C:\n    n = 1\n    l = [n for _ in range(n)]": "n range",
    "import a\na.b": "",
    "f'{a:{b}}'": "a b",
    "x[i:j] = y": "i j x y",
    "match s:\n case K.v if g: pass": "K g s",
    "globals()['a']": "a",
    "eval('a + b')": "a b eval",
    "exec('c = a')": "a exec",
    "!ls": "",
    "df?": "",
    "%timeit f(x)": "",
    "%%time\na": "a",
}


@pytest.mark.parametrize(("source", "expected"), USES.items())
def test_uses(source: str, expected: str) -> None:
    assert words(cell_names(source).uses) == expected


LATE = {
    "def f(a):\n    b = 1\n    return a + b + k": {"f": "k"},
    "def f():\n    def g(): return k\n    return g": {"f": "k"},
    "def f():\n    k = 1\n    def g(): return k\n    return g": {"f": ""},
    "def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n    return g": {
        "f": ""
    },
    "f = lambda a: a + k": {"f": "k"},
    "class C:\n    k = 1\n    def m(self): return k + j": {"C": "j k"},
    "class C:\n    def m(self): return __x\n    def n(self): return super()": {"C": "_C__x super"},
    "def f():\n    return [x for x in y if x in z]": {"f": "y z"},
    "def f():\n    global g\n    g += 1": {"f": "g"},
    "if a:\n    def f(): return b\nelse:\n    def f(): return c": {"f": "b c"},
}


@pytest.mark.parametrize(("source", "expected"), LATE.items())
def test_late_uses(source: str, expected: dict[str, str]) -> None:
    assert {name: words(uses) for name, uses in cell_names(source).late_uses.items()} == expected


CHANGES = {
    "a[0] = 1": "a",
    "a.b.c = 1": "a",
    "a += 1": "a",
    "a.b += 1": "a",
    "del a[0], b.c": "a b",
    "a, b[0] = x": "b",
    "for d['i'] in x: pass": "d",
    "a.append(1)": "",
    "def f(): a[0] = 1": "",
    "a[b[0]] = 1": "a",
}


@pytest.mark.parametrize(("source", "expected"), CHANGES.items())
def test_changes(source: str, expected: str) -> None:
    assert words(cell_names(source).changes) == expected


MAY_CHANGE = {
    "a.append(b)": "a b",
    "f(a, k=b, *c, **d)": "a b c d",
    "f(a.b[0])": "a",
    "f([a, (b,)])": "a b",
    "a.b().c()": "a",
    "x = a + b": "",
    "f(a + 1)": "",
    "f(1)": "",
}


@pytest.mark.parametrize(("source", "expected"), MAY_CHANGE.items())
def test_may_change(source: str, expected: str) -> None:
    assert words(cell_names(source).may_change) == expected


BARRIERS = {
    "import os\nos.chdir('x')": "cwd",
    "%cd x": "cwd",
    "import os\nos.environ['A'] = '1'": "environ",
    "from os import environ as e\ne.update(A='1')": "environ",
    "%env A=1": "environ",
    "%env": "",
    "import sys\nsys.path.insert(0, 'x')": "sys.path",
    "import pandas as pd\npd.options.display.width = 9": "options",
    "pd.set_option('a', 1)": "options",
    "np.set_printoptions(precision=3)": "options",
    "plt.rcParams['a'] = 1": "options",
    "plt.style.use('ggplot')": "options",
    "with pd.option_context('a', 1): pass": "",
    "%matplotlib widget": "settings",
    "import warnings\nwarnings.filterwarnings('ignore')": "warnings",
    "import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter('ignore')": "",
    "import torch\ntorch.use_deterministic_algorithms(True)": "settings",
    "import mylib\nmylib.configure(1)": "setup",
    "import mylib\nmylib.x = 1": "module",
    "exec(text)": "exec",
    "from m import *": "star import",
    "%run x.py": "run",
    "!touch x": "shell",
    "!ls -l | head": "",
    "!ls; rm x": "shell",
    "!pip install x": "",
    "%pip install x": "",
    "import os\nos.system('x')": "shell",
    "%%bash\nls": "shell",
    "%%html\n<b>": "",
    "%%sql\nselect 1": "magic",
    "%unheard x": "magic",
    "%load_ext autoreload": "magic",
    "%load_ext mm_jupyter": "",
    "%mm runs": "",
    "globals()['a'] = 1": "globals",
    "import numpy as np\nnp.random.seed(0)": "",
    "import random\nrandom.seed(0)": "",
    "def f(): os.chdir('x')": "",
    "def f(): os.chdir('x')\nf()": "cwd",
    "x = np.append(a, b)": "",
    "os.environ.get('A')": "",
}


@pytest.mark.parametrize(("source", "expected"), BARRIERS.items())
def test_barriers(source: str, expected: str) -> None:
    assert words(cell_names(source).barriers) == expected


def test_literals() -> None:
    source = (
        "a = 1\nb = -2.5\nc: str = 'x'\nd = e = None\nf = True\ng = [1]\nh = 1 + 1\ni, j = 1, 2\nk = 1\nk = len('')\n"
        "if a: m = 1\nn = 3\nn += 1\nx.y = 1\no = +4\np = 1j\nq = b''\nr = -True\ndef s(): t = 1"
    )
    assert cell_names(source).literals == {
        "a": 1, "b": -2.5, "c": "x", "d": None, "e": None, "f": True, "o": 4,
    }  # fmt: skip


def test_deletes() -> None:
    assert words(cell_names("del a, (b, c)\ndel d[0]").deletes) == "a b c"


@pytest.mark.parametrize("source", ["a = = 1", "def", "\0", "%%time\na = = 1", "'''"])
def test_no_python(source: str) -> None:
    names = cell_names(source)
    assert not names.syntax_ok
    assert not names.defines


def test_source_too_deep_to_read_may_do_anything() -> None:
    names = cell_names("x = " + "-" * 50_000 + "1")
    assert names.opaque or not names.syntax_ok


def test_no_warning_about_the_users_literals() -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert cell_names("pattern = '\\d'").literals == {"pattern": "\\d"}
        assert cell_names("x = 1or 2").syntax_ok
    assert seen == []


TRACK = {
    "%%track churn -t a=b\nx = 1": ("churn -t a=b", "x = 1"),
    "%%track\nx = 1": ("", "x = 1"),
    "%%track": ("", ""),
    "\n\n  %%track churn  \nx = 1\n": ("churn", "x = 1\n"),
    "%%track churn\r\nx = 1": ("churn", "x = 1"),
    "%%tracker churn\nx = 1": (None, "%%tracker churn\nx = 1"),
    "# note\n%%track churn\nx": (None, "# note\n%%track churn\nx"),
    "x = '''\n%%track churn'''": (None, "x = '''\n%%track churn'''"),
    "%track churn": (None, "%track churn"),
}


@pytest.mark.parametrize(("source", "expected"), TRACK.items())
def test_the_track_line(source: str, expected: tuple[str | None, str]) -> None:
    assert track_line(source) == expected
    assert body(source) == expected[1]


def test_track_over_another_magic() -> None:
    assert words(cell_names("%%track churn\n%%time\na = b").defines) == "a"
    assert words(cell_names("%%track churn\n\n%%capture c\na = b").defines) == "a c"
    assert words(cell_names("%%track churn\n%%bash\na=b").barriers) == "shell"


def test_our_own_lines_and_no_others_are_taken_out() -> None:
    source = "%load_ext mm_jupyter\nx = '''\n%mm runs\n'''\nif x:\n    %mm show churn/1\n%mmx\n%load_ext mm_jupyter_2"
    assert without_ours(source) == (
        "x = '''\n%mm runs\n'''\nif x:\n    pass\n%mmx\n%load_ext mm_jupyter_2"
    )
    assert cell_names("import mm_jupyter as mm\n%load_ext mm_jupyter").ours
    assert not cell_names("import mm_jupyter as mm\nx = 1").ours


MAGIC_CELLS = [
    "x = (1\n  % 3)\n%time y = x\n",
    "a = '''\n!ls\n'''\n%who\nb = 2\n",
    "!echo 'it\nx = 1\n",
    "!ls \\\n  -l\nx = 1\n",
    "if True:\n    !ls\n    x = 1\n",
    "x = !ls 'a\ny = 2\n",
    "d['k'] = %pwd\n",
    "x = [1, # it's\n 2]\n%who\n",
    "import os?\nos?\nx = 1\n",
    "  a = 1\n  %time b = 2\n",
    "print('%d' % 3)\n%who\n",
    "x = 5 # what?\n%who\n",
    'y = f"{x}?"\n!ls\n',
]


@pytest.mark.parametrize("source", MAGIC_CELLS)
def test_ipython_reads_the_same_statements(source: str) -> None:
    """What IPython's own transformer makes of the cell binds the same names (``%time`` lines aside)."""
    lines = [line for line in source.split("\n") if "%time" not in line]
    plain = "\n".join(lines)
    python = TransformerManager().transform_cell(plain)
    try:
        expected = stored(compile(python, "cell", "exec"))
    except SyntaxError:
        assert not cell_names(plain).syntax_ok
        return
    assert cell_names(plain).defines == expected


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield from codes(part)


def stored(code: types.CodeType) -> set[str]:
    return {i.argval for i in dis.get_instructions(code) if i.opname == "STORE_NAME"} - {
        "__doc__",
        "__annotations__",
    }


LIBRARY = sorted(Path(inspect.getfile(ast)).parent.glob("*.py"))[::4]


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.stem)
def test_names_are_those_that_the_compiler_sees(path: Path) -> None:
    """On real modules: the names bound are those that the byte code stores, and no global read is missed."""
    source = path.read_text("utf-8", errors="replace")
    try:
        module = compile(source, "cell", "exec")
    except SyntaxError:
        pytest.skip("no Python")
    reads = {
        i.argval
        for code in codes(module)
        for i in dis.get_instructions(code)
        if i.opname == "LOAD_GLOBAL" or (i.opname == "LOAD_NAME" and code is module)
    }
    names = cell_names(source)
    late = frozenset().union(*names.late_uses.values())
    bound_later = frozenset().union(*(effects.defines for effects in names.late.values()))
    written = stored(module) | {
        i.argval
        for code in codes(module)
        for i in dis.get_instructions(code)
        if i.opname == "STORE_GLOBAL"
    }
    assert (names.defines | bound_later) - {"__doc__", "__annotations__"} == written
    assert reads - names.uses - late - names.defines - {"__annotations__"} == set()
    every = {i.argval for c in codes(module) for i in dis.get_instructions(c) if "LOAD" in i.opname}
    in_texts = {n.value for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant)}
    assert (names.uses | late) - every - names.deletes - {"__debug__"} - in_texts == set()


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "%",
                "%%",
                "!",
                "?",
                "x",
                " = ",
                "\n",
                " ",
                "(",
                ")",
                "'",
                '"""',
                "\\",
                "#",
                "time",
                "track",
                "1",
                ":",
                "\t",
                "é",
            ]
        ),
        max_size=40,
    ).map("".join)
)
def test_any_text_is_read(source: str) -> None:
    names = cell_names(source)
    assert names.syntax_ok or not names.defines
    track_line(source)
    without_ours(source)


def test_it_needs_the_standard_library_only() -> None:
    code = (
        "import sys, mm_jupyter.analysis.names as n; n.cell_names('%time x = 1');"
        "print(sorted({m.partition('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip() == "['__main__', 'mm_jupyter']"
