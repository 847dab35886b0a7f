"""Readers and writers that no audit event tells of are seen through their wrappers, which nobody else notices."""

from __future__ import annotations

import inspect
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.csv
import pyarrow.dataset
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet
import pytest

from mm_jupyter.kernel import files

pytestmark = [  # the cells here leave their files open, as users' cells do
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    frame = pandas.DataFrame({"x": [1, 2]})
    frame.to_csv("a.csv", index=False)
    frame.to_parquet("a.parquet")
    files.watch()
    yield tmp_path
    files.end(tmp_path)


_NAMES: dict[str, Any] = {
    "pd": pandas,
    "pl": polars,
    "pa": pyarrow,
    "pq": pyarrow.parquet,
    "duckdb": duckdb,
    "frame": pandas.DataFrame({"x": [1, 2]}),
    "table": pyarrow.table({"x": [1, 2]}),
    "lazy": polars.LazyFrame({"x": [1, 2]}),
}


@pytest.mark.parametrize(
    ("source", "reads", "writes"),
    [
        ("pd.read_parquet('a.parquet')", ["a.parquet"], []),
        ("frame.to_parquet('b.parquet')", [], ["b.parquet"]),
        ("pq.read_table('a.parquet')", ["a.parquet"], []),
        ("pq.ParquetFile('a.parquet').read()", ["a.parquet"], []),
        ("pq.read_schema('a.parquet')", ["a.parquet"], []),
        ("pq.write_table(table, where='b.parquet')", [], ["b.parquet"]),
        ("pa.csv.read_csv('a.csv')", ["a.csv"], []),
        ("pa.csv.write_csv(table, 'b.csv')", [], ["b.csv"]),
        ("pa.feather.write_feather(table, 'b'); pa.feather.read_table('b')", [], ["b"]),
        ("pa.orc.write_table(table, 'b.orc')", [], ["b.orc"]),
        (
            "pa.dataset.dataset('.', format='parquet', exclude_invalid_files=True)",
            ["a.csv", "a.parquet"],
            [],
        ),
        ("pa.dataset.write_dataset(table, 'd', format='parquet')", [], ["d/part-0.parquet"]),
        ("pl.read_csv('a.csv')", ["a.csv"], []),
        ("pl.scan_parquet('*.parquet').collect()", ["a.parquet"], []),
        ("pl.read_parquet(['a.parquet', 'a.parquet'])", ["a.parquet"], []),
        ("lazy.collect().write_parquet('b')", [], ["b"]),
        ("lazy.sink_csv('b')", [], ["b"]),
        ("lazy.collect().write_csv(file='b')", [], ["b"]),
        ("duckdb.sql(\"select * from 'a.csv'\").fetchall()", ["a.csv"], []),
        ("duckdb.sql(\"select * from read_parquet('*.parquet')\").fetchall()", ["a.parquet"], []),
        ("duckdb.connect().execute('select * from \"a.csv\"')", ["a.csv"], []),
        ("duckdb.read_csv('a.csv').to_parquet('b')", ["a.csv"], ["b"]),
        ("duckdb.sql(\"copy (select 'a' as x) to 'b.csv'\")", [], ["b.csv"]),
        (
            "c = duckdb.connect('d.db'); c.execute('create table t as select 1'); c.close()",
            [],
            ["d.db"],
        ),
        ("pl.read_csv(b'x\\n1\\n')", [], []),
    ],
)
def test_a_reader_or_writer_is_seen(
    root: Path, source: str, reads: list[str], writes: list[str]
) -> None:
    files.begin()
    exec(source, dict(_NAMES))
    seen = files.end(root)

    assert sorted(path.relative_to(root).as_posix() for path in seen.reads) == reads
    assert [path.relative_to(root).as_posix() for path in seen.writes] == writes


def test_an_address_is_asked_for_and_is_no_file(root: Path) -> None:
    files.begin()
    with pytest.raises(Exception, match=r"(?s).+"):
        pyarrow.dataset.dataset("nosuch://bucket.example/a.parquet")
    seen = files.end(root)

    assert [(one.kind, one.name) for one in seen.asked] == [("network", "bucket.example")]
    assert seen.reads == ()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (pyarrow.parquet, "read_table"),
        (pyarrow.csv, "read_csv"),
        (polars, "read_csv"),
        (polars, "scan_parquet"),
        (duckdb, "sql"),
        (pyarrow.feather, "read_table"),
        (pyarrow.dataset, "dataset"),
    ],
)
def test_a_wrapper_passes_for_the_function(root: Path, module: Any, name: str) -> None:
    function = getattr(module, name)
    real = getattr(function, "__wrapped__", function)

    assert function.__doc__ == real.__doc__
    assert inspect.signature(function) == inspect.signature(real)
    for one in (function, real):  # a user may have imported the real one before us
        assert pickle.loads(pickle.dumps(one)) is one


def test_a_reader_fails_in_its_own_words(root: Path) -> None:
    files.begin()
    with pytest.raises(FileNotFoundError, match="nowhere"):
        pyarrow.parquet.read_table("nowhere.parquet")
    with pytest.raises(TypeError, match="positional"):
        pyarrow.parquet.read_table()
    assert files.end(root).reads == ()


def test_the_cell_that_imports_a_library_is_watched_too_and_a_guard_can_refuse_its_writes(
    root: Path,
) -> None:
    program = """
import sys
from pathlib import Path
from mm_jupyter.kernel import files
files.watch()
assert not {"polars", "pyarrow", "duckdb"} & sys.modules.keys()
files.begin()
import polars
polars.read_csv("a.csv")
import pyarrow.parquet as pq
table = pq.read_table("a.parquet")
import duckdb
duckdb.sql("copy (select 1) to 'b.csv'")
seen = files.end(Path.cwd())
assert sorted(path.name for path in seen.reads) == ["a.csv", "a.parquet"], seen
assert [path.name for path in seen.writes] == ["b.csv"], seen

def refuse(event, args):
    if event == "open" and args[2] & 3 and str(args[0]).endswith("no.parquet"):
        raise PermissionError("refused")

sys.addaudithook(refuse)
try:
    pq.write_table(table, "no.parquet")
except PermissionError:
    print("refused")
"""
    result = subprocess.run(
        [sys.executable, "-c", program], check=True, timeout=120, capture_output=True, text=True
    )

    assert result.stdout == "refused\n"
    assert not os.path.exists("no.parquet")


def test_workers_of_joblib_are_processes(root: Path) -> None:
    joblib = pytest.importorskip("joblib")
    files.begin()
    joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(number) for number in range(2))
    seen = files.end(root)

    assert {one.kind for one in seen.asked} == {"process"}
