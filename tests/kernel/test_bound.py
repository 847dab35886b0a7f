"""The variables of a cell's loops."""

from __future__ import annotations

import pytest

from mm_jupyter.kernel.bound import loop_variables


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("for i in range(3): pass", {"i"}),
        ("if x:\n  for a, (b, *c) in d: pass", {"a", "b", "c"}),
        ("with f:\n  for i in j:\n    for k in i: pass", {"i", "k"}),
        ("def f():\n  for acc in x: pass\nacc = f()", set()),
        ("class A:\n  for i in x: pass", set()),
        ("[i for i in x]", set()),
        ("async for row in rows: pass", {"row"}),
        ("for", set()),
        ("x = 'for i in y'", set()),
    ],
)
def test_loop_variables_are_those_of_the_top_level(source: str, names: set[str]) -> None:
    assert loop_variables(source) == names
