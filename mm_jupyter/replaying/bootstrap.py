"""Our package in a kernel of any environment, without showing it the rest of ours."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent

_folders: list[tempfile.TemporaryDirectory[str]] = []

# The names live in a namespace of their own, and the path leaves sys.path again: the user's stay as they were. What is
# imported later is found through the package's own ``__path__``.
_IMPORT = """\
import importlib, sys
sys.path.insert(0, {path!r})
try:
    module = importlib.import_module({module!r})
finally:
    sys.path.remove({path!r})
"""
_SOURCE = """\
import os
os.environ.pop("MM_REPLAY", None)
{imported}getattr(module, {function!r})({argument!r})
"""


@cache
def package_path() -> Path:
    """A private folder that holds our package and nothing else: a link to it, or a copy where links are refused.

    It lives as long as this process.
    """
    folder = tempfile.TemporaryDirectory(prefix="mm-", ignore_cleanup_errors=True)
    _folders.append(folder)
    target = Path(folder.name) / _PACKAGE.name
    try:
        target.symlink_to(_PACKAGE, target_is_directory=True)
    except OSError:
        shutil.copytree(_PACKAGE, target, ignore=shutil.ignore_patterns("__pycache__"))
    return Path(folder.name)


def bootstrap_source(module: str, function: str, argument: str) -> str:
    """Source that calls ``function(argument)`` of one of our modules in a kernel, and leaves no name behind."""
    source = _SOURCE.format(imported=importing(module), function=function, argument=argument)
    return (
        f"exec(compile({source!r}, '<mm_jupyter>', 'exec'), {{'__name__': 'mm_jupyter.bootstrap'}})"
    )


def importing(module: str) -> str:
    """Source that imports one of our modules, called ``module`` there."""
    return _IMPORT.format(path=str(package_path()), module=module)
