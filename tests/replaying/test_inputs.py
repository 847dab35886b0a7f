"""The files that a recipe needs lie where they lay, as they were; what cannot be had is named."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mm_jupyter.records import (
    BlobDigest,
    ContentDigest,
    Execution,
    FileUse,
    Listing,
    LocalModule,
    SessionId,
)
from mm_jupyter.replaying.inputs import Laid, gather
from mm_jupyter.replaying.scratch import lay_out

BLOBS: dict[str, bytes] = {}


def _content(data: bytes) -> ContentDigest:
    return ContentDigest("blake2b:" + hashlib.blake2b(data, digest_size=16).hexdigest())


def _blob(data: bytes) -> BlobDigest:
    name = BlobDigest(f"blob:{data!r}")
    BLOBS[name] = data
    return name


def _read(path: str, data: bytes, *, kept: bool = True) -> FileUse:
    content = _blob(data) if kept else None
    return FileUse(path=path, role="input", digest=_content(data), size=len(data), content=content)


def _wrote(path: str, data: bytes = b"") -> FileUse:
    return FileUse(path=path, role="output", digest=_content(data), size=len(data))


def _module(name: str, path: str, text: bytes) -> LocalModule:
    return LocalModule(name=name, path=path, digest=_content(text), source=_blob(text))


def _step(*files: FileUse, modules: tuple[LocalModule, ...] = ()) -> Execution:
    return Execution(
        session=SessionId("s"), seq=1, cell_id=None, count=1, source="", started=0.0, seconds=0.0,
        status="ok", files=files, modules=modules,
    )  # fmt: skip


def _gather(root: Path, *steps: Execution, restore: bool = True) -> Laid:
    return gather(steps, root, BLOBS.__getitem__, restores=lambda _: restore)


def _names(notes: Any) -> list[tuple[str, str]]:
    return [(note.kind, note.name) for note in notes]


def test_a_file_that_is_as_it_was_needs_no_help(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"1")
    laid = _gather(tmp_path, _step(_read("a.csv", b"1"), _read("a.csv", b"1")))
    assert laid == Laid((("a.csv", b"1"),), (), ())


@pytest.mark.parametrize("now", [b"2", None])
def test_a_file_that_changed_or_is_gone_is_restored_from_the_record(
    tmp_path: Path, now: bytes | None
) -> None:
    if now is not None:
        (tmp_path / "a.csv").write_bytes(now)
    laid = _gather(tmp_path, _step(_read("a.csv", b"1")))
    assert laid.files == (("a.csv", b"1"),)
    assert _names(laid.restored) == [("input", "a.csv")]
    assert laid.missing == ()
    as_it_is = _gather(tmp_path, _step(_read("a.csv", b"1")), restore=False)
    assert as_it_is == Laid((("a.csv", now),) if now is not None else (), (), ())


@pytest.mark.parametrize(("now", "why"), [(b"2", "it has changed since"), (None, "it is gone")])
@pytest.mark.parametrize("outside", [False, True])
def test_what_was_not_kept_and_is_no_longer_there_is_missing(
    tmp_path: Path, now: bytes | None, why: str, outside: bool
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    path = tmp_path / "big.bin" if outside else root / "big.bin"
    name = str(path) if outside else "big.bin"
    step = _step(_read(name, b"1", kept=False))
    path.write_bytes(b"1")
    assert _gather(root, step).missing == ()
    path.unlink()
    if now is not None:
        path.write_bytes(now)
    laid = _gather(root, step)
    assert _names(laid.missing) == [("input", name)]
    assert laid.missing[0].why.startswith(why)
    # Without help the disk is taken as it is, and the replay shows what comes of it.
    assert _gather(root, step, restore=False).missing == ()


def test_a_file_outside_is_read_in_place(tmp_path: Path) -> None:
    outside = tmp_path / "x.csv"
    outside.write_bytes(b"1")
    root = tmp_path / "root"
    root.mkdir()
    assert _gather(root, _step(_read(str(outside), b"1"))) == Laid((), (), ())


def test_what_an_earlier_step_writes_is_no_input(tmp_path: Path) -> None:
    writes, reads = _step(_wrote("m.csv", b"1")), _step(_read("m.csv", b"1"))
    assert _gather(tmp_path, writes, reads) == Laid((), (), ())
    assert _gather(tmp_path, reads).files == (("m.csv", b"1"),)
    # Read first, then written over: it is needed as it was before.
    assert _gather(tmp_path, reads, _step(_wrote("m.csv", b"2"))).files == (("m.csv", b"1"),)
    both = _step(_read("m.csv", b"1"), _wrote("m.csv", b"2"))
    assert _gather(tmp_path, both, _step(_read("m.csv", b"2"))).files == (("m.csv", b"1"),)


def test_a_file_that_was_gone_before_it_could_be_read_is_missing(tmp_path: Path) -> None:
    use = FileUse(path="tmp.txt", role="input", digest=None, size=0)
    assert _names(_gather(tmp_path, _step(use)).missing) == [("input", "tmp.txt")]


@pytest.mark.parametrize("now", [b"new = 1\n", None, b"old = 1\n"])
def test_modules_come_with_their_recorded_text(tmp_path: Path, now: bytes | None) -> None:
    if now is not None:
        (tmp_path / "features.py").write_bytes(now)
    step = _step(modules=(_module("features", "features.py", b"old = 1\n"),))
    laid = _gather(tmp_path, step)
    assert laid.files == (("features.py", b"old = 1\n"),)
    assert _names(laid.restored) == ([] if now == b"old = 1\n" else [("module", "features")])
    as_it_is = _gather(tmp_path, step, restore=False)
    assert as_it_is.files == (("features.py", now or b"old = 1\n"),)
    assert as_it_is.restored == ()


def test_a_package_gets_its_empty_init_and_a_module_elsewhere_its_whole_path(
    tmp_path: Path,
) -> None:
    (tmp_path / "lib" / "sub").mkdir(parents=True)
    (tmp_path / "lib" / "__init__.py").write_bytes(b"")
    step = _step(
        modules=(
            _module("lib.sub.a", "lib/sub/a.py", b"1"),
            _module("other", "/elsewhere/other.py", b"2"),
        )
    )
    laid = _gather(tmp_path, step)
    assert dict(laid.files) == {
        "lib/sub/a.py": b"1",
        "lib/__init__.py": b"",
        "/elsewhere/other.py": b"2",
    }
    assert laid.modules == {"lib.sub.a": "lib/sub/a.py", "other": "/elsewhere/other.py"}


def _numbered(seq: int, *files: FileUse, **facts: Any) -> Execution:
    return replace(_step(*files), seq=seq, **facts)


def test_a_file_that_somebody_else_changed_in_between_is_laid_out_before_its_reader(
    tmp_path: Path,
) -> None:
    first = _numbered(1, _read("a.csv", b"1"))
    again = _numbered(2, _read("a.csv", b"1"))
    other = _numbered(3, _read("a.csv", b"2"))
    laid = _gather(tmp_path, first, again, other)
    assert laid.files == (("a.csv", b"1"),)
    assert laid.before == {3: (("a.csv", b"2"),)}
    assert _names(laid.restored) == [("input", "a.csv")]


def test_what_a_step_wrote_is_laid_over_only_where_it_was_changed_afterwards(
    tmp_path: Path,
) -> None:
    wrote = _numbered(1, _wrote("a.csv", b"1"))
    assert _gather(tmp_path, wrote, _numbered(2, _read("a.csv", b"1"))).before == {}
    laid = _gather(tmp_path, wrote, _numbered(2, _read("a.csv", b"2")))
    assert laid.before == {2: (("a.csv", b"2"),)}
    assert laid.files == ()
    assert _gather(tmp_path, wrote, _numbered(2, _read("a.csv", b"2")), restore=False).before == {}


def test_a_module_that_was_edited_and_loaded_again_has_both_sources(tmp_path: Path) -> None:
    old, new = _module("m", "m.py", b"a = 1"), _module("m", "m.py", b"a = 2")
    (tmp_path / "m.py").write_bytes(b"a = 3")
    laid = _gather(tmp_path, _numbered(1, modules=(old,)), _numbered(4, modules=(new,)))
    assert laid.files == (("m.py", b"a = 1"),)
    assert laid.before == {4: (("m.py", b"a = 2"),)}


def test_folders_that_were_there_are_there_unless_a_step_makes_them(tmp_path: Path) -> None:
    step = _numbered(1, _wrote("out/deep/a.csv"), cwd="work", source="save()")
    assert _gather(tmp_path, step).folders == ("out/deep", "work")
    makes = replace(step, source="os.makedirs('out/deep')\nsave()")
    assert _gather(tmp_path, makes).folders == ()
    outside = _numbered(1, cwd="/elsewhere")
    assert _gather(tmp_path, outside).folders == ()


def test_a_listing_is_as_it_was_and_what_stood_in_is_said(tmp_path: Path) -> None:
    listing = Listing(path="data", names=("a.csv", "b.csv", "sub/"))
    laid = _gather(tmp_path, _numbered(1, _read("data/a.csv", b"1"), listings=(listing,)))
    assert dict(laid.files) == {"data/a.csv": b"1", "data/b.csv": b""}
    assert laid.folders == ("data", "data/sub")
    assert [(note.name, note.why[:6]) for note in laid.unseen] == [("data/", "1 file")]


def test_a_listed_file_that_a_step_wrote_before_is_no_stand_in(tmp_path: Path) -> None:
    listing = Listing(path="data", names=("a.csv",))
    laid = _gather(tmp_path, _numbered(1, _wrote("data/a.csv")), _numbered(2, listings=(listing,)))
    assert laid.files == ()
    assert laid.unseen == ()


def test_the_time_of_a_files_last_change_is_kept(tmp_path: Path) -> None:
    use = replace(_read("a.csv", b"1"), modified=1234.5)
    assert _gather(tmp_path, _step(use)).times == {"a.csv": 1234.5}
    with lay_out("/w", [("a.csv", b"1")], times={"a.csv": 1234.5}, folders=["x/y"]) as scratch:
        assert (scratch.root / "a.csv").stat().st_mtime == 1234.5
        assert (scratch.root / "x" / "y").is_dir()
