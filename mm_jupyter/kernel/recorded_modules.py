"""A replay's side: the project's modules are imported from the scratch directory, however they were found before.

A project on ``PYTHONPATH``, or installed in development mode, is on ``sys.path`` by its absolute path, or has a finder
of its own: both lead to what lies there now.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any


def install(modules: Mapping[str, str], base: str) -> None:
    """From now on import ``modules`` (their files below ``base`` by name) from there, where the files are there."""
    if modules:
        sys.meta_path.insert(0, _Finder(modules, base))


class _Finder(MetaPathFinder):
    """A package also has the folder that it really lies in: its compiled parts are in no record."""

    def __init__(self, modules: Mapping[str, str], base: str) -> None:
        self._modules = modules
        self._base = base

    def find_spec(self, fullname: str, *_: Any) -> ModuleSpec | None:
        """As the import system asks."""
        file = self._modules.get(fullname)
        if file is None or not os.path.exists(file):
            return None
        folder, name = os.path.split(file)
        inside = [folder, folder[len(self._base) :]] if name.startswith("__init__.") else None
        return importlib.util.spec_from_file_location(
            fullname, file, submodule_search_locations=inside
        )
