"""Bytes -> a table, and two tables -> what changed: rows, columns, types, distributions."""

from __future__ import annotations

import csv
import io
import json
import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mm_jupyter.records import ColumnChange, Distribution, TableChange

BINS = 12
TOP = 5
_MISSING = frozenset(("", "NA", "NaN", "nan", "null", "None", "N/A", "NULL", "<NA>"))


class NoTable(Exception):
    """These bytes are no table that we can read; ``str()`` says why, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns of equal length; None is a missing value."""

    columns: dict[str, list[Any]]

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """The rows, by the order of columns."""
        return list(zip(*self.columns.values(), strict=True))


def read_table(name: str, content: bytes) -> Table:
    """The table in a file, by the end of its name.

    Raises:
        NoTable: it is none, or what reads it is not installed.
    """
    end = name.lower().removesuffix(".gz").rpartition(".")[2]
    reader = _READERS.get(end)
    if reader is None:
        raise NoTable("it is no table")
    if name.lower().endswith(".gz"):
        import gzip

        try:
            content = gzip.decompress(content)
        except (OSError, EOFError) as error:
            raise NoTable("it cannot be unpacked") from error
    try:
        return reader(content)
    except NoTable:
        raise
    except ImportError as error:
        raise NoTable(f"reading it needs {error.name}") from error
    except Exception as error:
        raise NoTable(f"it cannot be read as {end}: {error}") from error


def compare_tables(old: Table, new: Table) -> TableChange:
    """What changed from one to the other. Rows are compared by the columns that both have."""
    shared = [name for name in old.columns if name in new.columns]
    before, after = _counted(old, shared), _counted(new, shared)
    names = dict.fromkeys((*old.columns, *new.columns))
    added, removed = after - before, before - after
    in_order = bool(shared) and [old.columns[name] for name in shared] == [
        new.columns[name] for name in shared
    ]
    return TableChange(
        rows=(_length(old), _length(new)),
        added=added.total(),
        removed=removed.total(),
        moved=not added and not removed and not in_order and bool(shared),
        columns=tuple(_column(name, old, new) for name in names),
    )


def _length(table: Table) -> int:
    return len(next(iter(table.columns.values()), ()))


def _counted(table: Table, names: Sequence[str]) -> Counter[tuple[str, ...]]:
    if not names:
        return Counter()
    return Counter(
        zip(*([repr(one) for one in table.columns[name]] for name in names), strict=True)
    )


def _column(name: str, old: Table, new: Table) -> ColumnChange:
    low, high = _range((*old.columns.get(name, ()), *new.columns.get(name, ())))
    sides = (
        distribution(table.columns[name], low, high) if name in table.columns else None
        for table in (old, new)
    )
    return ColumnChange(name=name, old=next(sides), new=next(sides))


def _range(values: Iterable[Any]) -> tuple[float, float]:
    numbers = [float(one) for one in values if _is_number(one) and math.isfinite(one)]
    return (min(numbers), max(numbers)) if numbers else (0.0, 0.0)


def distribution(values: Sequence[Any], low: float, high: float) -> Distribution:
    """The distribution of a column; its bins lie between ``low`` and ``high``."""
    there = [one for one in values if one is not None and one == one]
    about: dict[str, Any] = {
        "type": _type(there),
        "count": len(values),
        "missing": len(values) - len(there),
        "distinct": len({repr(one) for one in there}),
    }
    numbers = [float(one) for one in there if _is_number(one) and math.isfinite(one)]
    if not there or len(numbers) < len(there):
        top = Counter(str(one) for one in there).most_common(TOP)
        return Distribution(**about, top=tuple(top))
    quartiles = (
        statistics.quantiles(numbers, n=4, method="inclusive") if len(numbers) > 1 else numbers * 3
    )
    return Distribution(
        **about,
        mean=math.fsum(numbers) / len(numbers),
        low=min(numbers),
        quartiles=(quartiles[0], quartiles[1], quartiles[2]),
        high=max(numbers),
        bins=_bins(numbers, low, high),
    )


def _bins(numbers: Sequence[float], low: float, high: float) -> tuple[int, ...]:
    bins = [0] * BINS
    width = (high - low) / BINS
    for number in numbers:
        bins[min(int((number - low) / width), BINS - 1) if width > 0 else 0] += 1
    return tuple(bins)


def _type(values: Sequence[Any]) -> str:
    kinds = {type(one) for one in values}
    if not kinds:
        return "empty"
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "integer"
    if kinds <= {int, float}:
        return "number"
    return "text" if kinds == {str} else "mixed"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


# -- readers -------------------------------------------------------------------------------------------------------


def _separated(by: str | None) -> Callable[[bytes], Table]:
    def read(content: bytes) -> Table:
        text = content.decode("utf-8-sig")
        if not text.strip():
            raise NoTable("it is empty")
        separator = by or _separator(text)
        head, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        wrong = next((at for at, row in enumerate(rows, 2) if row and len(row) != len(head)), None)
        if wrong is not None:
            raise NoTable(f"line {wrong} has another number of columns than the first")
        rows = [row for row in rows if row]
        names = _unique(head)
        return Table({name: _typed([row[at] for row in rows]) for at, name in enumerate(names)})

    return read


def _separator(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t|", key=first.count)


def _unique(names: Sequence[str]) -> list[str]:
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def _typed(texts: Sequence[str]) -> list[Any]:
    """Numbers where every value that is there is one, else texts."""
    for kind in (int, float):
        try:
            return [None if text.strip() in _MISSING else kind(text) for text in texts]
        except ValueError:
            continue
    words = {"true": True, "false": False}
    if all(text.lower() in words or text in _MISSING for text in texts):
        return [words.get(text.lower()) for text in texts]
    return [None if text in _MISSING else text for text in texts]


def _json_lines(content: bytes) -> Table:
    rows = [json.loads(line) for line in content.decode("utf-8").splitlines() if line.strip()]
    return _records(rows)


def _json(content: bytes) -> Table:
    found = json.loads(content)
    if isinstance(found, dict) and found and all(isinstance(one, list) for one in found.values()):
        lengths = {len(one) for one in found.values()}
        if len(lengths) == 1:
            return Table({name: list(values) for name, values in found.items()})
    return _records(found)


def _records(rows: Any) -> Table:
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise NoTable("it is no list of records")
    names = dict.fromkeys(name for row in rows for name in row)
    return Table({name: [row.get(name) for row in rows] for name in names})


def _array(content: bytes) -> Table:
    import numpy

    array = numpy.load(io.BytesIO(content), allow_pickle=False)
    if not hasattr(array, "dtype"):  # several arrays in a zip
        parts = {name: array[name] for name in array.files}
    elif array.dtype.names:
        parts = {name: array[name] for name in array.dtype.names}
    elif array.ndim == 2 and array.shape[1] <= 100:
        parts = {f"[:, {at}]": array[:, at] for at in range(array.shape[1])}
    else:
        parts = {"values": array.reshape(-1)}
    if len({len(part.reshape(-1)) for part in parts.values()}) > 1:
        raise NoTable("its arrays have different lengths")
    return Table({name: part.reshape(-1).tolist() for name, part in parts.items()})


def _arrow(content: bytes) -> Table:
    from pyarrow import BufferReader, parquet

    return Table(parquet.read_table(BufferReader(content)).to_pydict())


def _feather(content: bytes) -> Table:
    from pyarrow import BufferReader, feather

    return Table(feather.read_table(BufferReader(content)).to_pydict())


_READERS: dict[str, Callable[[bytes], Table]] = {
    "csv": _separated(None),
    "tsv": _separated("\t"),
    "tab": _separated("\t"),
    "jsonl": _json_lines,
    "ndjson": _json_lines,
    "json": _json,
    "npy": _array,
    "npz": _array,
    "parquet": _arrow,
    "feather": _feather,
}
