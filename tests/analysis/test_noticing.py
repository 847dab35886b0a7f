"""A setting stays in a recipe where something could notice it, and only there."""

from __future__ import annotations

from typing import Any

import pytest

from mm_jupyter.analysis.slicing import slice_executions
from mm_jupyter.records import Asked, Execution, FileUse, Listing, LocalModule, Surrounding
from tests.analysis.test_slicing import execution

SET = {
    "cwd": Surrounding(kind="cwd", name="cwd"),
    "environ": Surrounding(kind="environ", name="UNIT"),
    "sys.path": Surrounding(kind="sys.path", name="sys.path"),
    "warnings": Surrounding(kind="warnings", name="filters"),
    "numpy": Surrounding(kind="options", name="numpy"),
    "display": Surrounding(kind="options", name="pandas display"),
    "matplotlib": Surrounding(kind="options", name="matplotlib"),
    "module": Surrounding(kind="module", name="lib"),
}
READS = {"files": (FileUse(path="a", role="input", digest=None, size=1),)}


def _session(
    setting: str, middle: str, target: str = "x = a + 0.5", **facts: Any
) -> list[Execution]:
    """Something is set, then a middle cell makes what the target needs."""
    return [
        execution(1, "set_it()", surroundings=(SET[setting],)),
        execution(2, middle, bound=("a",), surroundings=(), **facts),
        execution(3, target, bound=("x",), surroundings=()),
    ]


@pytest.mark.parametrize(
    ("setting", "middle", "facts"),
    [
        ("cwd", "a = load('a')", READS),
        ("cwd", "a = os.getcwd()", {}),
        ("cwd", "a = f()", {"listings": (Listing(path=".", names=()),)}),
        ("cwd", "a = f()", {"asked": (Asked(kind="process", name="ls"),)}),
        ("environ", "a = os.environ['UNIT']", {}),
        ("environ", "import lib\na = lib.x", {}),
        ("sys.path", "import other\na = other.x", {}),
        ("sys.path", "a = f()", {"modules": (LocalModule(name="m", path="m.py", digest="d", source="s"),)}),
        ("warnings", "a = warnings.warn('w')", {}),
        ("numpy", "a = 1", {}),
        ("matplotlib", "a = plt.figure()", {}),
        ("module", "a = 1", {}),
    ],
)  # fmt: skip
def test_it_stays_where_something_could_notice(
    setting: str, middle: str, facts: dict[str, Any]
) -> None:
    log = _session(setting, middle, **facts)
    assert slice_executions(log, 3, "optimistic") == (1, 2, 3)


@pytest.mark.parametrize(
    ("setting", "middle"),
    [
        ("cwd", "a = 1 + 1"),
        ("environ", "a = 1 + 1"),
        ("sys.path", "import math\na = math.pi"),
        ("matplotlib", "a = 1 + 1"),
    ],
)
def test_it_goes_where_nothing_could(setting: str, middle: str) -> None:
    assert slice_executions(_session(setting, middle), 3, "optimistic") == (2, 3)


@pytest.mark.parametrize("setting", ["display", "warnings"])
def test_what_only_shows_stays_for_the_tracked_cell(setting: str) -> None:
    assert slice_executions(_session(setting, "a = 1"), 3, "optimistic") == (1, 2, 3)


def test_a_function_that_reads_the_environment_notices_for_its_callers() -> None:
    log = [
        execution(1, "def area(): return os.environ['UNIT']", bound=("area",), surroundings=()),
        execution(2, "set_it()", surroundings=(SET["environ"],)),
        execution(3, "x = area()", bound=("x",), surroundings=()),
    ]
    assert slice_executions(log, 3, "optimistic") == (1, 2, 3)


def test_where_nobody_watched_the_source_decides_and_it_stays() -> None:
    log = [execution(1, "os.chdir('x')"), execution(2, "x = 1.5", bound=("x",))]
    assert slice_executions(log, 2, "optimistic") == (1, 2)


def test_conservative_and_whole_keep_every_setting() -> None:
    log = _session("matplotlib", "a = 1 + 1")
    assert slice_executions(log, 3, "conservative") == (1, 2, 3)
    assert slice_executions(log, 3, "whole") == (1, 2, 3)
