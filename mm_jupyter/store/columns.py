"""Columns of numbers as bytes: the eight bytes of each number apart, then zstd. Lossless.

Once they stand together the bytes that hardly change - the high ones of steps and times, sign and exponent of values
- cost next to nothing. Differences would be smaller still, and ten times slower to read. Numbers are little-endian.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from typing import Any

from mm_jupyter.store.packed import compressed, expanded

_SWAP = sys.byteorder == "big"


def pack_ints(numbers: Sequence[int]) -> bytes:
    """Integers between -2**63 and 2**63 - 1. Raises OverflowError beyond."""
    return _packed(array("q", numbers))


def unpack_ints(data: bytes | memoryview, count: int) -> array[int]:
    return _unpacked(data, "q", count)


def pack_floats(numbers: Sequence[float]) -> bytes:
    """Doubles; each bit pattern comes back, NaN's too."""
    return _packed(array("d", numbers))


def unpack_floats(data: bytes | memoryview, count: int) -> array[float]:
    return _unpacked(data, "d", count)


def _packed(column: array[Any]) -> bytes:
    if _SWAP:
        column.byteswap()
    data = column.tobytes()
    return compressed(b"".join(data[byte::8] for byte in range(8)))


def _unpacked(data: bytes | memoryview, code: str, count: int) -> array[Any]:
    planes = expanded(data, count * 8)
    mixed = bytearray(len(planes))
    for byte in range(8):
        mixed[byte::8] = planes[byte * count : (byte + 1) * count]
    column: array[Any] = array(code)
    column.frombytes(mixed)
    if _SWAP:
        column.byteswap()
    return column
