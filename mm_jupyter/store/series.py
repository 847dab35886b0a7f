"""Series as columnar chunks: steps, values and times of consecutive points in one row.

Live points come a few at a time. The newest chunk takes them in until it holds 1,024 points, so that a long run has
few rows and every transaction rewrites little.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Sequence

from mm_jupyter.errors import StoreDamaged
from mm_jupyter.records import RunId, SeriesChunk
from mm_jupyter.store.columns import (
    pack_floats,
    pack_ints,
    unpack_floats,
    unpack_ints,
)
from mm_jupyter.store.connect import Transaction
from mm_jupyter.store.interning import Interned

Columns = tuple["array[int]", "array[float]", "array[float]"]

OPEN_CHUNK = 1024
_HEADER = struct.Struct("<III")
_NEWEST = (
    "SELECT part, points, data FROM series WHERE run = ? AND name = ? ORDER BY part DESC LIMIT 1"
)
_PUT = (
    "INSERT INTO series (run, name, part, points, last, data) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (run, name, part) DO UPDATE SET points = excluded.points, last = excluded.last, data = excluded.data"
)


def put_points(
    tx: Transaction, interned: Interned, run: RunId, chunks: Iterable[SeriesChunk]
) -> None:
    """Append points to the series of a run, in the order given."""
    for chunk in chunks:
        if not chunk.steps:
            continue
        name = interned.name(tx, chunk.name)
        part, whole = 0, chunk
        newest = tx.one(_NEWEST, (run, name))
        if newest is not None:
            part, points, data = newest
            if points < OPEN_CHUNK:
                whole = _joined(unpack_chunk(chunk.name, points, data), chunk)
            else:
                part += 1
        tx.run(_PUT, (run, name, part, len(whole.steps), max(whole.steps), pack_chunk(whole)))


def read_series(tx: Transaction, run: RunId, name: str | None = None) -> tuple[SeriesChunk, ...]:
    """The series of a run, each as one chunk, by name; only ``name`` where it is given."""
    sql = "SELECT n.name, s.points, s.data FROM series s JOIN names n ON n.id = s.name WHERE s.run = ?"
    rows = (
        tx.all(f"{sql} ORDER BY n.name, s.part", (run,))
        if name is None
        else tx.all(f"{sql} AND n.name = ? ORDER BY s.part", (run, name))
    )
    parts: dict[str, list[Columns]] = {}
    for key, points, data in rows:
        parts.setdefault(key, []).append(_columns(points, data))
    return tuple(_chunk(key, columns) for key, columns in parts.items())


def pack_chunk(chunk: SeriesChunk) -> bytes:
    parts = (pack_ints(chunk.steps), pack_floats(chunk.values), pack_floats(chunk.times))
    return _HEADER.pack(*map(len, parts)) + b"".join(parts)


def unpack_chunk(name: str, points: int, data: bytes) -> SeriesChunk:
    return _chunk(name, [_columns(points, data)])


def _columns(points: int, data: bytes) -> Columns:
    """Raises StoreDamaged where ``data`` are not the columns of so many points."""
    try:
        steps, values, times = _HEADER.unpack_from(data)
        view = memoryview(data)[_HEADER.size :]
        found = (
            unpack_ints(view[:steps], points),
            unpack_floats(view[steps : steps + values], points),
            unpack_floats(view[steps + values : steps + values + times], points),
        )
    except (ValueError, TypeError, struct.error) as error:
        raise StoreDamaged("A series", f"its points cannot be read ({error})") from error
    if any(len(column) != points for column in found):
        raise StoreDamaged("A series", f"it does not have the {points} points that were noted")
    return found


def _chunk(name: str, parts: Sequence[Columns]) -> SeriesChunk:
    """One chunk of several parts: arrays are joined first, numbers become objects once."""
    steps, values, times = parts[0]
    for more_steps, more_values, more_times in parts[1:]:
        steps.extend(more_steps)
        values.extend(more_values)
        times.extend(more_times)
    return SeriesChunk(name=name, steps=tuple(steps), values=tuple(values), times=tuple(times))


def _joined(newest: SeriesChunk, chunk: SeriesChunk) -> SeriesChunk:
    return SeriesChunk(
        name=chunk.name,
        steps=newest.steps + chunk.steps,
        values=newest.values + chunk.values,
        times=newest.times + chunk.times,
    )


def latest_points(
    tx: Transaction, ids: Sequence[RunId]
) -> dict[RunId, dict[str, tuple[int, float]]]:
    """The last step and value of every series of these runs, by run and name."""
    found: dict[RunId, dict[str, tuple[int, float]]] = {}
    sql = (
        "SELECT s.run, n.name, s.points, s.data FROM series s JOIN names n ON n.id = s.name "
        "WHERE s.run IN (?) ORDER BY s.part"
    )
    for run, name, points, data in tx.within(sql, ids):
        steps, values, _ = _columns(points, data)
        found.setdefault(RunId(run), {})[name] = (steps[-1], values[-1])
    return found
