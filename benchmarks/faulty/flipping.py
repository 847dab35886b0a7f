"""A byte of the store flipped on disk: what fsck says, what readers get."""

from __future__ import annotations

import collections
import hashlib
import json
import random
import shutil
import sqlite3
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from faulty.processes import fork
from faulty.working import Say, content, write
from mm_jupyter.store import Store

LIMIT = 60.0
"""Seconds that looking at a damaged store may take."""


def model_store(folder: Path) -> dict[str, str]:
    """A store with sessions, runs, points, blobs in rows and packs: ``model`` beside ``folder`` with what is newest
    still in its WAL, ``closed`` with all of it in the database. Returns what it holds, by part.
    """

    def work(_: Say) -> None:
        store = Store.open(folder, create=True)
        write(store, "m0", range(24), lambda _: None)
        store.close()
        store = Store.open(folder)
        write(store, "m1", range(6), lambda _: None)
        shutil.copytree(folder, folder.with_name("model"))  # before the last connection empties it

    maker = fork(work)
    if maker.wait():
        raise RuntimeError(maker.raised)
    shutil.rmtree(folder)
    copy = folder.with_name("closed")
    shutil.copytree(folder.with_name("model"), copy)
    found: dict[str, str] = {}
    looker = fork(lambda say: say({"verb": "held", "held": held(copy)}))
    while looker.hear(10):
        pass
    looker.wait()
    found.update(_said(looker, "held"))
    return found


def _said(child: Any, key: str) -> Any:
    return next(said[key] for said in child.said if key in said)


def held(folder: Path) -> dict[str, str]:
    """What a store holds as its readers give it: a digest for each part, blobs by their own bytes."""
    store = Store.open(folder)
    parts: dict[str, Any] = {
        "runs": [asdict(row) for row in store.runs()],
        "audit": [asdict(entry) for entry in store.audit()],
        "sessions": [asdict(session) for session in store.sessions()],
        "experiments": store.experiments(),
        "names": [store.names(table) for table in ("metrics", "params", "tags")],
    }
    parts["executions"] = [
        asdict(one) for session in store.sessions() for one in store.executions(session.id)
    ]
    runs = [store.run(row.ref) for row in store.runs()]
    parts["run"] = [asdict(run) for run in runs]
    parts["points"] = [asdict(chunk) for run in runs for chunk in store.series(run.row.id)]
    parts["verdicts"] = [store.verdicts(run.row.ref) for run in runs]
    for run in runs:
        for artifact in run.artifacts:
            _right(run.source, store.read_blob(artifact.content))
    store.close()
    return {name: _digest(part) for name, part in parts.items()}


def _right(source: str, data: bytes) -> None:
    """What is not the right bytes must not be given. Its source says what they are, where it is itself whole."""
    name, number = source.partition("# ")[2], source.removeprefix("x = ").split()[0]
    if number.isdigit() and name in ("m0", "m1") and data != content(name, int(number)):
        raise WrongBytes(source)


class WrongBytes(Exception):
    """A reader gave other bytes than were kept."""


def _digest(part: Any) -> str:
    text = json.dumps(part, default=str, sort_keys=True)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def rows_of(folder: Path) -> dict[str, str]:
    """A digest of each table as SQLite itself gives it; "unreadable" where it does not."""
    found = {}
    try:
        with closing(sqlite3.connect(folder / "store.db")) as database:
            database.text_factory = bytes
            sql = "SELECT name, sql FROM sqlite_master ORDER BY name"
            found["sqlite_master"] = _digest(database.execute(sql).fetchall())
            tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            for (table,) in database.execute(tables).fetchall():
                rows = database.execute(f'SELECT * FROM "{table.decode()}"').fetchall()
                found[table.decode()] = _digest(sorted(map(repr, rows)))
    except (sqlite3.Error, UnicodeDecodeError):
        found["unreadable"] = "yes"
    return found


def flips(folder: Path, count: int, rng: random.Random, progress: Any) -> dict[str, object]:
    """``count`` times one byte of a copy changed, in the database, its WAL and the packs in turn."""
    before, copy = model_store(folder / "made"), folder / "copy"
    rows = rows_of(folder / "closed")
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    unseen: collections.Counter[str] = collections.Counter()
    wrong: list[str] = []
    for number in range(count):
        shutil.copytree(folder / ("model" if number % 4 == 1 else "closed"), copy)
        kind, where = _flip(copy, number, rng)
        result, why = _looked(copy, before, rows)
        counts[kind][result] += 1
        if result in ("unseen", "refused, not found"):
            unseen.update(why)
        known = result == "unseen" and why == [
            "table audit"
        ]  # it has no second record: docs/faults.md
        if result not in ("found", "unused") and not known:
            wrong.append(f"flip {number} ({kind} {where}): {result} {why}")
        shutil.rmtree(copy)
        progress(f"flip {number + 1} of {count}, {len(wrong)} wrong, {unseen.total()} unseen")
    return {
        "flips": count,
        "counts": {kind: dict(found) for kind, found in counts.items()},
        "unseen": dict(unseen.most_common()),
        "wrong": wrong,
    }


def _flip(copy: Path, number: int, rng: random.Random) -> tuple[str, str]:
    """Change a byte of the database twice in four times, of the WAL and of a pack once each."""
    packs = sorted((copy / "packs").iterdir())
    kind = ("database", "wal", "database", "pack")[number % 4]
    path = {
        "database": copy / "store.db",
        "wal": copy / "store.db-wal",
        "pack": rng.choice(packs),
    }[kind]
    data = bytearray(path.read_bytes())
    at = rng.randrange(len(data))
    data[at] ^= rng.randrange(1, 256)
    path.write_bytes(data)
    (copy / "store.db-shm").unlink(missing_ok=True)  # as after the machine was off
    return kind, f"byte {at} of {len(data)}"


def _looked(copy: Path, before: dict[str, str], rows: dict[str, str]) -> tuple[str, Any]:
    """What fsck and readers make of a changed copy, in a process of its own."""
    now = _rows_in_a_copy(copy)

    def work(say: Say) -> None:
        _say_errors(say, "faults", lambda: _fsck(copy))
        _say_errors(say, "held", lambda: held(copy))

    child = fork(work)
    if child.wait(LIMIT) != 0:
        return ("hang" if child.status == -9 else "traceback"), [s["trace"] for s in child.raised]
    told = {key: value for said in child.said for key, value in said.items()}
    for key in ("faults raised", "held raised"):
        if key in told and "MmError" not in told[key]["bases"]:
            wrong = told[key]["type"] == "WrongBytes"
            return ("wrong bytes" if wrong else "traceback"), told[key]["trace"]
    if "faults raised" in told or told["faults"]:
        return "found", None
    if "held raised" in told:
        return "refused, not found", [told["held raised"]["sentence"]]
    if told["held"] == before and now == rows:
        return "unused", None
    differs = [f"table {name}" for name in rows if now.get(name) != rows[name]]
    differs = differs or [f"part {name}" for name in before if told["held"][name] != before[name]]
    return "unseen", differs


def _rows_in_a_copy(copy: Path) -> dict[str, str]:
    """Looked at aside: the look itself takes the WAL into the database."""
    aside = copy.with_name("aside")
    shutil.copytree(copy, aside)
    try:
        return rows_of(aside)
    finally:
        shutil.rmtree(aside)


def _fsck(copy: Path) -> list[str]:
    store = Store.open(copy)
    try:
        return [str(fault) for fault in store.fsck()]
    finally:
        store.close()


def _say_errors(say: Say, key: str, work: Any) -> None:
    import traceback

    try:
        say({"verb": "looked", key: work()})
    except Exception as error:  # noqa: BLE001 - what it is, is what is asked
        bases = [base.__name__ for base in type(error).__mro__]
        said = {"type": type(error).__name__, "sentence": str(error), "bases": bases}
        say({"verb": "looked", f"{key} raised": {**said, "trace": traceback.format_exc()[-900:]}})
