"""kill -9 at random points of writing, and many writers at once."""

from __future__ import annotations

import itertools
import random
import shutil
import time
from pathlib import Path

from faulty.processes import Child, fork
from faulty.working import Say, Told, check, next_works, write
from mm_jupyter.store import Store

STORE_LIFE = 40
"""Kills that one store sees; then another begins, so that a look at all of it stays short."""


def kills(folder: Path, count: int, rng: random.Random, progress: object) -> dict[str, object]:
    """``count`` writers killed, some while they make the store."""
    wrong: list[str] = []
    verbs = stores = cut = 0
    told = Told()
    place = folder / "none"
    for number in range(count):
        if number % STORE_LIFE == 0:
            shutil.rmtree(place, ignore_errors=True)
            place, told, stores = folder / f"kills{number}", Told(), stores + 1
        child = _killed(place, f"k{number}", rng)
        told.merge(child.told)
        verbs += child.told.verbs
        cut += bool(child.told.verbs)
        wrong += [f"kill {number}: {why}" for why in after(place, told, f"n{number}")]
        wrong += [f"kill {number}: {said['sentence']}" for said in child.raised]
        progress(f"kill {number + 1} of {count}, {verbs} verbs, {len(wrong)} wrong")  # type: ignore[operator]
    return {"kills": count, "stores": stores, "verbs": verbs, "writing": cut, "wrong": wrong}


def _killed(place: Path, name: str, rng: random.Random) -> Child:
    """A writer that was killed at a random moment: half of them soon after the fork, while it opens the store."""

    def work(say: Say) -> None:
        store = Store.open(place, create=True)
        say({"verb": "made"})
        write(store, name, itertools.count(), say)  # type: ignore[arg-type]

    child = fork(work)
    if rng.random() < 0.8:
        child.hear_until("any", 20)
        _hear_for(child, rng.random() ** 2 * 0.25)
    else:
        _hear_for(child, rng.random() * 0.03)
    child.kill()
    child.wait()
    return child


def _hear_for(child: Child, seconds: float) -> None:
    """Hear while time goes by: a full pipe would stop the writer at a place of our choosing."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        child.hear(max(0.0, end - time.monotonic()))


def after(place: Path, told: Told, name: str) -> list[str]:
    """What is wrong after a fault: something lost or half, a fault that fsck finds, a next writer that fails."""
    store = Store.open(place, create=True)
    try:
        wrong = check(store, told)
        wrong += [f"fsck: {fault}" for fault in store.fsck()]
    finally:
        store.close()
    return wrong + next_works(place, name)


def crowd(folder: Path, writers: int, runs: int) -> dict[str, object]:
    """``writers`` processes at once, each with a session and ``runs`` runs."""
    place = folder / f"crowd{writers}"
    Store.open(place, create=True).close()

    def writing(name: str) -> Child:
        return fork(lambda say: write(Store.open(place), name, range(runs), say))

    started = time.monotonic()
    children = [writing(f"w{number}") for number in range(writers)]
    told, wrong = Told(), []
    waiting = set(range(writers))
    while waiting and time.monotonic() - started < 600:
        waiting -= {number for number in waiting if not children[number].hear(0.01)}
    for number, child in enumerate(children):
        status = child.wait()
        told.merge(child.told)
        wrong += [
            f"writer {number} raised {said['sentence']}\n{said['trace']}" for said in child.raised
        ]
        wrong += [f"writer {number} ended with {status}"] if status else []
    seconds = time.monotonic() - started
    wrong += after(place, told, "next")
    wrong += _gapless(told)
    return {
        "writers": writers,
        "runs": writers * runs,
        "verbs": told.verbs,
        "seconds": round(seconds, 1),
        "wrong": wrong,
    }


def _gapless(told: Told) -> list[str]:
    """Each version was given once, and none was left out."""
    versions: dict[str, list[int]] = {}
    for ref in told.runs:
        experiment, _, version = ref.rpartition("/")
        versions.setdefault(experiment, []).append(int(version))
    return [
        f"{experiment} has versions {sorted(found)}"
        for experiment, found in versions.items()
        if sorted(found) != list(range(1, len(found) + 1))
    ]
