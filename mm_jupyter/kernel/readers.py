"""Readers and writers that open files in C++ or Rust, where no audit event tells: wrapped, they raise Python's own.

A wrapper raises the event ``open`` (``sqlite3.connect`` for a database, ``urllib.Request`` for an address) for the
paths that it was given and calls the real function. So every audit hook sees these files, also one that refuses
writes. Signature, name, documentation and pickling by reference stay.
"""

from __future__ import annotations

import contextlib
import functools
import glob
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any, Literal, NamedTuple

from mm_jupyter.kernel import audit
from mm_jupyter.kernel.importing import after_import

_Role = Literal["read", "write", "tree", "database", "sql", "process"]
_MOST_FILES = 10_000
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_LITERAL = re.compile(
    r"""(?:\b(TO|ATTACH|DATABASE)\s+)?(?:'((?:[^']|'')*)'|"([^"]*)")""", re.IGNORECASE
)


class _Rule(NamedTuple):
    """``owner`` is a class of the module, or empty; the path is argument number ``position`` or one of ``names``."""

    owner: str
    function: str
    role: _Role
    position: int
    names: tuple[str, ...]


def _rules(
    role: _Role, functions: str, position: int, names: str, owner: str = ""
) -> tuple[_Rule, ...]:
    return tuple(
        _Rule(owner, function, role, position, tuple(names.split()))
        for function in functions.split()
    )


_POLARS = (
    *_rules(
        "read",
        "read_avro read_csv read_excel read_ipc read_ipc_schema read_ipc_stream read_json read_lines read_ndjson "
        "read_ods read_parquet read_parquet_metadata read_parquet_schema read_delta scan_csv scan_delta scan_ipc "
        "scan_lines scan_ndjson scan_parquet read_csv_batched",
        0,
        "source",
    ),
    *_rules(
        "write",
        "write_avro write_csv write_ipc write_ipc_stream write_json write_ndjson write_parquet",
        1,
        "file",
        "DataFrame",
    ),
    *_rules("write", "write_excel", 1, "workbook", "DataFrame"),
    *_rules("write", "sink_csv sink_ipc sink_ndjson sink_parquet", 1, "path", "LazyFrame"),
)
_SQL = "sql query execute executemany from_query query_df"
_FILES = "read_csv read_parquet read_json from_csv_auto from_parquet"
_FILE_ARGUMENTS = "path_or_buffer file_glob file_globs name"
_CONNECTION = "DuckDBPyConnection"
_DUCKDB = (
    *_rules("database", "connect", 0, "database"),
    *_rules("sql", _SQL, 0, "query"),
    *_rules("sql", _SQL, 1, "query", _CONNECTION),
    *_rules("read", _FILES, 0, _FILE_ARGUMENTS),
    *_rules("read", _FILES, 1, _FILE_ARGUMENTS, _CONNECTION),
    *_rules("write", "write_csv", 1, "filename file_name"),
    *_rules(
        "write",
        "to_csv to_parquet write_csv write_parquet",
        1,
        "file_name filename",
        "DuckDBPyRelation",
    ),
)
_PARQUET = (
    *_rules("read", "__init__", 1, "path_or_paths", "ParquetDataset"),
    *_rules("read", "__init__", 1, "source", "ParquetFile"),
    *_rules("write", "__init__", 1, "where", "ParquetWriter"),
    *_rules("read", "read_table", 0, "source"),
    *_rules("read", "read_metadata read_schema", 0, "where"),
    *_rules("write", "write_table write_metadata", 1, "where"),
)
# A function is replaced where it is public and nowhere else: one that the user imported before is still found by
# pickle where it was defined. Of a module that defines its public functions itself, inner ones are wrapped.
_TABLE: dict[str, tuple[_Rule, ...]] = {
    "pandas": _rules("write", "to_parquet to_orc", 1, "path", "DataFrame"),
    "pyarrow.parquet": _PARQUET,
    "pyarrow.csv": (
        *_rules("read", "read_csv open_csv", 0, "input_file"),
        *_rules("write", "write_csv", 1, "output_file"),
    ),
    "pyarrow.json": _rules("read", "read_json open_json", 0, "input_file"),
    "pyarrow._feather": (
        *_rules("read", "FeatherReader", 0, "source"),
        *_rules("write", "write_feather", 1, "dest"),
    ),
    "pyarrow.orc": (
        *_rules("read", "__init__", 1, "source", "ORCFile"),
        *_rules("write", "__init__", 1, "where", "ORCWriter"),
    ),
    "pyarrow.dataset": (
        *_rules("read", "_filesystem_dataset", 0, "source"),
        *_rules("tree", "_filesystemdataset_write", 1, "base_dir"),
    ),
    "pyarrow": _rules("database", "memory_map", 0, "path"),
    "polars": _POLARS,
    "duckdb": _DUCKDB,
    "h5py._hl.files": _rules("database", "__init__", 1, "name", "File"),
    "torch": _rules("write", "save", 1, "f"),
    "joblib.externals.loky.backend.fork_exec": _rules("process", "fork_exec", 0, "cmd"),
    "multiprocessing.util": _rules("process", "spawnv_passfds", 0, "path"),
}

_installed: set[str] = set()


def install() -> None:
    """Wrap what is loaded, and the rest as soon as it is imported; again is harmless."""
    for name, rules in _TABLE.items():
        if name not in _installed:
            _installed.add(name)
            after_import(name, functools.partial(_wrap_all, rules=rules))


def _wrap_all(module: ModuleType, rules: tuple[_Rule, ...]) -> None:
    for rule in rules:
        # What this version does not have, or does not let go of, stays as it is.
        with contextlib.suppress(AttributeError, TypeError):
            owner = getattr(module, rule.owner) if rule.owner else module
            real = getattr(owner, rule.function)
            wrapper: Any = _wrapped(real, rule)
            if not rule.owner:
                wrapper.__module__, wrapper.__qualname__ = module.__name__, rule.function
            setattr(owner, rule.function, wrapper)


def _wrapped(real: Callable[..., Any], rule: _Rule) -> Callable[..., Any]:
    announce = _ANNOUNCE[rule.role]

    @functools.wraps(real)
    def call(*args: Any, **kwargs: Any) -> Any:
        given = _argument(rule, args, kwargs)
        if given is None:
            return real(*args, **kwargs)
        done = announce(given)
        result = real(*args, **kwargs)
        if done is not None:
            done()
        return result

    return call


def _argument(rule: _Rule, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if len(args) > rule.position:
        return args[rule.position]
    return next((kwargs[name] for name in rule.names if name in kwargs), None)


def _announce_read(given: Any) -> None:
    for path in _paths(given):
        sys.audit("open", path, "rb", os.O_RDONLY)


def _announce_write(given: Any) -> None:
    for path in _texts(given):
        if not _is_address(path):
            sys.audit("open", _local(path), "wb", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)


def _announce_tree(given: Any) -> Callable[[], None] | None:
    """A writer that chooses the names of its files in a folder: what is new there afterwards is its work."""
    for folder in _texts(given):
        if not _is_address(folder):
            top = os.path.abspath(_local(folder))
            sys.audit("open", os.path.join(top, "part"), "wb", os.O_WRONLY | os.O_CREAT)
            old = {path: audit.signature(path) for path in _files_in(top)}
            return functools.partial(_announce_new, top, old)
    return None


def _announce_new(top: str, old: dict[str, audit.Signature | None]) -> None:
    for path in _files_in(top):
        if audit.signature(path) != old.get(path):
            audit.wrote(path)


def _announce_database(given: Any) -> None:
    for path in _texts(given):
        if path and not path.startswith(":memory:") and not _is_address(path):
            sys.audit("sqlite3.connect", path)


def _announce_sql(given: Any) -> None:
    """Paths stand in SQL as literals: those that are files are read, the target of COPY, EXPORT and ATTACH is not."""
    text = given if isinstance(given, str) else getattr(given, "query", None)
    for match in _LITERAL.finditer(text) if isinstance(text, str) else ():
        word = (match[1] or "").upper()
        path = (match[2] or match[3] or "").replace("''", "'")
        if not path or len(path) > 4096 or "\n" in path:
            continue
        if word == "ATTACH" or (word == "DATABASE" and os.path.isfile(path)):
            _announce_database(path)
        elif word in ("TO", "DATABASE"):
            _announce_write(path)
        else:
            _announce_read(path)


def _announce_process(given: Any) -> None:
    command = list(given) if isinstance(given, (list, tuple)) else [given]
    sys.audit("subprocess.Popen", command[0], command, None, None)


_ANNOUNCE: dict[_Role, Callable[[Any], Callable[[], None] | None]] = {
    "read": _announce_read,
    "write": _announce_write,
    "tree": _announce_tree,
    "database": _announce_database,
    "sql": _announce_sql,
    "process": _announce_process,
}


def _texts(given: Any) -> Iterator[str]:
    """The texts among what a reader was given as its source: a path, or many."""
    if isinstance(given, (str, os.PathLike)):
        with contextlib.suppress(Exception):  # a path of the user's own class
            yield os.fsdecode(given)
    elif isinstance(given, (list, tuple, set)):
        for part in given:
            yield from _texts(part)


def _paths(given: Any) -> Iterable[str]:
    """The files behind a source: of a folder all, of a pattern those that fit. An address is announced on the way."""
    found: list[str] = []
    for text in _texts(given):
        if _is_address(text):
            sys.audit("urllib.Request", text, None, {}, "GET")
            continue
        path = _local(text)
        if len(path) > 4096 or "\0" in path:
            continue
        if os.path.isdir(path):
            found += _files_in(path)
        elif os.path.isfile(path):
            found.append(path)
        elif any(sign in path for sign in "*?["):
            found += [path for path in glob.iglob(path, recursive=True) if os.path.isfile(path)]
    return found[:_MOST_FILES]


def _files_in(folder: str) -> list[str]:
    return [os.path.join(top, name) for top, _, names in os.walk(folder) for name in names][
        :_MOST_FILES
    ]


def _is_address(text: str) -> bool:
    scheme = _ADDRESS.match(text)
    return scheme is not None and scheme[1].lower() != "file"


def _local(text: str) -> str:
    return re.sub(r"^file:(?://)?", "", os.path.expanduser(text))
