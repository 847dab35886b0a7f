"""``pytest --mm-verify``: a notebook is a test, and without the option it is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_verifying import edit, save


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    save(tmp_path / "good.ipynb", "x = 1", "x + 1")
    save(tmp_path / "bad.ipynb", "x = 1", "x + 1")
    edit(tmp_path / "bad.ipynb", 0, "x = 2")
    save(tmp_path / "silent.ipynb", "x = 1")
    return tmp_path


def test_notebooks_pass_fail_and_are_skipped(project: Path) -> None:
    done = run(project, "--mm-verify", "-rs")
    assert done.returncode == 1
    assert "1 failed, 1 passed, 1 skipped" in done.stdout
    assert "bad.ipynb  != diverged: 1 of 1 cell came out otherwise" in done.stdout
    assert "shows anything" in done.stdout
    assert "Traceback" not in done.stdout


def test_without_the_option_a_notebook_is_no_test(project: Path) -> None:
    done = run(project)
    assert (done.returncode, "no tests ran" in done.stdout) == (5, True)


def test_what_is_no_notebook_fails_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "bad.ipynb").write_text("{}")
    done = run(tmp_path, "--mm-verify")
    assert done.returncode == 1
    assert "it is no notebook" in done.stdout
    assert "Traceback" not in done.stdout


def test_loading_it_imports_nothing_of_ours(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import sys\ndef test(): assert 'mm_jupyter.api' not in sys.modules\n"
    )
    assert run(tmp_path, "-q").returncode == 0
