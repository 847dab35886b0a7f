"""Which files of a process are no inputs and outputs of the work in it: they belong to the interpreter or its host."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from pathlib import Path

_SUFFIXES = (".pyc", ".pyo", ".so", ".pyd", ".dylib", ".dll")
_SYSTEM = ("/proc", "/dev", "/sys", "/etc", "/run", "/usr", "/lib", "/lib64", "/bin", "/sbin")
_OTHER_SYSTEMS = ("/System", "/Library", "/opt/homebrew", "/var/cache/fontconfig", "/nix/store")
_HOST_FOLDERS = (
    ".ipython",
    ".jupyter",
    ".local/share/jupyter",
    ".local/share/fonts",
    ".config/matplotlib",
    ".cache/matplotlib",
    ".cache/fontconfig",
    ".matplotlib",
    "Library/Jupyter",
    "Library/Fonts",
)
_HOST_VARIABLES = (
    "IPYTHONDIR",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "MPLCONFIGDIR",
    "NUMBA_CACHE_DIR",
)
_PARTS = ("/.mm/", "/site-packages/", "/__pycache__/", "/.ipynb_checkpoints/", "/.git/")


@lru_cache(maxsize=8)
def ignoring(root: str, extra: Iterable[str] = ()) -> Callable[[str], bool]:
    """Whether an absolute path is to be left out, as a function of it.

    Left out are the interpreter, its packages and the machine's own files (the environment covers them), IPython's,
    Jupyter's and matplotlib's folders, compiled code and ``.mm``. A workspace that lies inside one of these folders
    (``/usr/src/app``) is not left out with it; an environment that lies inside the workspace is.
    """
    wide = [*_SYSTEM, *_OTHER_SYSTEMS, *_interpreter()]
    folders = {os.path.normpath(path) for path in [*wide, *_host(), *extra] if path}
    inside = tuple(f"{path}/" for path in folders if f"{path}/".startswith(f"{root}/"))
    outside = tuple(f"{path}/" for path in folders if not f"{root}/".startswith(f"{path}/"))
    around = tuple(f"{path}/" for path in folders if f"{root}/".startswith(f"{path}/"))
    kernel_files = os.path.join(tempfile.gettempdir(), "ipykernel_")

    def is_ignored(path: str) -> bool:
        if path.endswith(_SUFFIXES) or path.startswith((*outside, kernel_files)):
            return True
        if any(part in path for part in _PARTS):
            return True
        if path.startswith(f"{root}/"):
            return path.startswith(inside)
        return path.startswith(around)

    return is_ignored


@cache
def _interpreter() -> list[str]:
    folders = [sys.prefix, sys.base_prefix, sys.exec_prefix, site.getusersitepackages()]
    return [
        *folders,
        *(sysconfig.get_path(name) or "" for name in ("stdlib", "purelib", "platlib")),
    ]


def _host() -> list[str]:
    home = Path.home()
    return [
        *(str(home / folder) for folder in _HOST_FOLDERS),
        *(os.environ.get(name, "") for name in _HOST_VARIABLES),
    ]
