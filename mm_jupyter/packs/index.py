"""The index of a zip file from a stranger: its members, or why it is no pack. Nothing is unpacked here."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from mm_jupyter.packs import form

_END_RECORD = struct.Struct("<4s4H2LH")
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_WIDE = 0xFFFFFFFF


class Fault(Exception):
    """What is wrong, as the end of a sentence."""


def check_end(file: BinaryIO) -> str:
    """The seal that stands at the file's end. What it promises of the index is small enough to be read.

    Raises:
        Fault: the end is not that of a pack.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(4)
    file.seek(max(0, size - form.END))
    end = file.read(form.END)
    if start[:2] != b"PK":
        raise Fault("it is no zip file")
    if len(end) < form.END or end[:4] != b"PK\5\6" or end[22 : -form.DIGITS] != form.SEAL:
        file.seek(0)
        whole = zipfile.is_zipfile(file)
        raise Fault(
            "it is a zip file, but not as 'mm pack' writes it"
            if whole
            else "its end is missing or damaged"
        )
    _, _, _, _, count, length, start_at, comment = _END_RECORD.unpack(end[:22])
    wide = length == _WIDE and size > _WIDE
    if count > form.MAX_MEMBERS or (length > form.MAX_INDEX and not wide):
        raise Fault("it has more members than a pack may have")
    if comment != len(form.SEAL) + form.DIGITS or (start_at > size and start_at != _WIDE):
        raise Fault("its end is damaged")
    return end[-form.DIGITS :].decode("ascii", "replace")


def check_members(infos: Sequence[zipfile.ZipInfo], size: int) -> None:
    """Every member is a plain file of a plain name and an honest size.

    Raises:
        Fault: names the first that is not.
    """
    seen: set[str] = set()
    total = 0
    for info in infos:
        name = info.orig_filename
        for wrong in _wrong(info):
            raise Fault(f"its member {name[:80]!r} {wrong}")
        if name in seen:
            raise Fault(f"it holds {name[:80]!r} twice")
        seen.add(name)
        total += info.file_size
        if total > form.MAX_BYTES:
            raise Fault("it unpacks to more than 64 GiB")
    _apart(infos, size)


def _wrong(info: zipfile.ZipInfo) -> Iterator[str]:
    name = info.orig_filename
    kind = info.external_attr >> 16
    if "\\" in name or "\0" in name or ":" in name or not name.isascii():
        yield "has a name that a pack may not hold"
    if name.startswith("/") or ".." in name.split("/"):
        yield "has a path that leads out of the pack"
    if kind and stat.S_ISLNK(kind):
        yield "is a link"
    if name.endswith("/") or (stat.S_IFMT(kind) and not stat.S_ISREG(kind)):
        yield "is no plain file"
    if info.flag_bits & _ENCRYPTED:
        yield "is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        yield "is compressed in a way that a pack may not use"
    if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
        yield "lies about its size"
    if info.file_size > max(form.SMALL, info.compress_size * form.MAX_RATIO):
        yield "unpacks to far more than it has: it looks like a bomb"


def _apart(infos: Sequence[zipfile.ZipInfo], size: int) -> None:
    """No two members share bytes."""
    end = 0
    for info in sorted(infos, key=lambda one: one.header_offset):
        if info.header_offset < end:
            raise Fault(f"its member {info.orig_filename[:80]!r} lies within another")
        end = info.header_offset + 30 + info.compress_size
    if end > size:
        raise Fault("it is cut off")
