"""Columns of numbers as bytes: differences, the eight bytes of each number apart, zstd. Lossless.

A column of floats is kept as the 64-bit patterns; for times their differences are small, for values the exponents
compress once they stand together. All numbers are little-endian.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from itertools import accumulate
from operator import sub

from mm_jupyter.store.packed import compressed, expanded

_SWAP = sys.byteorder == "big"


def pack_ints(numbers: Sequence[int]) -> bytes:
    """Integers between -2**63 and 2**63 - 1, best when their differences repeat."""
    return _planes(array("q", _differences(numbers)))


def unpack_ints(data: bytes, count: int) -> tuple[int, ...]:
    return tuple(accumulate(_unplaned(data, "q", count)))


def pack_floats(numbers: Sequence[float]) -> bytes:
    return _planes(array("d", numbers))


def unpack_floats(data: bytes, count: int) -> tuple[float, ...]:
    return tuple(_unplaned(data, "d", count))


def pack_times(times: Sequence[float]) -> bytes:
    """Floats that grow slowly."""
    bits: array[int] = array("q")
    bits.frombytes(array("d", times).tobytes())
    return pack_ints(bits)


def unpack_times(data: bytes, count: int) -> tuple[float, ...]:
    times = array("d")
    times.frombytes(array("q", accumulate(_unplaned(data, "q", count))).tobytes())
    return tuple(times)


def _differences(numbers: Sequence[int]) -> list[int]:
    """The first number, then each less the one before, wrapped to 64 bits."""
    gaps = [*numbers[:1], *map(sub, numbers[1:], numbers)]
    if gaps and (max(gaps) >= 2**63 or min(gaps) < -(2**63)):
        return [(gap + 2**63) % 2**64 - 2**63 for gap in gaps]
    return gaps


def _planes(column: array[int] | array[float]) -> bytes:
    if _SWAP:
        column.byteswap()
    data = column.tobytes()
    return compressed(b"".join(data[byte::8] for byte in range(8)))


def _unplaned(data: bytes, code: str, count: int) -> array[int]:
    planes = expanded(data, count * 8)
    mixed = bytearray(len(planes))
    for byte in range(8):
        mixed[byte::8] = planes[byte * count : (byte + 1) * count]
    column: array[int] = array(code)
    column.frombytes(mixed)
    if _SWAP:
        column.byteswap()
    return column
