"""A writer that tells what was committed, and the check that all of it is there, whole."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mm_jupyter.records import (
    Artifact,
    ContentDigest,
    Execution,
    Metric,
    Outcome,
    Param,
    RunOpening,
    RunRef,
    SeriesChunk,
    Session,
    SessionId,
)
from mm_jupyter.store import Store

Say = Callable[[dict[str, Any]], None]
EXPERIMENTS = ("churn", "ünder_score", "a.b-c")
SIZES = (0, 10, 3_000, 60_000, 70_000, 200_000)
"""Bytes of what a run keeps; more than 64 KiB go into a pack."""


def content(name: str, number: int) -> bytes:
    """What run ``number`` of the session ``name`` keeps: half of it is what the run before it kept too."""
    rng = random.Random(f"{name}/{number}")
    size = rng.choice(SIZES)
    return random.Random(f"{name}/{number // 4}").randbytes(size // 2) + rng.randbytes(
        size - size // 2
    )


def points(name: str, number: int, part: int) -> SeriesChunk:
    """A few points of a series."""
    rng = random.Random(f"{name}/{number}/{part}")
    steps = tuple(range(part * 100, part * 100 + rng.randint(1, 40)))
    values = tuple(rng.random() for _ in steps)
    return SeriesChunk(name="loss", steps=steps, values=values, times=tuple(map(float, steps)))


def parts_of(name: str, number: int) -> int:
    return random.Random(f"{name}/{number}/parts").randint(0, 3)


def session_of(name: str) -> Session:
    return Session(
        id=SessionId(name),
        notebook=f"{name}.ipynb",
        started=time.time(),
        user="u",
        host="h",
        pid=os.getpid(),
        cwd=".",
    )


def write(store: Store, name: str, numbers: Iterator[int] | range, say: Say) -> None:
    """Write a session with a run for each number; ``say`` hears of each verb once it has returned.

    One run in ten is deleted again and its bytes are collected; that is said before, for it may be cut short.
    """
    writer = store.writer(who="bench")
    session = session_of(name)
    writer.open_session(session)
    say({"verb": "session", "name": name})
    for number in numbers:
        one_run(writer, name, number, say)
        rng = random.Random(f"{name}/{number}/end")
        if number and rng.random() < 0.1:
            say({"verb": "deleting", "name": name, "number": number})
            writer.delete([_refs[name, number]])
            say({"verb": "deleted", "name": name, "number": number})
            if rng.random() < 0.5:
                store.gc()
    writer.close_session(session.id, time.time())
    say({"verb": "ended", "name": name})


_refs: dict[tuple[str, int], RunRef] = {}


def one_run(writer: Any, name: str, number: int, say: Say) -> None:
    """Open a run, give it points and bytes, close it."""
    source = f"x = {number}  # {name}"
    begun = time.time()
    execution = Execution(
        session=SessionId(name),
        seq=number + 1,
        cell_id=f"c{number % 5}",
        count=number + 1,
        source=source,
        started=begun,
        seconds=0.1,
        status="ok",
    )
    opening = RunOpening(
        experiment=EXPERIMENTS[number % len(EXPERIMENTS)],
        kind="cell",
        session=SessionId(name),
        seq=number + 1,
        cell_id=f"c{number % 5}",
        started=begun,
        source=source,
        environment=None,
        tags={"by": name},
    )
    run, ref = writer.open_run(opening, [execution])
    _refs[name, number] = ref
    said = {"name": name, "number": number, "ref": str(ref)}
    say({"verb": "opened", **said})
    for part in range(parts_of(name, number)):
        writer.add_points(run, [points(name, number, part)])
        say({"verb": "points", **said, "parts": part + 1})
    kept = writer.put(content(name, number))
    writer.close_run(run, outcome(name, number, kept), None)
    say({"verb": "closed", **said})


def outcome(name: str, number: int, kept: Any) -> Outcome:
    return Outcome(
        status="completed",
        seconds=1.0,
        params=(Param(name="n", value=number), Param(name="who", value=name)),
        metrics=(Metric(name="half", value=number / 2),),
        artifacts=(
            Artifact(
                name="kept",
                media_type="application/octet-stream",
                content=kept,
                digest=ContentDigest("blake2b:0"),
                size=len(content(name, number)),
            ),
        ),
    )


@dataclass
class Told:
    """What writers said: sessions, and of each run how far it was said to be."""

    sessions: set[str] = field(default_factory=set)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    going: set[tuple[str, int]] = field(default_factory=set)
    gone: set[tuple[str, int]] = field(default_factory=set)
    verbs: int = 0

    def hear(self, line: str) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(line)
        verb = said["verb"]
        if verb in ("session", "opened", "points", "closed", "deleted", "ended"):
            self.verbs += 1
        if verb == "session":
            self.sessions.add(said["name"])
        elif verb in ("opened", "points", "closed"):
            known = self.runs.setdefault(said["ref"], {"closed": False, "parts": 0})
            known.update({key: said[key] for key in ("name", "number", "parts") if key in said})
            known["closed"] = known["closed"] or verb == "closed"
        elif verb == "deleting":
            self.going.add((said["name"], said["number"]))
        elif verb == "deleted":
            self.gone.add((said["name"], said["number"]))
        return said

    def merge(self, other: Told) -> None:
        self.sessions |= other.sessions
        self.runs |= other.runs
        self.going |= other.going
        self.gone |= other.gone
        self.verbs += other.verbs


def check(store: Store, told: Told) -> list[str]:
    """What was said to be committed and is not there, and what is there by half; ends of dead sessions are marked."""
    store.sweep_crashed(who="bench")
    wrong = [f"session {name} is lost" for name in told.sessions - _sessions(store)]
    rows = {str(row.ref): row for row in store.runs()}
    for ref, known in told.runs.items():
        key = (known["name"], known["number"])
        if ref not in rows:
            if key not in told.going:
                wrong.append(f"{ref} is lost")
        elif key in told.gone:
            wrong.append(f"{ref} is there again")
        elif known["closed"] and rows[ref].status != "completed":
            wrong.append(f"{ref} was closed and is {rows[ref].status}")
    for row in rows.values():
        least = told.runs.get(str(row.ref), {}).get("parts", 0)
        wrong += _half(store, row, least)
    numbers = [entry.number for entry in store.audit()]
    if numbers != list(range(1, len(numbers) + 1)):
        wrong.append("the audit log has gaps")
    return wrong


def _sessions(store: Store) -> set[str]:
    return {str(session.id) for session in store.sessions()}


def _half(store: Store, row: Any, least: int) -> list[str]:
    """Whether a run is one of the states between its verbs, and nothing in between."""
    run = store.run(row.ref)
    source = run.source
    name, number = source.partition("# ")[2], int(source.removeprefix("x = ").split()[0])
    wrong = []
    loss = [chunk for chunk in store.series(row.id) if chunk.name == "loss"]
    steps = loss[0].steps if loss else ()
    values = loss[0].values if loss else ()
    possible = []
    for upto in range(parts_of(name, number) + 1):
        parts = [points(name, number, part) for part in range(upto)]
        whole = sum((part.steps for part in parts), ()), sum((part.values for part in parts), ())
        if upto >= least:
            possible.append(whole)
    if (steps, values) not in possible:
        wrong.append(f"{row.ref} has {len(steps)} points, not those that it was given")
    if row.status == "completed":
        kept = [artifact.content for artifact in run.artifacts]
        if [store.read_blob(digest) for digest in kept if digest] != [content(name, number)]:
            wrong.append(f"{row.ref} kept other bytes")
        if row.metrics != {"half": number / 2} or {p.name for p in row.params} != {"n", "who"}:
            wrong.append(f"{row.ref} has not what it was closed with")
    elif run.artifacts or row.params or row.metrics:
        wrong.append(f"{row.ref} is {row.status} and half closed")
    if row.tags != {"by": name} or source != f"x = {number}  # {name}":
        wrong.append(f"{row.ref} was opened by half")
    return wrong


def next_works(folder: Path, name: str) -> list[str]:
    """A writer that comes after: one session, one run."""
    told = Told()
    store = Store.open(folder)
    try:
        write(store, name, range(1), lambda said: told.hear(json.dumps(said)) and None)
        return [f"after it: {why}" for why in check(store, told)]
    finally:
        store.close()
