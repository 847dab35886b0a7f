"""What depends on the clock is excused with its reason, and nothing else ever is."""

from __future__ import annotations

import pytest

from mm_jupyter.analysis.tainting import taint

CLOCK = "it read the clock"
BREAKS = "for i in range(9):\n    n = i\n    if time.time() - s > 1:\n        break\nx = 1"
WRITES = "import time\nwith open('log.txt', 'w') as f:\n    f.write(str(time.time()))"
TIMER = "import time\nclass Timer:\n    def __init__(self):\n        self.start = time.time()"
BOTH = "t = time.time()\nprint(f'took {t:.1f} s')\nprint('acc', acc)"


@pytest.mark.parametrize(
    ("cells", "tainted", "clean"),
    [
        (["import time\nt = time.time()\nx = 3"], "t", "x"),
        (["import time as tt\nt = tt.time()\nu = round(t, 2)\nx = 3"], "t u", "x"),
        (["from time import perf_counter as pc", "s = pc()\nx = f(1)\nd = pc() - s"], "s d", "x"),
        (["from datetime import datetime", "now = datetime.now()\ntext = f'{now:%H}'\nx = 1"], "now text", "x"),
        (["import datetime\nd = datetime.date.today().isoformat()\nx = 1"], "d", "x"),
        (["import pandas as pd\nt = pd.Timestamp.now()\nx = pd.Timestamp('2020-01-01')"], "t", "x"),
        (["import numpy as np\nt = np.datetime64('now')\nx = np.datetime64('2020-01-01')"], "t", "x"),
        (["import time\nt = time.time()", "t = 3\nx = t"], "", "t x"),
        (["import time\nlog = []\nother = log2 = []\nlog.append(time.time())"], "log", "other"),
        (["import time\nd = {}\nd['at'] = time.time()\nx = {}"], "d", "x"),
        (["import time\ntotal = 0\nfor i in range(3):\n    total += time.time()\nx = i"], "total", "x i"),
        (["import time\ndef stamp():\n    return time.time()\nt = stamp()\nx = abs(1)"], "t", "x"),
        (
            ["import time\ndef fit():\n    s = time.time()\n    print(time.time() - s)\n    return 3\nx = fit()"],
            "",
            "x",
        ),
        (
            [
                "import time\nn = 0\nend = time.time() + 1\nwhile time.time() < end:\n    n += 1\nx = 1"
            ],
            "n end",
            "x",
        ),
        (
            ["import time\ns = time.time()", BREAKS],
            "n s",
            "x",
        ),
        (["import secrets, random\na = secrets.token_hex(3)\nb = len(a)\nx = random.random()"], "a b", "x"),
        (["import os\na = os.urandom(3)\nb = os.getpid()\nx = os.getcwd()"], "a b", "x"),
        (["import time, mm_jupyter as mm\nmm.log_metric('took', time.time())\nmm.log_metric('acc', 1)"], "took", "acc"),
        (
            ["import time\nt = time.time()\nrun.log_metrics({'took': t, 'acc': acc})"],
            "took t",
            "acc",
        ),
        (["import time\ndf['at'] = time.time()\ndf.to_csv('at.csv')\nother.to_csv('x.csv')"], "at.csv df", "x.csv"),
        (
            [WRITES, "open('x.txt', 'w').write('1')"],
            "log.txt f",
            "x.txt",
        ),
        (
            [TIMER, "timer = Timer()\nx = 1"],
            "timer",
            "x",
        ),
        (["from time import *\nx = clock"], "", "x"),
        (["x = = 1", "import time\nt = time.time()"], "t", "x"),
        (["%matplotlib inline\nimport time\nt = %time time.time()"], "", "x"),
    ],
)  # fmt: skip
def test_names_that_depend_on_a_call_that_asks(cells: list[str], tainted: str, clean: str) -> None:
    found = taint(cells)
    for name in tainted.split():
        assert found.excuse("value", name, None), name
        assert "." in name or found.excuse("metric", f"{name}.part", None)
    for name in clean.split():
        assert found.excuse("value", name, None) is None, name


def test_functions_of_the_projects_modules_are_followed() -> None:
    modules = {
        "clock": "import time\ndef now():\n    return time.time()\ndef one():\n    return 1\n"
    }
    found = taint(["from clock import now, one\nt = now()\nx = one()"], modules)
    assert found.excuse("value", "t", None)
    assert found.excuse("value", "x", None) is None


@pytest.mark.parametrize(
    ("cell", "mine", "theirs", "excused"),
    [
        (BOTH, "took 1.0 s\nacc 1", "took 2.0 s\nacc 1", True),
        (BOTH, "took 1.0 s\nacc 1", "took 2.0 s\nacc 2", False),
        ("print('acc', acc)", "acc 1", "acc 2", False),
        ("print(time.time())", "1", "2", True),
        ("acc\ntime.time()", "1", "2", True),
        ("t = time.time()\nacc", "1", "2", False),
        ("history.append(time.time())\nacc", "1", "2", False),
    ],
)  # fmt: skip
def test_only_the_lines_that_show_it_are_excused(
    cell: str, mine: str, theirs: str, excused: bool
) -> None:
    found = taint(["import time", cell])
    assert bool(found.excuse("output", "output 1", (mine, theirs))) is excused


def test_only_the_last_cell_shows() -> None:
    found = taint(["import time\nprint(time.time())", "print(3)"])
    assert found.excuse("output", "output 1", ("1", "2")) is None


def test_the_reason_names_the_call() -> None:
    found = taint(["import time\nt = time.perf_counter()"])
    assert found.excuse("value", "t", None) == f"{CLOCK} (time.perf_counter)"
