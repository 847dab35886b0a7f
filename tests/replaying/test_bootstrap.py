"""Our package reaches a kernel whose environment does not have it, and leaves nothing behind."""

from __future__ import annotations

import json
import site
import sys
from pathlib import Path

import nbformat

from mm_jupyter.replaying.engine import EngineJob, bootstrap_source, execute, package_path

LOOK = """
import importlib.util, json, sys
print(json.dumps([sys.path, "mm_jupyter.errors" in sys.modules, sorted(n for n in dir() if n[0] != "_")]))
"""


def _look(bootstrap: str | None) -> list[object]:
    """What a cell sees in an environment with ipykernel and without us: no .pth file is read under -S."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(LOOK)])
    packages = ":".join(path for path in site.getsitepackages() if Path(path).is_dir())
    job = EngineJob(
        python=(sys.executable, "-S"),
        cwd="/",
        env={"PYTHONPATH": packages},
        bootstrap=bootstrap,
        graceful=False,
    )
    seen: list[object] = json.loads(execute(notebook, None, job).notebook.cells[0].outputs[0].text)
    return seen


def test_it_is_imported_and_the_users_path_and_names_stay_as_they_were() -> None:
    path, loaded, names = _look(None)
    assert loaded is False
    assert _look(bootstrap_source("mm_jupyter.errors", "MmError", "x")) == [path, True, names]


def test_the_folder_holds_our_package_and_nothing_else() -> None:
    folder = package_path()
    assert [entry.name for entry in folder.iterdir()] == ["mm_jupyter"]
    assert (folder / "mm_jupyter" / "errors.py").is_file()
    assert package_path() == folder


def test_the_function_gets_its_argument_whatever_is_in_it(tmp_path: Path) -> None:
    made = tmp_path / "a 'folder' with \"quotes\" {and} braces"
    exec(bootstrap_source("os", "mkdir", str(made)))
    assert made.is_dir()
