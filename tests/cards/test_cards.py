"""The views of the package, loaded when they are first used."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import pytest

from mm_jupyter import cards
from mm_jupyter.cards.displaying import VIEWS


def test_a_name_is_the_view_and_not_its_module_whatever_was_imported_before() -> None:
    modules = {module.name for module in pkgutil.iter_modules(cards.__path__)}
    assert modules.isdisjoint(cards.__all__)
    for name in cards.__all__:
        assert getattr(cards, name).__class__.__name__ != "module"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        cards.nothing  # noqa: B018


def test_every_type_that_a_notebook_shows_is_there_and_so_is_its_view() -> None:
    for kind, view in VIEWS.items():
        for package, path in (("records", kind), ("cards", view)):
            module, _, name = path.partition(".")
            assert callable(
                getattr(importlib.import_module(f"mm_jupyter.{package}.{module}"), name)
            )


def test_loading_the_extension_loads_no_view() -> None:
    views = ("_views", "_cards", "_pages")
    code = f"import sys, mm_jupyter.magics; print([m for m in sys.modules if m.endswith({views})])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
