"""The public names are there, and cost nothing until they are used."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import pytest

import mm_jupyter


@pytest.mark.parametrize("name", mm_jupyter.__all__)
def test_every_public_name_is_what_it_says(name: str) -> None:
    found = getattr(mm_jupyter, name)
    module, attribute = mm_jupyter._HOMES[name]
    assert callable(found)
    assert found.__doc__ == getattr(importlib.import_module(module), attribute).__doc__


def test_no_public_name_is_that_of_a_module_which_would_be_bound_over_it() -> None:
    modules = {module.name for module in pkgutil.iter_modules(mm_jupyter.__path__)}
    assert not modules & set(mm_jupyter.__all__)


def test_the_names_are_listed_once_and_in_order() -> None:
    assert list(mm_jupyter.__all__) == sorted(set(mm_jupyter.__all__))
    assert set(mm_jupyter.__all__) == set(mm_jupyter._HOMES)
    assert set(mm_jupyter.__all__) <= set(dir(mm_jupyter))


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'mm_jupyter' has no attribute 'nonsense'"):
        _ = mm_jupyter.nonsense  # type: ignore[attr-defined]


def _loaded(source: str) -> set[str]:
    code = f"import sys\nbefore = set(sys.modules)\n{source}\nprint(*(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_importing_the_package_loads_the_package_only() -> None:
    assert _loaded("import mm_jupyter") & {
        "sqlalchemy", "click", "papermill", "rich", "numpy", "pandas", "nbformat", "IPython",
    } == set()  # fmt: skip


def test_a_kernel_loads_no_papermill_and_none_of_the_users_libraries() -> None:
    assert _loaded("import mm_jupyter.magics") & {
        "papermill", "click", "numpy", "pandas", "sklearn", "torch", "matplotlib", "nbclient",
    } == set()  # fmt: skip
