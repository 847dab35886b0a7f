"""A store is made once, brought up to date whole or not at all, and says why it cannot be used."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import inspect

from mm_jupyter.errors import StoreDamaged, StoreError, StoreLocked, StoreReadOnly, StoreTooNew
from mm_jupyter.records import RunOpening, RunRef, Session, SessionId
from mm_jupyter.store import Store, connect, opening
from mm_jupyter.store.ddl import TABLES
from mm_jupyter.store.migrations.upgrade import HERE, upgrade
from mm_jupyter.store.opening import HEAD
from mm_jupyter.store.schema import metadata, sqlite_ddl

MIGRATION = """
from alembic import op

revision = "{number:04}"
down_revision = "{before:04}"


def upgrade() -> None:
    op.execute("CREATE TABLE made_by_{number} (n INTEGER)")
    {then}
"""


def versions(folder: Path, *then: str) -> Path:
    """The packaged migrations and one more for each of ``then``."""
    folder.mkdir()
    for path in (HERE / "versions").glob("*.py"):
        (folder / path.name).write_text(path.read_text())
    for number, line in enumerate(then, int(HEAD) + 1):
        text = MIGRATION.format(number=number, before=number - 1, then=line)
        (folder / f"{number:04}_more.py").write_text(text)
    return folder


def state(store: Store) -> tuple[str, set[str]]:
    """The noted revision, and the tables that are not in our schema."""
    with store._database.read() as tx:
        row = tx.one("SELECT version_num FROM alembic_version")
    assert row is not None
    tables = inspect(store._database.engine).get_table_names()
    return row[0], {name for name in tables if name.startswith("made_by")}


def test_a_store_that_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no store"):
        Store.open(tmp_path / ".mm")
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_our_tables_is_no_store(place: Path | str) -> None:
    if isinstance(place, Path):
        place.mkdir()
        sqlite3.connect(place / "store.db").close()
    with pytest.raises(StoreError, match="There is no store"):
        Store.open(place)


def test_all_tables_are_there_and_no_other(store: Store) -> None:
    tables = set(inspect(store._database.engine).get_table_names())
    assert tables - {"sqlite_sequence"} == set(metadata.tables)
    assert state(store) == (HEAD, set())


def test_the_statements_that_make_a_store_are_those_of_the_schema() -> None:
    """Where this fails: python -m mm_jupyter.store.schema >mm_jupyter/store/ddl.py"""
    assert sqlite_ddl() == TABLES


def test_a_kernel_needs_no_sqlalchemy(tmp_path: Path) -> None:
    code = (
        "import sys; from mm_jupyter.store import Store; import mm_jupyter.magics\n"
        f"store = Store.open({str(tmp_path / '.mm')!r}, create=True)\n"
        "store.watch().close()\nassert store.fsck() == ()\nstore.close()\n"
        f"Store.open({str(tmp_path / '.mm')!r}).close()\n"
        "sys.exit('sqlalchemy' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_processes_that_make_it_at_once_make_one(place: Path | str) -> None:
    opened: list[Store] = []
    threads = [
        threading.Thread(target=lambda: opened.append(Store.open(place, create=True)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 6
    for store in opened:
        store.close()


# It cannot reflect the index on the beginning of a text; the tables are what differs.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection")
def test_a_store_of_the_first_version_becomes_what_a_new_one_is(store: Store, hand: Any) -> None:
    ref = hand.run(metrics={"auc": 0.5})
    engine = store._database.engine
    new = shape(store)
    with engine.begin() as connection:
        for table in ("jobs", "batches", "noises"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql("ALTER TABLE metrics DROP COLUMN deviation")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    assert shape(store) != new
    upgrade(engine)
    assert shape(store) == new
    assert store.fsck() == ()
    row = store.row(ref)
    assert (row.metrics, row.noise) == ({"auc": 0.5}, {})


def shape(store: Store) -> dict[str, Any]:
    """Columns, indexes and foreign keys of every table."""
    found = inspect(store._database.engine)
    return {
        table: (
            [(one["name"], str(one["type"]), one["nullable"]) for one in found.get_columns(table)],
            sorted(str(one["name"]) for one in found.get_indexes(table)),
            [(one["constrained_columns"], one["options"]) for one in found.get_foreign_keys(table)],
        )
        for table in found.get_table_names()
    }


def test_migrations_run_in_order_and_are_noted(store: Store, hand: Any, tmp_path: Path) -> None:
    ref = hand.run()
    upgrade(store._database.engine, versions(tmp_path / "v", "pass", "pass"))
    assert state(store) == (f"{int(HEAD) + 2:04}", {f"made_by_{int(HEAD) + n}" for n in (1, 2)})
    assert store.row(ref).ref == ref


def test_a_migration_that_fails_half_way_leaves_the_store_as_it_was(
    store: Store, hand: Any, place: Path | str, tmp_path: Path
) -> None:
    ref = hand.run()
    broken = versions(tmp_path / "broken", "pass", "raise ValueError('half way')")
    with pytest.raises(ValueError, match="half way"):
        upgrade(store._database.engine, broken)
    assert state(store) == (HEAD, set())
    again = Store.open(place)
    assert again.row(ref).ref == ref
    again.close()
    upgrade(store._database.engine, versions(tmp_path / "mended", "pass"))
    assert state(store)[1] == {f"made_by_{int(HEAD) + 1}"}


def test_an_older_store_is_brought_up_to_date_by_opening(
    store: Store, place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(opening, "HEAD", "9999")
    monkeypatch.setattr(
        "mm_jupyter.store.migrations.upgrade.upgrade",
        lambda engine: seen.append(engine.dialect.name),
    )
    Store.open(place).close()
    assert seen == [store._database.engine.dialect.name]


def test_a_newer_store_is_refused(store: Store, place: Path | str) -> None:
    with store._database.write() as tx:
        tx.run("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreTooNew, match="schema 9999"):
        Store.open(place)


def test_opening_and_writing_import_no_alembic(tmp_path: Path) -> None:
    Store.open(tmp_path / ".mm", create=True).close()
    code = (
        "import sys\n"
        "from mm_jupyter.store import Store\n"
        "store = Store.open(sys.argv[1])\n"
        "store.runs()\n"
        "store.writer(who='x').put(b'x')\n"
        "heavy = {'alembic', 'numpy', 'pandas', 'psycopg', 'sqlalchemy.orm',\n"
        "         'sqlalchemy.dialects.postgresql', 'mm_jupyter.store.schema'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / ".mm")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_a_locked_store_says_so_after_its_patience(local: Store, local_hand: Any) -> None:
    assert local.folder is not None
    impatient = Store.open(local.folder, patience=0.1)
    with local._database.write(), pytest.raises(StoreLocked, match=r"locked .* 0\.1 s"):
        impatient.writer(who="x").set_note(RunRef("churn", 1), "a")
    impatient.close()


def test_a_postgres_store_that_is_locked_says_so(postgres: Any) -> None:
    url = postgres()
    store, impatient = Store.open(url, create=True), Store.open(url, patience=0.1)
    with store._database.write(), pytest.raises(StoreLocked):
        impatient.writer(who="x").set_note(RunRef("churn", 1), "a")
    store.close()
    impatient.close()


def test_a_password_is_never_shown(postgres: Any) -> None:
    url = str(postgres()).replace("postgres:@", "postgres:secret@")
    store = Store.open(url, create=True)
    assert "secret" not in store.place
    store.close()


def test_a_full_disk_is_named_and_leaves_the_store_whole(local: Store, local_hand: Any) -> None:
    ref = local_hand.run()
    before = local.audit()
    with local._database.read() as tx:
        pages = tx.one("PRAGMA page_count")
    assert pages is not None
    local._database._pool.close()  # type: ignore[union-attr]
    local._database.outside(f"PRAGMA max_page_count = {pages[0]}")
    with pytest.raises(StoreReadOnly, match="full"):
        local_hand.run(params={"p": "x" * 1_000_000})
    local._database._pool.close()  # type: ignore[union-attr]
    assert local.row(ref).ref == ref
    assert [entry.what for entry in local.audit()][: len(before)] == [
        entry.what for entry in before
    ]
    assert local.fsck() == ()
    assert local_hand.run().version == 3


@pytest.mark.parametrize(("free", "says"), [(0, "no space is left"), (10**9, "disk I/O error")])
def test_an_index_without_room_names_the_full_disk(
    local: Store, monkeypatch: pytest.MonkeyPatch, free: int, says: str
) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"
    monkeypatch.setattr(
        connect.shutil, "disk_usage", lambda _: SimpleNamespace(total=10**9, used=0, free=free)
    )
    with pytest.raises(StoreReadOnly, match=says), local._database.speaking():
        raise error


@pytest.mark.parametrize("harm", ["no database", "cut", "zeros"])
def test_a_damaged_database_is_named(local: Store, local_hand: Any, harm: str) -> None:
    for number in range(50):
        local_hand.run(params={"p": "x" * 1000, "n": number})
    assert local.folder is not None
    local._database.outside("PRAGMA wal_checkpoint(TRUNCATE)")
    local.close()
    path = local.folder / "store.db"
    data = path.read_bytes()
    path.write_bytes(
        {
            "no database": b"hello" * 1000,
            "cut": data[: len(data) // 2],
            "zeros": data[:8192] + bytes(len(data) - 8192),
        }[harm]
    )
    with pytest.raises(StoreDamaged, match="is damaged") as raised:
        everything(local.folder)
    assert str(local.folder) in str(raised.value)


def everything(folder: Path) -> None:
    store = Store.open(folder)
    try:
        store.runs()
        store.audit()
    finally:
        store.close()


READ_ONLY = """
import os, sys
from pathlib import Path
from mm_jupyter.errors import StoreReadOnly
from mm_jupyter.store import Store

folder = Path(sys.argv[1])
if os.geteuid() == 0:
    os.setuid(65534)
store = Store.open(folder)
print([str(row.ref) for row in store.runs()], store.read_only, store.sweep_crashed())
try:
    store.writer(who="x").set_note(store.runs()[0].ref, "a")
except StoreReadOnly as error:
    print(error)
try:
    Store.open(folder / "deeper", create=True)
except StoreReadOnly as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders are not read-only there")
@pytest.mark.parametrize("open_elsewhere", [False, True])
def test_a_read_only_store_can_be_read(open_folder: Path, open_elsewhere: bool) -> None:
    """Also while its owner writes. The child is no super-user, to whom nothing is read-only."""
    folder = open_folder / f"read-only-{open_elsewhere}"
    store = Store.open(folder, create=True)
    writer = store.writer(who="ada")
    session = Session(
        id=SessionId("s"), notebook=None, started=1.0, user="u", host="h", pid=1, cwd="."
    )
    writer.open_session(session)
    writer.open_run(
        RunOpening(
            experiment="churn",
            kind="cell",
            session=session.id,
            seq=1,
            cell_id=None,
            started=1.0,
            source="x",
            environment=None,
        ),
        (),
    )
    if not open_elsewhere:
        store.close()
    folder.chmod(0o555)
    try:
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        folder.chmod(0o755)
        store.close()
    assert done.returncode == 0, done.stderr
    rows, note, made = done.stdout.splitlines()
    assert rows == "['churn/1'] True ()"
    assert note == f"The store {folder} cannot be written: its folder is read-only for you."
    assert made.endswith("cannot be written: Permission denied.")
