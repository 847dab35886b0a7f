"""The form of a pack: a zip file of known members, sealed by the digest of all its bytes.

``manifest.json`` lists every other member with its size and digest. The archive's comment is ``SEAL`` and 64 hex
digits: blake3 of every byte of the file before them. So no byte can change unseen; who wrote it, no digest says.
"""

from __future__ import annotations

import re
from typing import BinaryIO

from blake3 import blake3

MANIFEST = "manifest.json"
RECORD = "record.json"
VERDICTS = "verdicts.json"
RULES = "noise.json"
DATA = (RECORD, VERDICTS, RULES)
"""Members that every pack has and that are read as records."""
FOR_PEOPLE = ("pylock.toml", "recipe.ipynb", "report.html", "requirements.txt")
"""Members that are there to be opened by people and other programs."""
BLOBS = "blobs/"
BLOB = re.compile(r"blobs/[0-9a-f]{64}")

SEAL = b"mm-pack 1 blake3:"
DIGITS = 64
END = 22 + len(SEAL) + DIGITS
"""Bytes of the end of a pack: the zip format's end record with the comment."""

MAX_MEMBERS = 60_000
MAX_INDEX = 16 * 1024**2
"""Bytes that the zip's own index may have."""
MAX_JSON = 256 * 1024**2
MAX_BYTES = 64 * 1024**3
"""Bytes that all members may have together when they are unpacked."""
MAX_RATIO = 100
"""What unpacks to more than so many times its size is stored plainly by the writer and refused by the reader."""
SMALL = 1024 * 1024
"""A member up to this size may have any ratio."""
CHUNK = 1024 * 1024


def digest_of(data: bytes) -> str:
    """``blake3:<64 hex digits>`` of the plain bytes."""
    return f"blake3:{blake3(data).hexdigest()}"


def seal_of(file: BinaryIO, size: int) -> str:
    """blake3 in hex of the bytes before the seal's digits, of a file of ``size`` bytes."""
    file.seek(0)
    hashed = blake3()
    left = size - DIGITS
    while left > 0 and (chunk := file.read(min(CHUNK, left))):
        hashed.update(chunk)
        left -= len(chunk)
    return hashed.hexdigest()
