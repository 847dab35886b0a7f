"""Tables are read from the files that people keep them in, and what changed in them is counted by rows and columns."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy
import pandas
import pytest

from mm_jupyter.analysis.tables import NoTable, Table, compare_tables, read_table

FRAME = pandas.DataFrame({"id": [1, 2, 3], "plan": ["a", "b", "a"], "spend": [1.5, None, 2.5]})


def _bytes(kind: str) -> bytes:
    buffer = io.BytesIO()
    match kind:
        case "csv":
            return FRAME.to_csv(index=False).encode()
        case "tsv":
            return FRAME.to_csv(index=False, sep="\t").encode()
        case "csv.gz":
            import gzip

            return gzip.compress(FRAME.to_csv(index=False).encode())
        case "jsonl":
            return FRAME.to_json(orient="records", lines=True).encode()
        case "json":
            return FRAME.to_json(orient="records").encode()
        case "parquet":
            FRAME.to_parquet(buffer)
        case "feather":
            FRAME.to_feather(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["csv", "tsv", "csv.gz", "jsonl", "json", "parquet", "feather"])
def test_one_table_is_the_same_in_every_form(kind: str) -> None:
    table = read_table(f"data.{kind}", _bytes(kind))
    assert list(table.columns) == ["id", "plan", "spend"]
    assert table.columns["id"] == [1, 2, 3]
    assert table.columns["plan"] == ["a", "b", "a"]
    spend = table.columns["spend"]
    assert (spend[0], spend[2]) == (1.5, 2.5)
    assert spend[1] is None or spend[1] != spend[1]


@pytest.mark.parametrize(
    ("array", "columns"),
    [
        (numpy.arange(4), {"values": [0, 1, 2, 3]}),
        (numpy.array([[1.0, 2.0], [3.0, 4.0]]), {"[:, 0]": [1.0, 3.0], "[:, 1]": [2.0, 4.0]}),
        (numpy.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]), {"a": [1], "b": [2.5]}),
    ],
)
def test_arrays_are_tables_too(array: Any, columns: dict[str, list[Any]]) -> None:
    buffer = io.BytesIO()
    numpy.save(buffer, array)
    assert read_table("x.npy", buffer.getvalue()).columns == columns


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("notes.txt", b"a", "no table"),
        ("a.csv", b"", "empty"),
        ("a.csv", b"a,b\n1\n", "line 2 has another number of columns"),
        ("a.csv", b"\xff\xfe\x00", "cannot be read as csv"),
        ("a.csv.gz", b"abc", "cannot be unpacked"),
        ("a.json", b"[1, 2]", "no list of records"),
        ("a.json", b"{", "cannot be read as json"),
        ("a.npy", b"abc", "cannot be read as npy"),
        ("a.parquet", b"abc", "cannot be read as parquet"),
    ],
)
def test_what_is_no_table_says_why(name: str, content: bytes, why: str) -> None:
    with pytest.raises(NoTable, match=why):
        read_table(name, content)


def test_pickled_arrays_are_not_loaded() -> None:
    buffer = io.BytesIO()
    numpy.save(buffer, numpy.array([object()]), allow_pickle=True)
    with pytest.raises(NoTable, match="cannot be read"):
        read_table("x.npy", buffer.getvalue())


def _table(**columns: list[Any]) -> Table:
    return Table(columns)


def test_rows_are_told_apart_wherever_they_stand() -> None:
    old = _table(a=[1, 2, 3, 3], b=["x", "y", "z", "z"])
    new = _table(a=[3, 2, 9], b=["z", "y", "w"])
    found = compare_tables(old, new)
    assert found.rows == (4, 3)
    assert (found.added, found.removed, found.moved) == (1, 2, False)


def test_another_order_is_said() -> None:
    found = compare_tables(_table(a=[1, 2]), _table(a=[2, 1]))
    assert (found.added, found.removed, found.moved) == (0, 0, True)
    same = compare_tables(_table(a=[1, 2]), _table(a=[1, 2]))
    assert (same.added, same.removed, same.moved) == (0, 0, False)
    assert not same.columns[0].differs


def test_columns_that_came_and_went_do_not_make_rows_differ() -> None:
    found = compare_tables(_table(a=[1], b=[2]), _table(a=[1], c=[3]))
    assert (found.added, found.removed) == (0, 0)
    sides = {one.name: (one.old is None, one.new is None) for one in found.columns}
    assert sides == {"a": (False, False), "b": (False, True), "c": (True, False)}


def test_a_type_that_changed_is_a_change() -> None:
    (column,) = compare_tables(_table(a=[1, 2]), _table(a=["1", "2"])).columns
    assert column.old
    assert column.new
    assert (column.old.type, column.new.type) == ("integer", "text")
    assert column.differs


def test_a_distribution_in_numbers() -> None:
    values = [*range(1, 101), None]
    (column,) = compare_tables(_table(a=values), _table(a=[0, 200])).columns
    old = column.old
    assert old
    assert (old.count, old.missing, old.distinct) == (101, 1, 100)
    assert (old.low, old.high, old.mean) == (1, 100, 50.5)
    assert old.quartiles == tuple(numpy.quantile(range(1, 101), [0.25, 0.5, 0.75]))
    assert sum(old.bins) == 100
    assert old.bins[-1] == 0  # both sides share one scale


def test_a_distribution_in_words() -> None:
    (column,) = compare_tables(_table(a=["x", "x", "y", None]), _table(a=["z"])).columns
    assert column.old
    assert column.old.top == (("x", 2), ("y", 1))
    assert column.old.missing == 1


@pytest.mark.parametrize("value", [float("inf"), float("nan"), True, {"a": 1}, [1], ""])
def test_any_value_may_stand_in_a_column(value: Any) -> None:
    text = json.dumps([{"a": value}, {"a": 1}])
    table = read_table("a.json", text.encode())
    assert compare_tables(table, table).added == 0


def test_names_that_repeat_stay_apart() -> None:
    assert list(read_table("a.csv", b"x,x,y\n1,2,3\n").columns) == ["x", "x (2)", "y"]


def test_separators_are_found() -> None:
    assert read_table("a.csv", b"x;y\n1;2\n").columns == {"x": [1], "y": [2]}
