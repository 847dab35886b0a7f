"""Which names hold another object than before."""

from __future__ import annotations

from typing import Any

import pytest

from mm_jupyter.kernel.bindings import Bindings


def _after(before: str, *cells: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the last of the cells changed, as seen by looks after each."""
    namespace: dict[str, Any] = {"get_ipython": print, "In": [""], "Out": {}, "_ih": [""]}
    exec(before, {}, namespace)
    bindings = Bindings(namespace)
    seen: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    for number, cell in enumerate(cells, 1):
        namespace[f"_i{number}"] = cell
        exec(cell, {}, namespace)
        seen = bindings.changes(namespace)
    return seen


@pytest.mark.parametrize(
    ("before", "cells", "bound", "deleted"),
    [
        ("a = []", ["pass"], (), ()),
        ("a = []", ["a.append(1)"], (), ()),
        ("a = []", ["b = a"], ("b",), ()),
        ("a = []; old = a", ["a = []"], ("a",), ()),
        ("a = []; b = []", ["del a"], (), ("a",)),
        ("a = []; b = []", ["del b"], (), ("b",)),
        ("a = []; b = []", ["del a, b; c = []"], ("c",), ("a", "b")),
        ("a = []; b = []", ["del b; c = []"], ("c",), ("b",)),
        ("a = []; b = []", ["c = []; keep = b; del b; b = []"], ("b", "c", "keep"), ()),
        ("a = []; b = None", ["c = []; del b; b = None"], ("c",), ()),
        ("a = 1; b = None", ["c = []; del a, b; b = None"], ("c",), ("a",)),
        ("a = 1; b = None", ["del b", "b = None; c = 2"], ("b", "c"), ()),
        ("a = 1", ["b = 2", "c = 3", "d = 4; a = 'x'"], ("a", "d"), ()),
        ("", ["a = 1"], ("a",), ()),
        ("a = 1", ["del a"], (), ("a",)),
        ("a = 1", ["del a", "a = 1"], ("a",), ()),
    ],
)
def test_what_the_last_cell_bound_and_deleted(
    before: str, cells: list[str], bound: tuple[str, ...], deleted: tuple[str, ...]
) -> None:
    found = _after(before, *cells)
    assert tuple(map(sorted, found)) == (sorted(bound), sorted(deleted))


@pytest.mark.parametrize(
    "name", ["_", "__", "___", "_i", "_ii", "_i7", "_7", "_oh", "_dh", "In", "Out", "exit", "__x__"]
)
def test_names_of_the_shell_are_not_the_users(name: str) -> None:
    assert _after("a = 1", f"{name} = []") == ((), ())


@pytest.mark.parametrize("name", ["_private", "i7", "Input", "x_1", "größe"])
def test_names_like_them_are(name: str) -> None:
    assert _after("a = 1", f"{name} = []") == ((name,), ())


def test_a_long_session_misses_nothing() -> None:
    namespace: dict[str, Any] = {}
    bindings = Bindings(namespace)
    for number in range(1, 2000):
        namespace[f"_i{number}"] = ""
        namespace[f"_{number}"] = namespace["_"] = object()
        name = f"x{number}"
        namespace[name] = object()
        if number % 3 == 0:
            namespace.pop(f"x{number - 1}")
        if number % 5 == 0:  # bound again behind the newest
            namespace["x1"] = namespace.pop("x1")
        bound, deleted = bindings.changes(namespace)
        assert bound == (name,)
        assert deleted == ((f"x{number - 1}",) if number % 3 == 0 else ())


def test_equality_and_hash_of_the_users_objects_are_not_asked() -> None:
    class Odd:
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            raise AssertionError("asked")

    namespace: dict[str, Any] = {"a": Odd()}
    bindings = Bindings(namespace)
    namespace["b"] = Odd()
    assert bindings.changes(namespace) == (("b",), ())
