"""A record -> one file: whole or absent, and the same bytes for the same content."""

from __future__ import annotations

import json
import os
import secrets
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from mm_jupyter.errors import BadInput
from mm_jupyter.packs import form
from mm_jupyter.records import (
    BlobDigest,
    Judgement,
    PackedRecord,
    PackedRule,
    PackManifest,
    PackMember,
    to_json,
)

_LEVEL = 6
_FILE = 0o100644 << 16
"""A plain file that everybody may read, as zip notes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackContent:
    """What goes in. ``manifest`` has no members yet; ``people`` are the members for people, by name."""

    manifest: PackManifest
    record: PackedRecord
    verdicts: Sequence[Judgement]
    rules: Sequence[PackedRule]
    people: Mapping[str, str]


def write_pack(
    path: Path,
    content: PackContent,
    read: Callable[[BlobDigest], bytes],
    *,
    check: Callable[[Path], None],
    progress: Callable[[int, int], None] = lambda *_: None,
) -> None:
    """Write a pack. ``check`` gets the finished file before it takes its name, and may raise.

    Raises:
        BadInput: it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with open(partial, "x+b") as file:
            _write(file, content, read, progress)
            _seal(file)
            file.flush()
            os.fsync(file.fileno())
        check(partial)
        os.replace(partial, path)
    except OSError as error:
        raise BadInput(
            f"The pack cannot be written to {path}: {error.strerror or error}."
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _write(
    file: BinaryIO,
    content: PackContent,
    read: Callable[[BlobDigest], bytes],
    progress: Callable[[int, int], None],
) -> None:
    texts = {
        form.RECORD: _json(to_json(content.record)),
        form.VERDICTS: _json(to_json(tuple(content.verdicts))),
        form.RULES: _json(to_json(tuple(content.rules))),
        **{name: text.encode("utf-8", "replace") for name, text in content.people.items()},
    }
    if len(texts[form.RECORD]) > form.MAX_JSON:
        raise BadInput("The run's record is larger than a pack may hold.")
    members = [
        PackMember(name=name, size=len(data), digest=form.digest_of(data))
        for name, data in texts.items()
    ]
    blobs = sorted({_blob_name(blob): blob for blob in content.record.blobs()}.items())
    with zipfile.ZipFile(file, "w") as archive:
        for done, (name, blob) in enumerate(blobs, 1):
            data = read(blob)
            members.append(PackMember(name=name, size=len(data), digest=blob))
            _add(archive, name, data)
            progress(done, len(blobs))
        manifest = to_json(content.manifest) | {
            "members": to_json(sorted(members, key=lambda one: one.name))
        }
        for name, data in sorted({form.MANIFEST: _json(manifest), **texts}.items()):
            _add(archive, name, data)
        archive.comment = form.SEAL + b"0" * form.DIGITS


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name)  # dated 1980: when a file was packed is no part of what it is
    info.create_system = 3
    info.external_attr = _FILE
    info.compress_type = zipfile.ZIP_DEFLATED if _worth_it(data) else zipfile.ZIP_STORED
    archive.writestr(info, data, compresslevel=_LEVEL)


def _worth_it(data: bytes) -> bool:
    """Whether it gets smaller, and not by so much that a reader takes it for a bomb."""
    size = len(zlib.compress(data, 1)) if data else 0
    return 0 < size < len(data) and (
        len(data) <= form.SMALL or len(data) < size * form.MAX_RATIO / 4
    )


def _seal(file: BinaryIO) -> None:
    size = file.seek(0, os.SEEK_END)
    seal = form.seal_of(file, size)
    file.seek(size - form.DIGITS)
    file.write(seal.encode())


def _blob_name(blob: BlobDigest) -> str:
    return form.BLOBS + blob.partition(":")[2]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=1).encode(
        "utf-8", "surrogatepass"
    )
