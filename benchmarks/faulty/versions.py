"""Two versions of the software on one store: an older one out of this repository's history, and this one."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from faulty.killing import after
from faulty.processes import Child, fork
from faulty.working import Told
from mm_jupyter.store import Store

CHECKOUT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parents[1]
NEWER = "mm_jupyter/store/migrations/versions/0002_noise.py"
"""The commit before this file came is the newest one whose schema is 0001."""
WRITE = """
import itertools, json, sys
from faulty.working import write
from mm_jupyter.store import Store
import mm_jupyter
assert mm_jupyter.__file__.startswith(sys.argv[1]), mm_jupyter.__file__
def say(said):
    print(json.dumps(said), flush=True)
try:
    store = Store.open(sys.argv[2], create=True)
    say({"verb": "made"})
    write(store, sys.argv[3], range(int(sys.argv[4])), say)
except Exception as error:
    say({"verb": "raised", "type": type(error).__name__, "sentence": str(error),
         "bases": [base.__name__ for base in type(error).__mro__]})
"""


def old_version(folder: Path) -> tuple[Path, str] | None:
    """The older package, unpacked, and its commit; None where this checkout has no history."""
    git = ["git", "-C", str(CHECKOUT)]
    log = [*git, "log", "--format=%H", "--diff-filter=A", "--", NEWER]
    found = subprocess.run(log, capture_output=True, text=True, check=False).stdout.split()
    if not found:
        return None
    commit = f"{found[-1]}~1"
    data = subprocess.run(
        [*git, "archive", commit, "mm_jupyter"], capture_output=True, check=True
    ).stdout
    place = folder / "old"
    place.mkdir()
    subprocess.run(["tar", "-x", "-C", str(place)], input=data, check=True)
    name = subprocess.run(
        [*git, "rev-parse", "--short", commit], capture_output=True, text=True, check=True
    )
    return place, name.stdout.strip()


def versions(folder: Path, rounds: int, rng: random.Random) -> dict[str, object]:
    """``rounds`` times: the old one writes, this one takes the store over while it does, the old one is refused."""
    old = old_version(folder)
    if old is None:
        return {"how": "not tried: no history here", "wrong": ["not tried"]}
    place, commit = old
    wrong: list[str] = []
    kept_on = stopped = 0
    for number in range(rounds):
        store, told = folder / f"versions{number}", Told()
        running = _old(place, store, f"v{number}", 60)
        _lines(running, told, 4)
        time.sleep(rng.random() * 0.1)
        killed = _killed_migration(store, rng) if number % 2 else None
        Store.open(store).close()
        raised = _lines(running, told, None)
        running.wait()
        stopped, kept_on = stopped + bool(raised), kept_on + (not raised)
        wrong += [f"round {number}: {said}" for said in raised if "MmError" not in said["bases"]]
        wrong += [f"round {number}: {said['trace']}" for said in (killed.raised if killed else [])]
        wrong += [f"round {number}: {why}" for why in after(store, told, f"n{number}")]
        wrong += [f"round {number}: {why}" for why in _refused(place, store)]
        shutil.rmtree(store)
    kept = {"went on": kept_on, "stopped with a sentence": stopped}
    return {"how": f"commit {commit}, schema 0001", "rounds": rounds, **kept, "wrong": wrong}


def _old(place: Path, store: Path, name: str, runs: int) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(place), str(HERE)])}
    return subprocess.Popen(
        [sys.executable, "-c", WRITE, str(place), str(store), name, str(runs)],
        stdout=subprocess.PIPE,
        text=True,
        env=env,
        cwd=place,
    )


def _lines(
    process: subprocess.Popen[str], told: Told, count: int | None
) -> list[dict[str, object]]:
    """Hear ``count`` lines, or all; what was raised is returned."""
    raised = []
    assert process.stdout is not None
    for number, line in enumerate(process.stdout, 1):
        said = told.hear(line)
        if said["verb"] == "raised":
            raised.append(said)
        if number == count:
            break
    return raised


def _killed_migration(store: Path, rng: random.Random) -> Child:
    """This version killed while it brings the store up to date."""
    child = fork(lambda _: Store.open(store).close())
    time.sleep(rng.random() * 0.4)
    child.kill()
    child.wait()
    return child


def _refused(place: Path, store: Path) -> list[str]:
    """The old version opens the new store: one sentence, and every row is as it was."""
    before = _rows(store)
    told = Told()
    raised = _lines(_old(place, store, "late", 1), told, None)
    wrong = [] if told.verbs == 0 else ["the old version wrote into the newer store"]
    if [said["type"] for said in raised] != ["StoreTooNew"]:
        wrong.append(f"the old version was not refused: {raised}")
    return wrong + ([] if _rows(store) == before else ["the old version changed the newer store"])


def _rows(store: Path) -> str:
    hashed = hashlib.blake2b()
    with closing(sqlite3.connect(store / "store.db")) as database:
        for line in database.iterdump():
            hashed.update(line.encode("utf-8", "surrogatepass"))
    files = sorted(path.name for path in (store / "packs").glob("*"))
    return hashed.hexdigest() + json.dumps(files)
