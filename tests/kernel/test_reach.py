"""The names that a cell can reach, through its functions too; the shell's own are not the user's."""

from __future__ import annotations

from typing import Any

import pytest

from mm_jupyter.kernel.reach import reachable

SPACE: dict[str, Any] = {"__name__": "__main__"}
exec(
    "a = [1]\nb = [2]\nc = [3]\n"
    "def f(): return a\n"
    "def g(): return [f() for _ in b]\n"
    "class C:\n    def go(self): return c\n"
    "one = C()\nexit = quit = get_ipython = In = Out = _ = _i3 = object()\n",
    SPACE,
)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("a", ["a"]),
        ("f()", ["f", "a"]),
        ("g()", ["g", "f", "b", "a"]),
        ("one.go()", ["one", "C", "c"]),
        ("nothing", []),
        ("sys.exit(); quit(); In[3]; Out; _; _i3; get_ipython()", []),
        ("x = a; print(a)", ["a"]),
    ],
)
def test_what_a_cell_can_reach(source: str, names: list[str]) -> None:
    assert sorted(reachable(source, SPACE)) == sorted(names)
