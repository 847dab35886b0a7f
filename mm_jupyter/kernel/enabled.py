"""Recording without ``%load_ext``: which kernels of this user load the extension by themselves.

``mm enable`` writes a start-up file for IPython that asks ``wants``; the list of projects is
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
    from mm_jupyter.kernel.enabled import wants as _mm_wants
except ImportError:
    pass  # this environment has no mm_jupyter
else:
    if _mm_wants(get_ipython()):
        import mm_jupyter as _mm
        _mm.load_ipython_extension(get_ipython(), in_cell=False)
        del _mm
    del _mm_wants
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


def wants(shell: Any) -> bool:
    """Whether this kernel should load the extension by itself. A replay's kernel never records itself."""
    return hasattr(shell, "kernel") and "MM_REPLAY" not in os.environ and wanted(Path.cwd())
