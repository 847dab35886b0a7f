"""Recording without ``%load_ext``: which kernels of this user load the extension by themselves.

``mm enable`` writes a start-up file for IPython that calls ``begin``; the list of projects is
``mm_jupyter/enabled.json`` in the user's configuration folder.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

STARTUP = """\
# Written by 'mm enable': kernels record themselves. 'mm disable' removes it.
try:
    from mm_jupyter.kernel.enabled import begin as _mm_begin
except ImportError:
    pass  # this environment has no mm_jupyter
else:
    _mm_begin(get_ipython())
    del _mm_begin
"""


def place() -> Path:
    """Where the list of enabled projects is kept."""
    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "mm_jupyter" / "enabled.json"


def read() -> dict[str, Any]:
    """``{"user": bool, "projects": [folders]}``; a file that is not ours enables nothing."""
    try:
        found = json.loads(place().read_bytes())
        return {"user": bool(found["user"]), "projects": [str(one) for one in found["projects"]]}
    except (OSError, ValueError, KeyError, TypeError):
        return {"user": False, "projects": []}


def wanted(folder: Path) -> bool:
    """Whether a kernel that starts in ``folder`` should record itself."""
    said = read()
    return said["user"] or any(folder.is_relative_to(project) for project in said["projects"])


def begin(shell: Any) -> None:
    """Load the extension where it is wanted. A replay's kernel never records itself."""
    if shell is None or os.environ.get("MM_REPLAY") or not hasattr(shell, "kernel"):
        return
    if wanted(Path.cwd()):
        import importlib

        load = importlib.import_module("mm_jupyter").load_ipython_extension
        load(shell, in_cell=False)
