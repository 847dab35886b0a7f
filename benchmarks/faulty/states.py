"""A store that may only be read, a clock that jumps, a place without locks."""

from __future__ import annotations

import errno
import itertools
import os
import random
import subprocess
import time
import warnings
from pathlib import Path
from typing import Any

from faulty.killing import after
from faulty.processes import Child, fork
from faulty.working import Say, Told, check, write
from mm_jupyter.errors import StoreReadOnly
from mm_jupyter.records import RunRef
from mm_jupyter.store import Store, locks, sqlite
from mm_jupyter.store import connect as connecting


def read_only(folder: Path) -> dict[str, object]:
    """A store whose file system is mounted read-only while it is read, and writable again after."""
    place, told = folder / "read-only", Told()
    _heard(told, fork(lambda say: write(Store.open(place, create=True), "r", range(8), say)))
    bind = ["mount", "--bind", str(place), str(place)]
    if subprocess.run(bind, capture_output=True, check=False).returncode != 0:
        return {"how": "not tried: mounting is not allowed here", "wrong": ["not tried"]}
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
        wrong = _heard(told, fork(lambda _: _read(place, told)))
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
    return {"how": "a read-only mount", "wrong": wrong + after(place, told, "next")}


def _read(place: Path, told: Told) -> None:
    store = Store.open(place)
    wrong = check(store, told) + [str(fault) for fault in store.fsck()]
    sentences = []
    writer = store.writer(who="bench")
    for verb in (lambda: writer.set_note(RunRef("churn", 1), "a"), store.gc):
        try:
            verb()
        except StoreReadOnly as error:
            sentences.append(str(error))
    if wrong or len(sentences) != 2 or not all(said.endswith(".") for said in sentences):
        raise AssertionError(wrong, sentences)


def clock(folder: Path, rng: random.Random, count: int) -> dict[str, object]:
    """``count`` writers, each with a clock that was set somewhere else between ten years back and one ahead."""
    place, told, wrong = folder / "clock", Told(), []
    real = time.time
    for number in range(count):
        shift = rng.uniform(-10, 1) * 365 * 86400

        def work(say: Say, shift: float = shift, number: int = number) -> None:
            jumps = random.Random(number)
            time.time = lambda: real() + shift + jumps.uniform(-3600, 3600)
            write(Store.open(place, create=True), f"c{number}", range(8), say)

        wrong += _heard(told, fork(work))
    store = Store.open(place)
    opened = [entry.object for entry in store.audit() if entry.what == "run.opened"]
    for experiment in store.experiments():
        versions = [int(ref.split("/")[1]) for ref in opened if ref.startswith(f"{experiment}/")]
        if versions != list(range(1, len(versions) + 1)):
            wrong.append(f"{experiment}: versions went back or have gaps")
    store.close()
    return {"writers": count, "verbs": told.verbs, "wrong": wrong + after(place, told, "next")}


def _without_locks(none_at_all: bool) -> None:
    """In a child: a network file system whose ``flock`` fails; with ``none_at_all`` SQLite has no locks either."""
    warnings.simplefilter("ignore")
    connect = sqlite._connect

    def none(*_: object) -> bool:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    locks._lock = none
    connecting.network_file_system = lambda _: "nfs4"
    if none_at_all:
        sqlite._connect = lambda uri, patience: connect(f"{uri}&vfs=unix-none", patience)


def network(folder: Path, kills: int, writers: int, rng: random.Random) -> dict[str, object]:
    """Our own locks fail: writers at once and killed ones. SQLite's fail as well: killed ones, one after another."""
    result: dict[str, object] = {"kills": kills, "writers": writers}
    wrong: list[str] = []
    place, told = folder / "network", Told()
    _heard(told, fork(lambda say: _network_work(place, "first", range(4), False, say)))
    children = [
        fork(lambda say, n=number: _network_work(place, f"w{n}", range(8), False, say))
        for number in range(writers)
    ]
    for child in children:
        wrong += _heard(told, child)
    wrong += _network_after(place, told, False)
    for number in range(kills):
        alone = number % 2 == 1
        place = folder / ("alone" if alone else "network")
        if number == 1:
            lonely = Told()
        said = lonely if alone else told
        child = fork(
            lambda say, p=place, n=number, a=alone: _network_work(
                p, f"k{n}", itertools.count(), a, say
            )
        )
        child.hear_until("any", 20)
        _let(child, rng.random() ** 2 * 0.3)
        child.kill()
        child.wait()
        said.merge(child.told)
        wrong += [f"kill {number}: {why['sentence']}" for why in child.raised]
        wrong += [f"kill {number}: {why}" for why in _network_after(place, said, alone)]
    result["verbs"] = told.verbs + (lonely.verbs if kills > 1 else 0)
    return {**result, "wrong": wrong}


def _network_work(place: Path, name: str, numbers: Any, sqlite: bool, say: Say) -> None:
    _without_locks(sqlite)
    write(Store.open(place, create=True), name, numbers, say)


def _network_after(place: Path, told: Told, sqlite: bool) -> list[str]:
    def work(_: Say) -> None:
        _without_locks(sqlite)
        store = Store.open(place)
        running = {row.ref for row in store.runs() if row.status == "running"}
        if store.sweep_crashed():
            raise AssertionError(
                "a run was called crashed where nothing tells a slow kernel from a dead one"
            )
        wrong = check(store, told) + [str(fault) for fault in store.fsck()]
        if running != {row.ref for row in store.runs() if row.status == "running"}:
            wrong.append("a look changed the state of a run")
        store.close()
        if wrong:
            raise AssertionError(wrong)

    return _heard(Told(), fork(work)) + _heard(
        told,
        fork(lambda say: _network_work(place, f"n{time.monotonic_ns()}", range(1), sqlite, say)),
    )


def unlocked(folder: Path, rounds: int) -> dict[str, object]:
    """Two writers at once where SQLite has no locks at all: nothing is promised there but that fsck says the truth."""
    damaged = found = 0
    wrong: list[str] = []
    for number in range(rounds):
        place, told = folder / f"unlocked{number}", Told()
        _heard(told, fork(lambda say: _network_work(place, "first", range(2), True, say)))  # noqa: B023 - called at once
        pair = [
            fork(lambda say, n=n: _network_work(place, f"u{n}", range(12), True, say))  # noqa: B023
            for n in range(2)
        ]
        for child in pair:
            _heard(told, child)
            wrong += [s["trace"] for s in child.raised if "MmError" not in s["bases"]]
        lost, faults = _state_of(place, told)
        damaged += bool(lost)
        found += bool(lost and faults)
    return {"rounds": rounds, "damaged": damaged, "found": found, "wrong": wrong}


def _state_of(place: Path, told: Told) -> tuple[bool, bool]:
    """Whether something is lost, and whether fsck says that the store is damaged."""
    told_of: list[bool] = []
    for work in (lambda store: check(store, told), lambda store: store.fsck()):

        def looking(_: Say, work: Any = work) -> None:
            if work(Store.open(place)):
                raise AssertionError

        told_of.append(bool(_heard(Told(), fork(looking))))
    return told_of[0], told_of[1]


def _let(child: Child, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        child.hear(max(0.0, end - time.monotonic()))


def _heard(told: Told, child: Child) -> list[str]:
    """Wait for a child, take what it said; what it raised is wrong."""
    status = child.wait()
    told.merge(child.told)
    wrong = [f"{said['type']}: {said['sentence']} {said['trace']}" for said in child.raised]
    return wrong or ([] if status == 0 else [f"a process ended with {status}"])
