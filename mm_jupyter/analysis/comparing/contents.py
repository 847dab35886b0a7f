"""Outputs, artifacts and files -> how equal their contents are, by media type."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Callable

from mm_jupyter.analysis.comparing.matching import SAME, Match, Tolerance
from mm_jupyter.analysis.comparing.pictures import match_pdfs, match_pictures
from mm_jupyter.analysis.comparing.texts import match_texts

_UNPACKED = 1 << 28
OURS = "application/vnd.mm_jupyter."
"""Of the media types of our own cards."""
WIDGETS = ("application/vnd.jupyter.widget-view+json", "application/vnd.bokehjs_exec.v0+json")
"""Media types that hold nothing but the number of a live object."""
_TEXTS = ("application/javascript", "application/xml", "application/x-tex", "application/x-latex")
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff")
_BINARY_SNIFF = 8192


def match_contents(
    media_type: str, recorded: bytes, replayed: bytes, tolerance: Tolerance
) -> Match:
    """Compare the bytes of one media type."""
    if recorded == replayed:
        return SAME
    main = media_type.partition(";")[0].strip().lower()
    if main == "application/pdf":
        return match_pdfs(recorded, replayed)
    if main.startswith("image/") and main != "image/svg+xml":
        return match_pictures(recorded, replayed)
    if main.endswith("json"):
        return _match_json(recorded, replayed, tolerance)
    if main.startswith("text/") or main.endswith("+xml") or main in _TEXTS:
        return _match_text(recorded, replayed, tolerance)
    return match_file("", recorded, replayed, tolerance)


def match_file(path: str, recorded: bytes, replayed: bytes, tolerance: Tolerance) -> Match:
    """Compare the bytes of a file by its name and by what they look like.

    Pictures by pixels, gzip and zip files by what is packed in them, JSON by its values, other texts as texts; anything
    else byte by byte.
    """
    if recorded == replayed:
        return SAME
    name = path.lower()
    if name.endswith(_PICTURES):
        return match_pictures(recorded, replayed)
    if name.endswith(".pdf"):
        return match_pdfs(recorded, replayed)
    if recorded[:2] == replayed[:2] == b"\x1f\x8b":
        return _packed(
            _gunzip, name.removesuffix(".gz"), recorded, replayed, tolerance, "gzip time"
        )
    if recorded[:4] == replayed[:4] == b"PK\x03\x04":
        return _match_zip(recorded, replayed, tolerance)
    if name.endswith((".json", ".ipynb")):
        return _match_json(recorded, replayed, tolerance)
    if b"\0" not in recorded[:_BINARY_SNIFF] and b"\0" not in replayed[:_BINARY_SNIFF]:
        return _match_text(recorded, replayed, tolerance)
    return _bytes_differ(recorded, replayed)


def _bytes_differ(recorded: bytes, replayed: bytes) -> Match:
    if len(recorded) != len(replayed):
        return Match("diverged", None, f"{len(recorded):,} bytes, then {len(replayed):,}")
    differing = sum(
        one != other for one, other in zip(recorded[:_UNPACKED], replayed, strict=False)
    )
    return Match("diverged", None, f"{differing:,} of {len(recorded):,} bytes differ")


def _match_text(recorded: bytes, replayed: bytes, tolerance: Tolerance) -> Match:
    try:
        return match_texts(recorded.decode("utf-8"), replayed.decode("utf-8"), tolerance)
    except UnicodeDecodeError:
        return _bytes_differ(recorded, replayed)


def _match_json(recorded: bytes, replayed: bytes, tolerance: Tolerance) -> Match:
    try:
        mine, theirs = json.loads(recorded), json.loads(replayed)
        texts = [
            json.dumps(value, sort_keys=True, indent=0, ensure_ascii=False)
            for value in (mine, theirs)
        ]
    except (ValueError, RecursionError):
        return _match_text(recorded, replayed, tolerance)
    if texts[0] == texts[1]:
        return Match("identical", "JSON layout")
    return match_texts(texts[0], texts[1], tolerance)


def _packed(
    unpack: Callable[[bytes], bytes],
    path: str,
    recorded: bytes,
    replayed: bytes,
    tolerance: Tolerance,
    rule: str,
) -> Match:
    try:
        mine, theirs = unpack(recorded), unpack(replayed)
    except (OSError, EOFError, ValueError, zlib.error):
        return _bytes_differ(recorded, replayed)
    return _with_rule(match_file(path, mine, theirs, tolerance), rule)


def _with_rule(match: Match, rule: str) -> Match:
    if match.likeness == "diverged":
        return match
    return Match(match.likeness, ", ".join(filter(None, (rule, match.rule))), match.why)


def _gunzip(data: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        unpacked = file.read(_UNPACKED + 1)
    if len(unpacked) > _UNPACKED:
        raise ValueError("too large")
    return unpacked


_ZIP_TIMES = ("docProps/core.xml",)
"""Members that office files write the time of saving into."""


def _match_zip(recorded: bytes, replayed: bytes, tolerance: Tolerance) -> Match:
    try:
        mine, theirs = _unzip(recorded), _unzip(replayed)
    except (OSError, ValueError, zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error):
        return _bytes_differ(recorded, replayed)
    if list(mine) != list(theirs):
        return Match(
            "diverged", None, f"{len(mine):,} packed files, then {len(theirs):,}, or others"
        )
    found = [
        (name, match_file(name, data, theirs[name], tolerance))
        for name, data in mine.items()
        if name not in _ZIP_TIMES
    ]
    order = ("identical", "equivalent", "diverged")
    name, match = max(found, key=lambda pair: order.index(pair[1].likeness), default=("", SAME))
    if match.why is not None:
        match = Match(match.likeness, match.rule, f"{name}: {match.why}")
    return _with_rule(match, "archive times")


def _unzip(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(member.file_size for member in archive.infolist()) > _UNPACKED:
            raise ValueError("too large")
        return {member.filename: archive.read(member) for member in archive.infolist()}
