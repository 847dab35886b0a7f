"""A session into a real store, and a shell in this process whose cells it records."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from mm_jupyter.analysis.secrets import Redactor
from mm_jupyter.kernel import warning
from mm_jupyter.kernel.session import SessionLog
from mm_jupyter.magics import split_track_line
from mm_jupyter.store import Store

KEY = b"0123456789abcdef"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Nothing was said yet in this process."""
    fresh: set[str] = set()
    monkeypatch.setattr(warning, "_said", fresh)
    return fresh


@pytest.fixture
def redactor() -> Redactor:
    return Redactor(KEY)


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    opened = Store.open(tmp_path / ".mm", create=True)
    yield opened
    opened.close()


@pytest.fixture
def log(
    local: Store, redactor: Redactor, said: set[str], tmp_path: Path, monkeypatch: Any
) -> Iterator[SessionLog]:
    """A session, not yet open, of a workspace in the current folder."""
    monkeypatch.chdir(tmp_path)
    made = SessionLog(
        local.writer(who="tester"), root=tmp_path, redactor=redactor, ignore=(tmp_path / ".mm",)
    )
    yield made
    made.close()


@pytest.fixture
def shell() -> Iterator[Any]:
    """A terminal's shell: what a cell shows goes to the standard streams."""
    made: Any = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    made.input_transformers_cleanup.append(split_track_line)
    made.register_magic_function(lambda _: None, magic_name="track")
    yield made
    made.restore_sys_module_state()
    atexit.unregister(made.atexit_operations)
