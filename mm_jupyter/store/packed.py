"""Small bytes as the store keeps them: one byte that names the coding, then the bytes, zstd where it pays."""

from __future__ import annotations

import json
import threading
from typing import Any

import zstandard

from mm_jupyter.errors import StoreDamaged

PLAIN, ZSTD = 0, 1
_WORTH_TRYING = 256
_LEVEL = 3
_contexts = threading.local()
_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def compressed(data: bytes | memoryview, level: int = _LEVEL) -> bytes:
    """``data`` as one zstd frame. The contexts are a thread's own: making one costs more than using it."""
    contexts: dict[int, zstandard.ZstdCompressor] = _contexts.__dict__.setdefault("by_level", {})
    if level not in contexts:
        contexts[level] = zstandard.ZstdCompressor(level=level, write_checksum=True)
    return contexts[level].compress(data)


def expanded(data: bytes | memoryview, size: int = 0) -> bytes:
    """The bytes of a zstd frame; ``size`` is how many there are, where that is known.

    Raises:
        StoreDamaged: it is none, or has another size.
    """
    context: zstandard.ZstdDecompressor | None = getattr(_contexts, "reader", None)
    if context is None:
        context = _contexts.reader = zstandard.ZstdDecompressor()
    name = "A compressed entry of the store"
    try:
        if size and zstandard.frame_content_size(data) != size:  # a size that nobody has memory for
            raise StoreDamaged(name, f"it does not hold the {size:,} bytes that were noted")
        return context.decompress(data, max_output_size=size)
    except (zstandard.ZstdError, MemoryError) as error:
        raise StoreDamaged(name, str(error) or "it is too large") from error


def pack(data: bytes) -> bytes:
    if len(data) >= _WORTH_TRYING:
        small = compressed(data)
        if len(small) < len(data):
            return b"\x01" + small
    return b"\x00" + data


def unpack(data: bytes) -> bytes:
    """The bytes that ``pack`` got."""
    return expanded(memoryview(data)[1:]) if data[0] == ZSTD else data[1:]


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, no spaces, UTF-8: the form that digests of records cover."""
    return _ENCODER.encode(value).encode("utf-8", "surrogatepass")


def unpack_json(data: bytes | None) -> Any:
    """The value whose canonical form ``pack`` got; an empty object for None.

    Raises:
        StoreDamaged: the bytes are none of its.
    """
    if data is None:
        return {}
    try:
        return json.loads(unpack(data).decode("utf-8", "surrogatepass"))
    except (ValueError, IndexError) as error:
        raise StoreDamaged("An entry of the store", f"it is no JSON ({error})") from error
