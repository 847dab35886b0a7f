"""A pack is whole or it is not: whatever was done to it, one sentence says what is wrong, and nothing of it runs."""

from __future__ import annotations

import contextlib
import json
import random
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mm_jupyter.errors import BadPack, NoSuchFile, PackTooNew
from mm_jupyter.packs import form, open_pack
from mm_jupyter.packs.form import digest_of
from mm_jupyter.records import PackedRule, RunRef
from tests.packs.making import DATA, SHOWN, blob, sealed

BLOB = f"blobs/{blob(DATA)[7:]}"


def fault(path: Path) -> str:
    """Why it is no whole pack."""
    with pytest.raises(BadPack) as raised, open_pack(path):
        pass
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_whole_pack_gives_its_record_and_its_bytes(packed: Path) -> None:
    with open_pack(packed) as opened:
        pack = opened.pack
        assert pack.manifest.run == "churn/7"
        assert pack.record.run.row.ref == RunRef("churn", 7)
        assert pack.record.run.row.metrics["mean"] == 25.0
        assert pack.record.run.row.metrics["odd"] != pack.record.run.row.metrics["odd"]
        assert pack.rules == (PackedRule(name="ids", pattern="id-[0-9]+"),)
        assert [use.path for use in pack.record.inputs()] == ["data.csv"]
        assert opened.read(blob(DATA)) == DATA
        assert opened.read(blob(SHOWN)) == SHOWN
        assert pack.size == packed.stat().st_size


def test_a_forger_who_changes_nothing_is_believed(forge: Any) -> None:
    with open_pack(forge()) as opened:
        assert opened.pack.manifest.run == "churn/7"


def test_what_is_no_file_or_no_pack_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoSuchFile, match="There is no file"), open_pack(tmp_path / "none.mm.zip"):
        pass
    assert "cannot be read" in fault(tmp_path)
    text = tmp_path / "text.mm.zip"
    text.write_bytes(b"no zip")
    assert "it is no zip file" in fault(text)
    text.write_bytes(b"")
    assert "it is no zip file" in fault(text)
    other = tmp_path / "other.mm.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("manifest.json", "{}")
    assert "not as 'mm pack' writes it" in fault(other)


def test_every_truncation_is_seen(packed: Path, tmp_path: Path) -> None:
    data = packed.read_bytes()
    cut = tmp_path / "cut.mm.zip"
    for length in (1, 4, 100, len(data) // 2, len(data) - 200, len(data) - 65, len(data) - 1):
        cut.write_bytes(data[:length])
        assert "is no whole pack" in fault(cut)


def test_every_byte_is_sealed(packed: Path, tmp_path: Path) -> None:
    data = packed.read_bytes()
    other = tmp_path / "other.mm.zip"
    places = random.Random(1).sample(range(len(data)), 600)
    for place in {*places, 0, len(data) - 1}:
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        other.write_bytes(changed)
        assert "is no whole pack" in fault(other)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(changes=st.lists(st.tuples(st.integers(0), st.integers(1, 255)), min_size=1, max_size=40))
def test_a_file_of_chance_never_gives_a_traceback(
    packed: Path, tmp_path: Path, changes: list[tuple[int, int]]
) -> None:
    """The seal is made to fit, so that everything behind it is met."""
    data = bytearray(packed.read_bytes())
    for place, bits in changes:
        data[place % (len(data) - form.END)] ^= bits
    path = sealed(tmp_path / "chance.mm.zip", bytes(data))
    with contextlib.suppress(BadPack), open_pack(path) as opened:
        assert opened.read(blob(DATA)) == DATA


def test_a_changed_member_is_named(packed: Path, tmp_path: Path) -> None:
    data = packed.read_bytes()
    place = data.index(b"mean 25")
    changed = data[:place] + b"mean 26" + data[place + 7 :]
    path = sealed(tmp_path / "changed.mm.zip", changed)
    assert f"its member blobs/{blob(SHOWN)[7:]} is damaged" in fault(path)


def _manifest(key: str, value: Any) -> Callable[[Any], Any]:
    return lambda said: said | {key: value}


def _first_digest(said: Any) -> Any:
    said["members"][0]["digest"] = digest_of(b"other")
    return said


def _first_size(said: Any) -> Any:
    said["members"][0]["size"] += 1
    return said


def _html_digest(said: Any) -> Any:
    (html,) = [one for one in said["members"] if one["name"] == "report.html"]
    html["digest"] = digest_of(b"other")
    return said


def _twice(said: Any) -> Any:
    said["members"].append(said["members"][0])
    return said


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_first_digest, "a digest that is not its name"),
        (_html_digest, "its member report.html has other bytes than when it was packed"),
        (_first_size, "does not have the size that the manifest says"),
        (_twice, "its manifest lists a member twice"),
        (_manifest("run", "churn/8"), "are not of the same run"),
        (_manifest("members", [{"name": 1}]), "its manifest.json is no record"),
        (_manifest("members", "all"), "its manifest.json is no record"),
        (_manifest("as_of", 1e300), "a time that no clock shows"),
        (_manifest("format", 0), "its format 0 is unknown"),
        (_manifest("format", True), "its manifest.json is no record"),
        (lambda _: [1], "its manifest.json is no record"),
    ],
)
def test_a_manifest_that_lies_is_refused(forge: Any, change: Any, says: str) -> None:
    assert says in fault(forge(manifest=change))


def test_a_newer_format_asks_for_an_upgrade(forge: Any) -> None:
    path = forge(manifest=lambda said: said | {"format": 2, "product": "9.0", "members": "other"})
    with (
        pytest.raises(PackTooNew, match=r"written by mm_jupyter 9\.0 in format 2: upgrade"),
        open_pack(path),
    ):
        pass


def _add(name: str, data: bytes = b"x") -> Callable[[dict[str, bytes]], None]:
    return lambda members: members.__setitem__(name, data)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("../evil.py", "a path that leads out"),
        ("blobs/../../evil.py", "a path that leads out"),
        ("/etc/passwd", "a path that leads out"),
        ("..\\evil.py", "a name that a pack may not hold"),
        ("C:evil.py", "a name that a pack may not hold"),
        ("caf\xe9", "a name that a pack may not hold"),
        ("folder/", "is no plain file"),
        ("evil.py", "which no pack has"),
        ("blobs/0", "which no pack has"),
        (f"blobs/{'0' * 64}", "a digest that is not its name"),
    ],
)
def test_a_member_that_no_pack_has_is_refused(forge: Any, name: str, says: str) -> None:
    assert says in fault(forge(_add(name)))


def test_a_member_that_is_not_listed_is_refused(forge: Any) -> None:
    extra = [(zipfile.ZipInfo("pylock.toml"), b"x")]
    assert "which its manifest does not list" in fault(forge(extra=extra))


def test_a_blob_that_nothing_needs_or_that_is_missing_is_refused(forge: Any) -> None:
    more = b"more"
    assert "which its record does not need" in fault(
        forge(_add(f"blobs/{digest_of(more)[7:]}", more))
    )
    assert "which it does not hold" in fault(forge(lambda members: members.pop(BLOB)))


@pytest.mark.parametrize("name", ["record.json", "verdicts.json", "noise.json"])
def test_a_member_that_every_pack_has_is_missed(forge: Any, name: str) -> None:
    assert f"its member {name} is missing" in fault(forge(lambda members: members.pop(name)))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(forge: Any) -> None:
    extra = [(zipfile.ZipInfo("record.json"), b"{}")]
    assert "it holds 'record.json' twice" in fault(forge(extra=extra))


def test_links_and_devices_are_refused(forge: Any) -> None:
    def link(info: zipfile.ZipInfo) -> None:
        if info.filename == "report.html":
            info.external_attr = (stat.S_IFLNK | 0o777) << 16

    def device(info: zipfile.ZipInfo) -> None:
        info.external_attr = (stat.S_IFCHR | 0o644) << 16

    assert "its member 'report.html' is a link" in fault(forge(infos=link))
    assert "is no plain file" in fault(forge(infos=device))


def _patched(path: Path, name: bytes, offset: int, value: bytes) -> Path:
    """The pack with bytes of the index entry of ``name`` changed, and sealed again."""
    data = bytearray(path.read_bytes())
    start = data.rindex(name) - 46
    assert data[start : start + 4] == b"PK\1\2"
    data[start + offset : start + offset + len(value)] = value
    return sealed(path, bytes(data))


def test_encrypted_members_are_refused(forge: Any) -> None:
    path = _patched(forge(), b"report.html", 8, struct.pack("<H", 1))
    assert "'report.html' is encrypted" in fault(path)


def test_other_compressions_are_refused(forge: Any) -> None:
    path = _patched(forge(), b"report.html", 10, struct.pack("<H", zipfile.ZIP_LZMA))
    assert "is compressed in a way that a pack may not use" in fault(path)


def test_members_that_share_bytes_are_refused(forge: Any) -> None:
    path = _patched(forge(), b"report.html", 42, struct.pack("<L", 0))
    assert "lies within another" in fault(path)


def test_a_bomb_is_refused_before_it_is_unpacked(forge: Any) -> None:
    def squeezed(info: zipfile.ZipInfo) -> None:
        info.compress_type = zipfile.ZIP_DEFLATED

    path = forge(_add("pylock.toml", bytes(64 * 1024 * 1024)), infos=squeezed)
    assert path.stat().st_size < 100_000
    assert "unpacks to far more than it has" in fault(path)


def test_more_than_was_declared_is_never_read(forge: Any) -> None:
    """The index says a thousand bytes, the data unpacks to a million."""

    def squeezed(info: zipfile.ZipInfo) -> None:
        info.compress_type = zipfile.ZIP_DEFLATED

    def small(said: Any) -> Any:
        (one,) = [one for one in said["members"] if one["name"] == "pylock.toml"]
        one["size"] = 1000
        return said

    path = forge(_add("pylock.toml", bytes(1_000_000)), infos=squeezed, manifest=small)
    path = _patched(path, b"pylock.toml", 24, struct.pack("<L", 1000))
    assert "its member pylock.toml is damaged" in fault(path)


def test_an_index_without_end_is_not_read(forge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form, "MAX_MEMBERS", 3)
    assert "more members than a pack may have" in fault(forge())
    monkeypatch.undo()
    monkeypatch.setattr(form, "MAX_INDEX", 100)
    assert "more members than a pack may have" in fault(forge())


def test_the_total_is_limited(forge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form, "MAX_BYTES", 1000)
    assert "unpacks to more than" in fault(forge())


def _record(change: Callable[[Any], None]) -> Callable[[dict[str, bytes]], None]:
    def edit(members: dict[str, bytes]) -> None:
        record = json.loads(members["record.json"])
        change(record)
        members["record.json"] = json.dumps(record).encode()

    return edit


def _put(*path: Any) -> Callable[[dict[str, bytes]], None]:
    *keys, last, value = path

    def change(record: Any) -> None:
        for key in keys:
            record = record[key]
        record[last] = value

    return _record(change)


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (_add("record.json", b"{"), "its record.json is no JSON"),
        (_add("record.json", b"\xff\xfe"), "its record.json is no JSON"),
        (_add("record.json", b"NaN"), "NaN is no JSON"),
        (_add("record.json", b"[" * 200_000 + b"]" * 200_000), "its record.json is no JSON"),
        (_add("record.json", b"[]"), "its record.json is no record"),
        (_add("record.json", b"{}"), "its record.json is no record"),
        (_add("verdicts.json", b"{}"), "its verdicts.json is no list"),
        (_add("verdicts.json", b"[1]"), "its verdicts.json is no record"),
        (_add("noise.json", b'[{"name": 1}]'), "PackedRule.name holds int"),
        (_put("run", "row", "seq", "two"), "PackedRecord.run.row.seq holds str"),
        (_put("run", "row", "metrics", [1]), "its record.json is no record"),
        (_put("run", "row", "status", "perfect"), "PackedRecord.run.row.status holds str"),
        (_put("run", "outputs", 0, "data", {"a": 1}), "holds"),
        (_put("run", "source", None), "PackedRecord.run.source holds NoneType"),
        (_put("run", "row", "ref", "experiment", "../x"), "no name of a run"),
        (_put("run", "row", "ref", "version", 0), "no name of a run"),
        (_put("run", "row", "started", {"float": "NaN"}), "a time that no clock shows"),
        (_put("run", "row", "started", -1), "a time that no clock shows"),
        (_put("executions", []), "out of order"),
        (_put("executions", 0, "seq", 2), "out of order"),
        (_put("executions", 0, "seq", True), "holds bool"),
        (_put("executions", 0, "cwd", "../.."), "a path that leads out of the project"),
        (_put("executions", 0, "files", 0, "path", "a/../../b"), "a path that leads out"),
        (_put("executions", 0, "files", 0, "path", ""), "a path that leads out"),
        (_put("executions", 0, "files", 0, "modified", 1e300), "a time that no clock shows"),
        (_put("executions", 0, "files", 0, "content", "blake3:0"), "something that is no digest"),
        (_put("root", "project"), "no folder of the project"),
        (_put("root", "/a/../.."), "no folder of the project"),
    ],
)
def test_a_record_that_makes_no_sense_is_refused(forge: Any, edit: Any, says: str) -> None:
    assert says in fault(forge(edit))


def test_a_blob_is_checked_again_when_it_is_read(packed: Path) -> None:
    with open_pack(packed) as opened, pytest.raises(Exception, match="is missing"):
        opened.read(blob(b"another"))


def test_reading_writes_nothing(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sorted(packed.parent.rglob("*"))
    with open_pack(packed):
        pass
    assert sorted(packed.parent.rglob("*")) == before
