"""Let every kernel record itself, so that nobody has to write ``%load_ext``."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from mm_jupyter.errors import BadInput
from mm_jupyter.kernel import enabled

_NAME = "50-mm_jupyter.py"


def enabled_in(folder: Path) -> bool:
    """Whether kernels that start in ``folder`` record themselves."""
    return _startup().is_file() and enabled.wanted(folder)


def enable(project: Path | None = None) -> Path:
    """Load the extension in every new kernel of this user, or of those started in or below ``project``.

    Returns the IPython start-up file that does it.

    Raises:
        BadInput: a file cannot be written, or the project is no folder.
    """
    said = enabled.read()
    if project is None:
        said["user"] = True
    else:
        if not project.is_dir():
            raise BadInput(f"{project} is no folder.")
        said["projects"] = sorted({*said["projects"], str(project.resolve())})
    _write(enabled.place(), json.dumps(said, indent=1))
    _write(_startup(), enabled.STARTUP)
    return _startup()


def disable(project: Path | None = None) -> None:
    """Undo ``enable``: for this user, or for one project.

    Raises:
        BadInput: a file cannot be written.
    """
    said = enabled.read()
    if project is None:
        said["user"] = False
    else:
        said["projects"] = [one for one in said["projects"] if one != str(project.resolve())]
    _write(enabled.place(), json.dumps(said, indent=1))
    if not said["user"] and not said["projects"]:
        _startup().unlink(missing_ok=True)


def _startup() -> Path:
    home = os.environ.get("IPYTHONDIR")
    base = Path(home) if home else Path.home() / ".ipython"
    return base / "profile_default" / "startup" / _NAME


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)
