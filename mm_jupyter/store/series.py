"""Series as columnar chunks: steps, values and times of consecutive points in one row.

Live points come a few at a time. The newest chunk takes them in until it holds 1,024 points, so that a long run has
few rows and every transaction rewrites little.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from mm_jupyter.records import RunId, SeriesChunk
from mm_jupyter.store.columns import (
    pack_floats,
    pack_ints,
    pack_times,
    unpack_floats,
    unpack_ints,
    unpack_times,
)
from mm_jupyter.store.connect import Transaction
from mm_jupyter.store.interning import Interned

OPEN_CHUNK = 1024
_HEADER = struct.Struct("<III")
_NEWEST = "SELECT part, points, data FROM series WHERE run = ? AND name = ? ORDER BY part DESC LIMIT 1"
_PUT = (
    "INSERT INTO series (run, name, part, points, last, data) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (run, name, part) DO UPDATE SET points = excluded.points, last = excluded.last, data = excluded.data"
)


def put_points(tx: Transaction, interned: Interned, run: RunId, chunks: Iterable[SeriesChunk]) -> None:
    """Append points to the series of a run, in the order given."""
    for chunk in chunks:
        if not chunk.steps:
            continue
        name = interned.name(tx, chunk.name)
        part = 0
        newest = tx.one(_NEWEST, (run, name))
        if newest is not None:
            part, points, data = newest
            if points < OPEN_CHUNK:
                chunk = joined([unpack_chunk(chunk.name, points, data), chunk])
            else:
                part += 1
        tx.run(_PUT, (run, name, part, len(chunk.steps), max(chunk.steps), pack_chunk(chunk)))


def read_series(tx: Transaction, run: RunId, name: str | None = None) -> tuple[SeriesChunk, ...]:
    """The series of a run, each as one chunk, by name; only ``name`` where it is given."""
    sql = "SELECT n.name, s.points, s.data FROM series s JOIN names n ON n.id = s.name WHERE s.run = ?"
    rows = (
        tx.all(f"{sql} ORDER BY n.name, s.part", (run,))
        if name is None
        else tx.all(f"{sql} AND n.name = ? ORDER BY s.part", (run, name))
    )
    chunks: dict[str, list[SeriesChunk]] = {}
    for key, points, data in rows:
        chunks.setdefault(key, []).append(unpack_chunk(key, points, data))
    return tuple(joined(parts) for parts in chunks.values())


def pack_chunk(chunk: SeriesChunk) -> bytes:
    parts = (pack_ints(chunk.steps), pack_floats(chunk.values), pack_times(chunk.times))
    return _HEADER.pack(*map(len, parts)) + b"".join(parts)


def unpack_chunk(name: str, points: int, data: bytes) -> SeriesChunk:
    steps, values, times = _HEADER.unpack_from(data)
    view = memoryview(data)[_HEADER.size :]
    return SeriesChunk(
        name=name,
        steps=unpack_ints(bytes(view[:steps]), points),
        values=unpack_floats(bytes(view[steps : steps + values]), points),
        times=unpack_times(bytes(view[steps + values : steps + values + times]), points),
    )


def joined(chunks: Sequence[SeriesChunk]) -> SeriesChunk:
    if len(chunks) == 1:
        return chunks[0]
    return SeriesChunk(
        name=chunks[0].name,
        steps=tuple(step for chunk in chunks for step in chunk.steps),
        values=tuple(value for chunk in chunks for value in chunk.values),
        times=tuple(at for chunk in chunks for at in chunk.times),
    )
