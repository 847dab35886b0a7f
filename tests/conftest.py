"""What every test stands on: no setting, kernel or history of the person who runs them is read or touched."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import mm_jupyter


def pytest_sessionstart() -> None:
    """Let the processes that tests start be interrupted: behind an ``&`` a shell has all that it starts ignore Ctrl-C.

    And import all of ours now. pytest reads the sources of packages that bring a plugin anew, with ``ast``, and CPython
    3.11 cannot do that while a finalizer does the same (gh-106905): a lazy import in a test would fail at times."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for module in pkgutil.walk_packages(mm_jupyter.__path__, "mm_jupyter."):
        if ".versions." not in module.name and not module.name.endswith(".zygote"):
            importlib.import_module(module.name)


@pytest.fixture(scope="session", autouse=True)
def _own_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Jupyter, IPython, matplotlib and git get folders of their own; MM_* variables are gone."""
    home = tmp_path_factory.mktemp("surroundings")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("MM_")]:
            patch.delenv(name)
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(name, str(home / name.lower()))
        patch.setenv("IPYTHONDIR", str(home / "ipython"))
        patch.setenv("MPLCONFIGDIR", str(home / "matplotlib"))
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "Test")
            patch.setenv(f"GIT_{role}_EMAIL", "test@example.org")
        yield


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder that holds pyproject.toml."""
    return Path(__file__).resolve().parents[1]


_SHELL = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
shell.run_cell("%load_ext mm_jupyter")
for cell in json.loads(sys.argv[1]):
    shell.run_cell(cell, store_history=True)
"""


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs cells as one session of a process of its own, recorded in the current folder, which is an empty one.

    Quicker than a kernel, and all the same to the store. Returns what the cells showed.
    """
    monkeypatch.delenv("MM_STORE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def run(*cells: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", _SHELL, json.dumps(cells)],
            cwd=folder, check=True, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        return done.stdout + done.stderr

    return run
