"""A pack is written whole or not at all, and the same for the same content."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from mm_jupyter.errors import BadInput, BadPack
from mm_jupyter.packs import form, open_pack, write_pack
from mm_jupyter.records import BlobDigest
from tests.packs.making import DATA, blob, content, read, unchecked


def test_the_same_content_gives_the_same_bytes(packed: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.mm.zip"
    write_pack(other, content(), read, check=unchecked)
    assert other.read_bytes() == packed.read_bytes()
    with zipfile.ZipFile(packed) as archive:
        names = archive.namelist()
        assert names == sorted(names)
        assert {info.date_time[0] for info in archive.infolist()} == {1980}


def test_another_word_in_the_record_gives_another_seal(packed: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.mm.zip"
    made = content()
    run = replace(made.record.run, source="print('mean',  mean)")
    write_pack(other, replace(made, record=replace(made.record, run=run)), read, check=unchecked)
    with open_pack(packed) as one, open_pack(other) as two:
        assert one.pack.seal != two.pack.seal


def test_what_fails_on_the_way_leaves_nothing_and_spares_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.mm.zip"
    path.write_bytes(b"before")

    def lost(_: BlobDigest) -> bytes:
        raise RuntimeError("the store is gone")

    def wrong(written: Path) -> None:
        raise BadPack(written, "it is not")

    with pytest.raises(RuntimeError):
        write_pack(path, content(), lost, check=unchecked)
    with pytest.raises(BadPack):
        write_pack(path, content(), read, check=wrong)
    assert [one.name for one in tmp_path.iterdir()] == ["a.mm.zip"]
    assert path.read_bytes() == b"before"


def test_a_folder_that_is_not_there_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"cannot be written to .*: No such file"):
        write_pack(tmp_path / "none" / "a.mm.zip", content(), read, check=unchecked)


def test_bytes_that_are_not_those_of_their_address_are_found_when_it_is_read_back(
    tmp_path: Path,
) -> None:
    def other(digest: BlobDigest) -> bytes:
        return b"other" if digest == blob(DATA) else read(digest)

    def check(written: Path) -> None:
        with open_pack(written):
            pass

    with pytest.raises(BadPack, match="has other bytes"):
        write_pack(tmp_path / "a.mm.zip", content(), other, check=check)


def test_what_shrinks_too_well_is_stored_plainly_so_that_no_reader_takes_it_for_a_bomb(
    tmp_path: Path,
) -> None:
    zeros = bytes(4 * form.SMALL)
    made = content()
    (first, second) = made.record.executions
    use = replace(first.files[0], content=blob(zeros))
    record = replace(made.record, executions=(replace(first, files=(use,)), second))
    path = tmp_path / "a.mm.zip"

    def zero(digest: BlobDigest) -> bytes:
        return zeros if digest == blob(zeros) else read(digest)

    write_pack(path, replace(made, record=record), zero, check=unchecked)
    with open_pack(path) as opened:
        assert opened.read(blob(zeros)) == zeros
