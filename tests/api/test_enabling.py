"""Kernels that record themselves: for the user, for a project, and never in a replay."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from mm_jupyter.api.enabling import disable, enable, enabled_in
from mm_jupyter.errors import BadInput
from tests.browser.lab import execute, notebook


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "project").mkdir()
    return tmp_path


def runs(project: Path) -> str:
    mm = Path(sys.executable).with_name("mm")
    done = subprocess.run([mm, "runs"], cwd=project, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_a_kernel_records_itself_once_enabled_and_replays_still_work(home: Path) -> None:
    project = home / "project"
    enable()
    assert enabled_in(project)
    nbformat.write(notebook("%%track own\nanswer = 42.5"), project / "a.ipynb")
    execute(project / "a.ipynb", dict(os.environ))
    assert "own/1" in runs(project)
    mm = Path(sys.executable).with_name("mm")
    done = subprocess.run(
        [mm, "replay", "own/1"], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "own/2" not in runs(project)  # the replay's kernel did not record itself


def test_only_the_kernels_of_a_project_record_where_that_was_said(home: Path) -> None:
    enable(home / "project")
    (home / "project" / "below").mkdir()
    assert enabled_in(home / "project" / "below")
    assert not enabled_in(home)
    disable(home / "project")
    assert not enabled_in(home / "project")


def test_disabling_takes_the_start_up_file_away(home: Path) -> None:
    written = enable()
    assert written.is_file()
    disable()
    assert not written.exists()


def test_what_is_no_folder_is_said(home: Path) -> None:
    with pytest.raises(BadInput, match="no folder"):
        enable(home / "absent")
