"""The workspace is found upward, made private, and trusted only by its owner or by word."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from mm_jupyter import workspace
from mm_jupyter.errors import NoGivenStore, NoWorkspace, StoreDamaged, StoreError, StoreUntrusted
from mm_jupyter.workspace import Workspace


@pytest.fixture(autouse=True)
def _own_config(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    monkeypatch.delenv("MM_STORE", raising=False)


def made(start: Path) -> Path:
    """The root of the workspace that ``start`` gets."""
    space = workspace.open_or_create(start)
    space.store.close()
    return space.root


def found(start: Path) -> Path | None:
    space = workspace.find(start)
    if space is None:
        return None
    space.store.close()
    return space.root


def test_it_is_made_where_the_work_is_and_found_from_below(tmp_path: Path) -> None:
    deep = tmp_path / "work" / "a" / "b"
    deep.mkdir(parents=True)
    assert found(deep) is None
    assert made(tmp_path / "work") == tmp_path / "work"
    assert found(deep) == made(deep) == tmp_path / "work"
    assert found(deep / "notebook.ipynb") == tmp_path / "work"
    assert found(tmp_path) is None


def test_the_nearest_one_is_found(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    made(inner)
    made(tmp_path)
    assert found(inner) == inner


@pytest.mark.parametrize("is_file", [False, True])
def test_it_is_made_at_the_git_root(tmp_path: Path, is_file: bool) -> None:
    """``.git`` is a file in a worktree."""
    deep = tmp_path / "repo" / "notebooks"
    deep.mkdir(parents=True)
    git = tmp_path / "repo" / ".git"
    git.write_text("gitdir: elsewhere") if is_file else git.mkdir()
    assert made(deep) == tmp_path / "repo"


def test_a_folder_without_a_store_is_passed_by(tmp_path: Path) -> None:
    (tmp_path / "sub" / ".mm").mkdir(parents=True)
    made(tmp_path)
    assert found(tmp_path / "sub") == tmp_path


def test_what_is_in_it_is_private_and_not_for_git(tmp_path: Path) -> None:
    made(tmp_path)
    folder = tmp_path / ".mm"
    assert (folder / ".gitignore").read_text() == "*\n"
    assert "mm fsck" in (folder / "README").read_text()
    assert len((folder / "key").read_bytes()) == 32
    if os.name == "posix":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "key").stat().st_mode) == 0o600


def test_the_key_stays(tmp_path: Path) -> None:
    keys = set()

    def look() -> None:
        space = workspace.open_or_create(tmp_path)
        keys.add(space.key)
        space.store.close()

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    look()
    assert len(keys) == 1
    assert not list((tmp_path / ".mm").glob("*.partial"))
    (tmp_path / ".mm" / "key").write_bytes(b"short")
    with pytest.raises(StoreDamaged, match="5 bytes instead of 32"):
        workspace.find(tmp_path)


@pytest.mark.parametrize("given", ["elsewhere", "elsewhere/.mm", "new"])
def test_mm_store_overrides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    for name in ("elsewhere", "work"):
        (tmp_path / name).mkdir()
        made(tmp_path / name)
    monkeypatch.setenv("MM_STORE", str(tmp_path / given))
    expected = tmp_path / given.partition("/")[0]
    if given == "new":
        with pytest.raises(NoGivenStore, match="new, which MM_STORE names"):
            workspace.find(tmp_path / "work")
    else:
        assert found(tmp_path / "work") == expected
    assert made(tmp_path / "work") == expected
    space = workspace.find(tmp_path)
    assert space is not None
    assert space.location == str(expected / ".mm")
    space.store.close()


def test_mm_store_may_be_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MM_STORE", "postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(StoreError, match=r"nobody@127\.0\.0\.1"):
        workspace.find(tmp_path)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("data/x.csv", "data/x.csv"),
        ("{root}/data/../a b.csv", "a b.csv"),
        (".", "."),
        ("{root}", "."),
        ("../outside.csv", "{above}/outside.csv"),
        ("{root}-other/x", "{root}-other/x"),
    ],
)
def test_paths_are_told_from_the_root(tmp_path: Path, path: str, name: str) -> None:
    root = tmp_path / "work"
    space = workspace.open_or_create(root)
    space.store.close()
    values = {"root": root, "above": tmp_path}
    assert space.relative(path.format(**values)) == name.format(**values)


def test_a_root_behind_a_link_is_the_same_root(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    space = workspace.open_or_create(tmp_path / "link")
    space.store.close()
    assert space.relative(tmp_path / "real" / "x") == space.relative(tmp_path / "link" / "x") == "x"


def test_our_own_store_is_trusted(tmp_path: Path) -> None:
    space = workspace.open_or_create(tmp_path)
    space.check_trust()
    space.store.close()


@pytest.fixture
def foreign(tmp_path: Path) -> Workspace:
    """A store that another user owns; only a super-user can make one."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only a super-user can give a folder away")
    space = workspace.open_or_create(tmp_path)
    os.chown(tmp_path / ".mm", 65534, 65534)
    space.store.close()
    return space


def test_anothers_store_is_read_and_not_replayed_until_trusted(
    foreign: Workspace, tmp_path: Path
) -> None:
    with pytest.raises(StoreUntrusted, match=r"belongs to another user \(nobody\)"):
        foreign.check_trust()
    assert found(tmp_path) == tmp_path
    assert workspace.trust(tmp_path) == workspace.trust(tmp_path / ".mm") == tmp_path / ".mm"
    foreign.check_trust()
    path = Path(os.environ["XDG_CONFIG_HOME"]) / "mm_jupyter" / "trusted.json"
    assert json.loads(path.read_text()) == [str(tmp_path / ".mm")]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["no json", "{}", '"/"', "[1, null]"])
def test_a_list_that_is_none_trusts_nothing(foreign: Workspace, content: str) -> None:
    path = Path(os.environ["XDG_CONFIG_HOME"]) / "mm_jupyter" / "trusted.json"
    path.parent.mkdir()
    path.write_text(content)
    assert not foreign.trusted


def test_a_list_that_another_user_wrote_trusts_nothing(foreign: Workspace, tmp_path: Path) -> None:
    workspace.trust(tmp_path)
    path = Path(os.environ["XDG_CONFIG_HOME"]) / "mm_jupyter" / "trusted.json"
    os.chown(path, 65534, 65534)
    assert not foreign.trusted


def test_nothing_can_be_trusted_where_there_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(NoWorkspace):
        workspace.trust(tmp_path)


def test_the_one_that_was_asked_for_last_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        made(folder)
    known = workspace.known(first)
    assert known is not None
    assert workspace.known(first / "deep") is known
    other = workspace.known(second)
    assert other is not None
    assert other.root == second
    monkeypatch.setenv("MM_STORE", str(first))
    given = workspace.known(second)
    assert given is not None
    assert given.root == first


def test_a_store_that_was_taken_away_or_made_anew_is_not_the_known_one(tmp_path: Path) -> None:
    made(tmp_path)
    known = workspace.known(tmp_path)
    (tmp_path / ".mm").rename(tmp_path / "kept")
    made(tmp_path)
    anew = workspace.known(tmp_path)
    assert anew is not None
    assert anew is not known
    (tmp_path / ".mm").rename(tmp_path / "kept too")
    assert workspace.known(tmp_path) is None


def test_a_store_that_could_not_be_written_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path)
    with monkeypatch.context() as refusing:
        refusing.setattr(os, "access", lambda *_: False)  # root may write everywhere
        known = workspace.known(tmp_path)
        assert known is not None
        assert known.store.read_only
    again = workspace.known(tmp_path)
    assert again is not None
    assert not again.store.read_only
