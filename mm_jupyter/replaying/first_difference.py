"""Where do two replays of one recipe part, and what feeds that? The first name that holds something else says it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mm_jupyter.analysis.names import body
from mm_jupyter.analysis.tainting import taint
from mm_jupyter.records import Cause, Execution
from mm_jupyter.replaying.attempt import Attempt, Settings
from mm_jupyter.replaying.job import executed
from mm_jupyter.replaying.record import Record
from mm_jupyter.replaying.trying import Progress, Tried, once_more

FACTOR = "first differs"
_PARALLEL = re.compile(
    r"\b(threading|Thread|ThreadPool\w*|concurrent|multiprocessing|asyncio|gather|joblib|n_jobs|Pool|queue)\b"
)
_ASKED = {
    "network": "it asked the network ({})",
    "process": "it started a process ({})",
    "input": "it waited for input",
    "secret": "it drew secret random bytes ({})",
    "random": "it drew from a generator that is not recorded ({})",
    "clock": "it read the clock ({})",
}


@dataclass(frozen=True, slots=True)
class _Place:
    """After the code cell ``cell`` (from 0) of the replayed notebook ``name`` is another one; ``seq`` is its
    execution. No name: only what the last cell shows or logs is."""

    cell: int
    seq: int
    name: str | None


def first_difference(
    record: Record, tried: Tried, settings: Settings, progress: Progress
) -> tuple[Cause | None, int]:
    """The first name of two more replays that differs and its source, as a cause; and the replays that it took.

    None where the two agree by chance, or one does not reach its end.
    """
    traced = replace(settings, trace=True)
    attempts = [
        once_more(record, replace(tried, attempts=()), traced, progress).attempts[-1]
        for _ in range(2)
    ]
    a, b = attempts
    if a.side is None or b.side is None:
        return None, 2
    place = _place(a, b) or _Place(len(a.seen) - 1, tried.recipe.steps[-1].seq, None)
    step = next((one for one in tried.recipe.steps if one.seq == place.seq), tried.recipe.steps[-1])
    line = next((one.strip() for one in step.source.splitlines() if _about(one, place.name)), "")
    unstable = [item for item in tried.judged.items if item.verdict == "unstable"]
    name = place.name or (f"{unstable[0].kind} {unstable[0].name}" if unstable else "the result")
    shown = line[:60] + ("..." if len(line) > 60 else "")
    cause = Cause(
        factor=FACTOR,
        name=f"{name}, in execution {place.seq}" + (f": {shown}" if shown else ""),
        recorded=None,
        current=next(_sources(tried, place, a, b)),
        confirmed=True,
    )
    return cause, 2


def _about(line: str, name: str | None) -> bool:
    """The line that names it; without a name none is better than another."""
    return name is not None and re.search(rf"\b{re.escape(name)}\b", line) is not None


def _place(a: Attempt, b: Attempt) -> _Place | None:
    about = [cell.metadata.get("mm_jupyter", {}) for cell in a.notebook.cells if executed(cell)]
    for cell, (one, other) in enumerate(zip(a.traces, b.traces, strict=False)):
        names = [name for name in one if one[name] != other.get(name)]
        if names and cell < len(about) and "seq" in about[cell]:
            return _Place(cell, about[cell]["seq"], _earliest(names, a, cell))
    return None


def _earliest(names: Sequence[str], a: Attempt, cell: int) -> str:
    """Of several the one that the cell writes first."""
    source = [one for one in a.notebook.cells if executed(one)][cell].source

    def where(name: str) -> int:
        found = re.search(rf"\b{re.escape(name)}\b", source)
        return found.start() if found else len(source)

    return min(names, key=where)


def _sources(tried: Tried, place: _Place, a: Attempt, b: Attempt) -> Iterator[str]:
    """What may have fed it, the surest first; never empty."""
    steps = [step for step in tried.recipe.steps if step.seq <= place.seq]
    found = taint(step.source for step in steps)
    why = found.names.get(place.name) if place.name else found.outputs
    if why:
        yield why
    one, other = _execution(a, place), _execution(b, place)
    if one is not None and other is not None:
        yield from _drawn(one, other)
        for asked in one.asked:
            if asked.kind in _ASKED:
                yield _ASKED[asked.kind].format(asked.name)
    text = steps[-1].source if steps else ""
    if _PARALLEL.search(body(text)):
        yield "it works in threads or processes, whose order is another one each time"
    if one is not None and one.unseen:
        yield f"it read {one.unseen:,} bytes that nothing explains"
    yield "no random source was seen: the order of sets, addresses in memory or threads of a library may be it"


def _execution(attempt: Attempt, place: _Place) -> Execution | None:
    return attempt.seen[place.cell] if place.cell < len(attempt.seen) else None


def _drawn(one: Execution, other: Execution) -> Iterator[str]:
    """Generators that began this cell in another state, and seeds from the system."""
    before = {state.generator: state.before for state in other.random}
    for state in one.random:
        if state.generator in before and state.before != before[state.generator]:
            yield f"it drew from {state.generator}, which nobody had seeded"
    for draw in one.entropy:
        yield f"it seeded a generator of {draw.source} from the operating system"
