"""A file -> a pack, as data: nothing is run, unpickled or written, and no more is read than was declared."""

from __future__ import annotations

import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from blake3 import blake3

from mm_jupyter.errors import BadPack, NoSuchFile, PackTooNew, StoreDamaged
from mm_jupyter.packs import form
from mm_jupyter.packs.index import Fault, check_end, check_members
from mm_jupyter.packs.sense import check_sense
from mm_jupyter.records import (
    PACK_FORMAT,
    BlobDigest,
    Judgement,
    Pack,
    PackedRecord,
    PackedRule,
    PackManifest,
    PackMember,
    checked_from_json,
)

_UNREADABLE = (
    OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, ArithmeticError, MemoryError,
    struct.error, zlib.error, zipfile.BadZipFile, zipfile.LargeZipFile,
)  # fmt: skip
"""What zipfile, json and the codec raise on bytes that anybody may have made."""

T = TypeVar("T")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class OpenPack:
    """A whole pack while its file is open."""

    pack: Pack
    _archive: zipfile.ZipFile

    def read(self, digest: BlobDigest) -> bytes:
        """The bytes of a blob, checked again: the file may have changed since.

        Raises:
            StoreDamaged: it is not there, or not what its digest says.
        """
        name = form.BLOBS + digest.partition(":")[2]
        try:
            data = self._archive.read(name)
        except _UNREADABLE as error:
            raise StoreDamaged("The pack", f"{digest} is missing") from error
        if form.digest_of(data) != digest:
            raise StoreDamaged("The pack", f"{digest} has other bytes")
        return data


@contextmanager
def open_pack(path: Path, progress: Progress = lambda *_: None) -> Iterator[OpenPack]:
    """Read a pack and check all of it: structure, every digest, the seal, and what its record says.

    Raises:
        NoSuchFile: there is none.
        BadPack: it is not whole; says what is wrong first.
    """
    try:
        file: BinaryIO = path.open("rb")
    except FileNotFoundError as error:
        raise NoSuchFile(path) from error
    except OSError as error:
        raise BadPack(path, f"it cannot be read ({error.strerror})") from error
    with file:
        try:
            archive, pack = _read(path, file, progress)
        except Fault as fault:
            raise BadPack(path, fault) from fault
        except _UNREADABLE as error:
            raise BadPack(path, f"it is damaged ({_said(error)})") from error
        with archive:
            yield OpenPack(pack, archive)


def _said(error: BaseException) -> str:
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words[:120]}" if words else type(error).__name__


def _read(path: Path, file: BinaryIO, progress: Progress) -> tuple[zipfile.ZipFile, Pack]:
    seal = check_end(file)
    size = file.seek(0, os.SEEK_END)
    archive = zipfile.ZipFile(file)
    infos = archive.infolist()
    check_members(infos, size)
    manifest = _manifest(path, archive)
    listed = _listed(manifest, {info.filename for info in infos})
    sizes = {info.filename: info.file_size for info in infos}
    texts: dict[str, bytes] = {}
    for done, member in enumerate(listed.values(), 1):
        if sizes[member.name] != member.size:
            raise Fault(f"its member {member.name} does not have the size that the manifest says")
        data = _member(archive, member, keep=member.name in form.DATA)
        if data is not None:
            texts[member.name] = data
        progress(done, len(listed) + 1)
    if form.seal_of(file, size) != seal:
        raise Fault("bytes between its members, or its seal, were changed")
    record = _record(PackedRecord, texts, form.RECORD)
    pack = Pack(
        path=str(path),
        size=size,
        seal=f"blake3:{seal}",
        manifest=manifest,
        record=record,
        verdicts=_records(Judgement, texts, form.VERDICTS),
        rules=_records(PackedRule, texts, form.RULES),
    )
    check_sense(pack)
    progress(len(listed) + 1, len(listed) + 1)
    return archive, pack


def _manifest(path: Path, archive: zipfile.ZipFile) -> PackManifest:
    try:
        info = archive.getinfo(form.MANIFEST)
    except KeyError as error:
        raise Fault(f"it has no {form.MANIFEST}") from error
    if info.file_size > form.MAX_JSON:
        raise Fault(f"its {form.MANIFEST} is too large")
    data = _parsed(archive.read(info), form.MANIFEST)
    version = data.get("format") if isinstance(data, dict) else None
    if isinstance(version, int) and not isinstance(version, bool) and version > PACK_FORMAT:
        raise PackTooNew(path, str(data.get("product"))[:40], version)
    manifest = _typed(PackManifest, data, form.MANIFEST)
    if manifest.format != PACK_FORMAT:
        raise Fault(f"its format {manifest.format} is unknown")
    return manifest


def _listed(manifest: PackManifest, there: set[str]) -> Mapping[str, PackMember]:
    """The members by name: those that the manifest lists are there, and no others; each is one that a pack has."""
    listed = {member.name: member for member in manifest.members}
    if len(listed) != len(manifest.members):
        raise Fault("its manifest lists a member twice")
    for name in sorted(there - listed.keys() - {form.MANIFEST}):
        raise Fault(f"it holds {name[:80]!r}, which its manifest does not list")
    for name in sorted({*listed, *form.DATA} - there):
        raise Fault(f"its member {name[:80]} is missing")
    for name, member in listed.items():
        if form.BLOB.fullmatch(name):
            if member.digest != f"blake3:{name.removeprefix(form.BLOBS)}":
                raise Fault(f"its manifest gives {name} a digest that is not its name")
        elif name not in (*form.DATA, *form.FOR_PEOPLE):
            raise Fault(f"it holds {name[:80]!r}, which no pack has")
        if name in form.DATA and member.size > form.MAX_JSON:
            raise Fault(f"its {name} is too large")
    return listed


def _member(archive: zipfile.ZipFile, member: PackMember, *, keep: bool) -> bytes | None:
    """Read a member in pieces and check its digest; its bytes where they are wanted."""
    hashed = blake3()
    kept: list[bytes] = []
    left = member.size
    try:
        with archive.open(member.name) as file:
            while chunk := file.read(form.CHUNK):
                left -= len(chunk)
                hashed.update(chunk)
                if keep:
                    kept.append(chunk)
                if left < 0:
                    break
    except _UNREADABLE as error:
        raise Fault(f"its member {member.name} is damaged") from error
    if left or f"blake3:{hashed.hexdigest()}" != member.digest:
        raise Fault(f"its member {member.name} has other bytes than when it was packed")
    return b"".join(kept) if keep else None


def _record(cls: type[T], texts: Mapping[str, bytes], name: str) -> T:
    return _typed(cls, _parsed(texts[name], name), name)


def _records(cls: type[T], texts: Mapping[str, bytes], name: str) -> tuple[T, ...]:
    found = _parsed(texts[name], name)
    if not isinstance(found, list):
        raise Fault(f"its {name} is no list")
    return tuple(_typed(cls, one, name) for one in found)


def _typed(cls: type[T], data: Any, name: str) -> T:
    try:
        return checked_from_json(cls, data)
    except _UNREADABLE as error:
        raise Fault(f"its {name} is no record ({_said(error)})") from error


def _parsed(data: bytes, name: str) -> Any:
    try:
        return json.loads(data.decode("utf-8", "surrogatepass"), parse_constant=_no_constant)
    except _UNREADABLE as error:
        raise Fault(f"its {name} is no JSON ({_said(error)})") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
