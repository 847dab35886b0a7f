"""SQLite's write-ahead log as a file: are there commits in it that SQLite itself passes over?

A frame whose checksum is wrong ends the log for SQLite, for so ends one that a crash cut short. A byte that was changed
later looks the same, and then the commits behind it are gone without a word. The difference: only a log that was
damaged holds a commit of its own generation (the two salts) at or behind the frame that is wrong. Format:
https://www.sqlite.org/fileformat2.html#walformat
"""

from __future__ import annotations

import struct
from array import array
from pathlib import Path

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_MAGIC = 0x377F0682
_ALL = 0xFFFFFFFF


def damage(path: Path) -> str | None:
    """What is wrong with a log, None where there is none or it is whole. A reader's snapshot must keep it meanwhile."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if len(data) <= _HEADER.size:
        return None
    magic, _, size, _, *salts, first, second = _HEADER.unpack_from(data)
    if magic & ~1 != _MAGIC:
        return "its first bytes are not those of a write-ahead log"
    big = bool(magic & 1)
    sums = _summed((0, 0), data[:24], big)
    if sums != (first, second):
        return "the header of its write-ahead log has another checksum"
    step = _FRAME.size + size
    frames = range(_HEADER.size, len(data) - step + 1, step)
    for number, start in enumerate(frames):
        _, _, *found, first, second = _FRAME.unpack_from(data, start)
        sums = _summed(sums, data[start : start + 8], big)
        sums = _summed(sums, data[start + _FRAME.size : start + step], big)
        if found != salts or sums != (first, second):
            lost = sum(_is_commit(data, at, salts) for at in frames[number:])
            if not lost:
                return None
            return f"frame {number + 1} of its write-ahead log was changed: {lost} commits from there on are lost"
    return None


def _is_commit(data: bytes, start: int, salts: list[int]) -> bool:
    _, commit, *found, _, _ = _FRAME.unpack_from(data, start)
    return commit != 0 and found == salts


def _summed(sums: tuple[int, int], data: bytes, big: bool) -> tuple[int, int]:
    """SQLite's checksum, continued over ``data``: pairs of 32-bit words in the order of the machine that wrote them."""
    first, second = sums
    words = array("I", data)
    if big != (struct.pack("=I", 1) == struct.pack(">I", 1)):
        words.byteswap()
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & _ALL
        second = (second + odd + first) & _ALL
    return first, second
