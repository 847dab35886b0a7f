"""The state of a repository is told without changing, asking or running anything in it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from mm_jupyter.analysis.secrets import Redactor
from mm_jupyter.kernel import git
from mm_jupyter.kernel.git import git_state

REDACTOR = Redactor(b"0123456789abcdef")


def _git(folder: Path, *command: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *command], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    _git(tmp_path, "init", "-q", "-b", "trunk")
    (tmp_path / "a.py").write_text("x = 1\n")
    _git(tmp_path, "add", ".")
    return tmp_path


@pytest.fixture
def committed(repository: Path) -> Path:
    _git(repository, "commit", "-qm", "one")
    return repository


def test_a_clean_repository_has_no_difference(committed: Path) -> None:
    state = git_state(committed, REDACTOR.text)

    assert state is not None
    assert state.commit == _git(committed, "rev-parse", "HEAD")
    assert (state.branch, state.dirty, state.diff) == ("trunk", False, None)


def test_a_change_is_told_from_a_folder_inside(committed: Path) -> None:
    (committed / "a.py").write_text("x = 2\npassword = 'hunter2'\n")
    (committed / "untracked.py").write_text("y = 1\n")
    (committed / "sub").mkdir()

    state = git_state(committed / "sub", REDACTOR.text)

    assert state is not None
    assert state.dirty
    assert state.diff is not None
    assert "+x = 2" in state.diff
    assert "hunter2" not in state.diff
    assert REDACTOR.mark_of("hunter2", "password") in state.diff
    assert "untracked" not in state.diff


def test_a_repository_without_a_commit(repository: Path) -> None:
    state = git_state(repository, REDACTOR.text)

    assert state is not None
    assert (state.commit, state.branch, state.dirty) == ("", "trunk", True)
    assert state.diff is not None
    assert "+x = 1" in state.diff


def test_a_detached_head_has_no_branch(committed: Path) -> None:
    _git(committed, "checkout", "-q", "--detach")

    state = git_state(committed, REDACTOR.text)

    assert state is not None
    assert state.branch is None


def test_a_long_difference_is_cut_and_says_so(committed: Path) -> None:
    (committed / "a.py").write_text("x = 1\n" * 400_000)

    state = git_state(committed, REDACTOR.text)

    assert state is not None
    assert state.diff is not None
    assert state.diff.endswith("[cut here: the difference is longer]\n")
    assert len(state.diff) < git.MOST_DIFF + 100


def test_no_repository_and_no_git_are_no_state(
    tmp_path: Path, committed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    assert git_state(outside, REDACTOR.text) is None
    assert git_state(outside / "nowhere", REDACTOR.text) is None
    monkeypatch.setenv("PATH", str(outside))
    assert git_state(committed, REDACTOR.text) is None


def test_nothing_of_the_repositorys_own_is_run(committed: Path) -> None:
    witness = committed / "witness"
    script = committed / "run.sh"
    script.write_text(f"#!/bin/sh\ntouch {witness}\n")
    script.chmod(0o755)
    _git(committed, "config", "core.fsmonitor", str(script))
    _git(committed, "config", "diff.external", str(script))
    _git(committed, "config", "diff.odd.textconv", str(script))
    (committed / ".git" / "info" / "attributes").write_text("*.py diff=odd\n")
    (committed / "a.py").write_text("x = 2\n")
    index = (committed / ".git" / "index").read_bytes()

    state = git_state(committed, REDACTOR.text)

    assert state is not None
    assert state.diff is not None
    assert "+x = 2" in state.diff
    assert not witness.exists()
    assert (committed / ".git" / "index").read_bytes() == index


def test_variables_that_point_elsewhere_do_not_count(
    committed: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", os.fspath(tmp_path_factory.mktemp("other")))

    assert git_state(committed, REDACTOR.text) is not None
