"""A disk that is full at a random moment of writing."""

from __future__ import annotations

import itertools
import os
import random
import resource
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

from faulty.killing import after
from faulty.processes import Child, fork
from faulty.working import Say, Told, check, next_works, write
from mm_jupyter.errors import MmError
from mm_jupyter.store import Store

SIZE = 24 * 1024 * 1024
"""Bytes of the file system that gets full."""
LIFE = 20


def small_disk(folder: Path) -> bool:
    """Mount a file system of ``SIZE`` bytes. False where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)


def fulls(folder: Path, count: int, rng: random.Random, progress: Any) -> dict[str, object]:
    """``count`` times a writer on a disk on which a random number of bytes is free."""
    disk = folder / "disk"
    mounted = small_disk(disk)
    counts = {"fulls": 0, "verbs": 0, "read while full": 0, "fsck while full": 0}
    sentences: dict[str, int] = {}
    wrong: list[str] = []
    try:
        told, place = Told(), disk / "0"
        for number in range(count):
            if number % LIFE == 0:
                shutil.rmtree(place, ignore_errors=True)
                place, told = disk / str(number), Told()
                if rng.random() < 0.5:
                    Store.open(place, create=True).close()
            found = _once(place, told, f"f{number}", rng, mounted, counts, sentences)
            wrong += [f"full {number}: {why}" for why in found]
            progress(f"full {number + 1} of {count}, {len(wrong)} wrong")
    finally:
        if mounted:
            unmount(disk)
    how = "a tmpfs of 24 MiB" if mounted else "RLIMIT_FSIZE, mounting is not allowed here"
    return {"how": how, **counts, "sentences": sentences, "wrong": wrong}


def _once(
    place: Path,
    told: Told,
    name: str,
    rng: random.Random,
    mounted: bool,
    counts: dict[str, int],
    sentences: dict[str, int],
) -> list[str]:
    ballast = place.parent / "ballast"
    free = int(rng.random() ** 2 * 1_500_000)
    pause = os.pipe()
    if mounted:
        fill(ballast, free)
    child = fork(lambda say: _until_full(place, name, free, mounted, pause[0], say))
    child.hear_until("end", 60)
    wrong = _judged(child, sentences)
    told.merge(child.told)
    if mounted and (place / "store.db").exists():
        wrong += _read_while_full(place, told, counts)
    ballast.unlink(missing_ok=True)
    os.write(pause[1], b"x")
    child.raised.clear()
    status = child.wait()
    told.merge(child.told)
    wrong += [f"with room again: {said['sentence']}" for said in child.raised]
    wrong += [] if status == 0 else [f"the writer ended with {status}"]
    for end in pause:
        os.close(end)
    counts["fulls"] += 1
    counts["verbs"] += child.told.verbs
    return wrong + after(place, told, f"{name}n")


def fill(ballast: Path, free: int) -> None:
    """Leave ``free`` bytes on the disk, in whole pages."""
    with open(ballast, "wb", buffering=0) as file:
        left = os.statvfs(ballast.parent)
        os.posix_fallocate(file.fileno(), 0, max(4096, left.f_bavail * left.f_frsize - free))


def _until_full(place: Path, name: str, free: int, mounted: bool, pause: int, say: Say) -> None:
    """Write until there is no room; say what was raised; wait for room; write on with the same store."""
    if not mounted:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (free, resource.RLIM_INFINITY))
    store = None
    try:
        store = Store.open(place, create=True)
        write(store, name, itertools.count(), say)  # type: ignore[arg-type]
    except MmError as error:
        said = {"type": type(error).__name__, "sentence": str(error), "bases": ["MmError"]}
        say({"verb": "raised", **said})
    os.read(pause, 1)
    if not mounted:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    store = store or Store.open(place, create=True)
    write(store, f"{name}b", range(3), say)


def _judged(child: Child, sentences: dict[str, int]) -> list[str]:
    """What was raised is one sentence of ours that names the reason."""
    if not child.raised:
        return ["nothing was raised on a full disk"]
    said = child.raised[0]
    if "MmError" not in said["bases"]:
        return [f"a traceback: {said['trace']}"]
    words = said["sentence"]
    general = f"{said['type']}: ... {words.rpartition(': ')[2]}"
    sentences[general] = sentences.get(general, 0) + 1
    clear = words.count("\n") == 0 and words.endswith(".") and "cannot be written" in words
    return [] if clear else [f"not a clear sentence: {words}"]


def _read_while_full(place: Path, told: Told, counts: dict[str, int]) -> list[str]:
    """What a process that opens the store while there is no room reads and finds."""

    def work(_: Say) -> None:
        store = Store.open(place)
        _read_only_check(store, told)

    reader = fork(work)
    reader.wait()
    wrong = []
    for said in reader.raised:
        if "MmError" not in said["bases"]:
            wrong.append(f"a traceback while full: {said['trace']}")
        else:
            counts["refused while full"] = counts.get("refused while full", 0) + 1
    if not reader.raised:
        counts["read while full"] += 1
    return wrong


def _read_only_check(store: Store, told: Told) -> None:
    store.sweep_crashed = lambda **_: ()  # type: ignore[method-assign]  # a look must need no room
    wrong = check(store, told)
    wrong += [str(fault) for fault in store.fsck()]
    if wrong:
        raise AssertionError(wrong)


__all__ = ["Child", "fulls", "next_works"]
