"""What a cell sets beside its names is seen where it is set, and what is put back was not set."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy
import pandas
import pytest

from mm_jupyter.kernel import audit
from mm_jupyter.kernel.surroundings import Surroundings


@pytest.fixture(autouse=True)
def _as_before(tmp_path: Path) -> Iterator[None]:
    here, environment, path = os.getcwd(), dict(os.environ), list(sys.path)
    filters, errors = list(warnings.filters), numpy.geterr()
    (tmp_path / "sub").mkdir()
    os.chdir(tmp_path)
    audit.install()
    yield
    os.chdir(here)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:] = path
    warnings.filters[:] = filters
    numpy.seterr(**errors)
    numpy.set_printoptions(precision=8)
    pandas.reset_option("display.precision")
    mpl.rcdefaults()


def _seen(cell: str) -> set[tuple[str, str]]:
    space: dict[str, Any] = {
        "os": os, "sys": sys, "np": numpy, "pd": pandas, "mpl": mpl, "warnings": warnings, "audit": audit,
    }  # fmt: skip
    surroundings = Surroundings(space)
    surroundings.begin(cell)
    audit.begin()
    exec(cell, space)
    audit.end()
    return {(one.kind, one.name) for one in surroundings.end()}


@pytest.mark.parametrize(
    ("cell", "seen"),
    [
        ("os.chdir('sub')", ("cwd", "cwd")),
        ("sys.path.insert(0, 'lib')", ("sys.path", "sys.path")),
        ("os.environ['MM_TEST_A'] = '1'", ("environ", "MM_TEST_A")),
        ("os.putenv('MM_TEST_B', '1') or os.environ.update(MM_TEST_B='2')", ("environ", "MM_TEST_B")),
        ("warnings.simplefilter('ignore')", ("warnings", "filters")),
        ("np.seterr(all='ignore')", ("options", "numpy")),
        ("np.set_printoptions(precision=2)", ("options", "numpy display")),
        ("pd.set_option('display.precision', 2)", ("options", "pandas display")),
        ("pd.options.display.precision = 2", ("options", "pandas display")),
        ("mpl.rcParams['lines.linewidth'] = 9", ("options", "matplotlib")),
        ("mpl.rc('lines', linewidth=8)", ("options", "matplotlib")),
        ("np.mm_test_attribute = 5", ("module", "numpy")),
        ("setattr(np, 'mm_test_other', 5)", ("module", "numpy")),
        ("x = 1; np.mm_test_third = 6", ("module", "numpy")),
    ],
)  # fmt: skip
def test_what_is_set_is_seen(cell: str, seen: tuple[str, str]) -> None:
    assert seen in _seen(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "x = 1",
        "os.chdir('.')",
        "os.environ['PATH'] = os.environ['PATH']",
        "with warnings.catch_warnings(): warnings.simplefilter('error')",
        "with np.errstate(all='raise'): np.ones(2) + 1",
        "with np.printoptions(precision=1): print(np.ones(2))",
        "with pd.option_context('display.precision', 1): print(pd.DataFrame())",
        "with mpl.rc_context({'lines.linewidth': 3}): pass",
        "a = np.ones(3)\na.shape = (3, 1)",
        "f = pd.DataFrame({'a': [1]})\nf.columns = ['b']",
    ],
)
def test_what_is_put_back_or_stays_was_not_set(cell: str) -> None:
    assert _seen(cell) == set()


def test_what_an_import_sets_is_the_imports_own() -> None:
    program = """
import sys
from mm_jupyter.kernel.surroundings import Surroundings
surroundings = Surroundings({})
cell = "import numpy, pandas, matplotlib.pyplot, sklearn.linear_model"
surroundings.begin(cell)
exec(cell)
print(surroundings.end())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "()"
