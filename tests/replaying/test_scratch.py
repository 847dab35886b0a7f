"""A scratch directory mirrors the workspace, holds what was recorded, and is gone afterwards."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mm_jupyter.errors import EscapesScratch, ScratchFull
from mm_jupyter.replaying.scratch import lay_out


def _read(cwd: Path, path: str) -> bytes:
    """What a program that runs in ``cwd`` reads from a relative path."""
    return Path(os.path.join(cwd, path)).read_bytes()


@pytest.mark.parametrize(
    ("root", "cwd", "stored", "read"),
    [
        ("/home/ann/churn", ".", "data.csv", "data.csv"),
        ("/home/ann/churn", "notebooks/deep", "data/x.csv", "../../data/x.csv"),
        ("/home/ann/churn", ".", "/home/ann/shared.csv", "../shared.csv"),
        ("/home/ann/churn", "/srv/jobs", "/srv/data/x.csv", "../data/x.csv"),
        ("/home/ann/churn", "/srv/jobs", "data.csv", "../../home/ann/churn/data.csv"),
        ("/home/ann/churn", ".", "a/../b.csv", "b.csv"),
        ("churn", "notebooks", "data.csv", "../data.csv"),
        ("/", ".", "data.csv", "data.csv"),
    ],
)
def test_a_relative_path_finds_the_recorded_file(
    root: str, cwd: str, stored: str, read: str
) -> None:
    with lay_out(root, [(stored, b"recorded")], cwd=cwd) as scratch:
        assert _read(scratch.cwd, read) == b"recorded"
        assert scratch.cwd.is_relative_to(scratch.base)
        assert scratch.cwd.name == (Path(root) / cwd).name or cwd == "."


@pytest.mark.parametrize(
    ("files", "cwd"),
    [
        (["../../../../x.csv"], "."),
        (["/../x.csv"], "."),
        (["a/../../../../../x.csv"], "."),
        (["nul\0.csv"], "."),
        (["/"], "."),
        (["/.mm-replay/tmp/x"], "."),
        ([], "../../../.."),
        ([], "/.."),
    ],
)
def test_a_path_that_leads_out_is_refused_and_nothing_is_left(
    files: list[str], cwd: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(EscapesScratch, match="leads out of the scratch directory"):
        lay_out("/home/ann/churn", [(path, b"x") for path in files], cwd=cwd)
    assert list(tmp_path.iterdir()) == []


def test_it_is_removed_with_everything_in_it(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o555)
    with lay_out("/w", [("a/b", b"x")]) as scratch:
        (scratch.root / "link").symlink_to(outside)
        (scratch.root / "a").chmod(0)
    assert not scratch.base.exists()
    assert outside.stat().st_mode & 0o777 == 0o555


def test_the_kernel_keeps_its_own_things_inside() -> None:
    with lay_out("/w", []) as scratch:
        environment = scratch.environment()
        for name in ("TMPDIR", "MPLCONFIGDIR", "IPYTHONDIR", "JOBLIB_TEMP_FOLDER"):
            assert Path(environment[name]).is_relative_to(scratch.private)
        assert Path(environment["TMPDIR"]).is_dir()
        # The path of a unix socket may have 107 characters; multiprocessing adds 36 below TMPDIR.
        assert len(environment["TMPDIR"]) + 36 < 107 or len(str(scratch.base.parent)) > 40


def test_it_has_a_copy_of_the_configuration_that_decides_what_cells_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-first.py").write_text("answer = 42")
    (startup.parent / "history.sqlite").write_text("private")
    (tmp_path / "mpl").mkdir()
    (tmp_path / "mpl" / "matplotlibrc").write_text("lines.linewidth: 7")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "mpl"))
    with lay_out("/w", []) as scratch:
        environment = scratch.environment()
        profile = Path(environment["IPYTHONDIR"]) / "profile_default"
        assert (profile / "startup" / "00-first.py").read_text() == "answer = 42"
        assert not (profile / "history.sqlite").exists()
        drawn = Path(environment["MPLCONFIGDIR"]) / "matplotlibrc"
        assert drawn.read_text() == "lines.linewidth: 7"


def test_more_than_the_limit_is_not_laid_out() -> None:
    with pytest.raises(ScratchFull, match=r"1,500 bytes, 1,000 are allowed"):
        lay_out("/w", [("a", bytes(500)), ("b", bytes(1000))], limit=1000)


def test_what_a_replay_writes_counts_against_the_limit() -> None:
    with lay_out("/w", [], limit=200_000) as scratch:
        scratch.check()
        (scratch.root / "deep").mkdir()
        (scratch.root / "deep" / "big").write_bytes(os.urandom(300_000))
        with pytest.raises(ScratchFull, match="200,000 are allowed"):
            scratch.check()


def test_a_sparse_file_counts_what_it_takes() -> None:
    with lay_out("/w", [], limit=200_000) as scratch:
        with open(scratch.root / "sparse", "wb") as file:
            file.truncate(1 << 30)
        scratch.check()
