"""A recipe that reproduces -> the fewest of its executions that still do, found by replays."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from mm_jupyter.errors import CannotReplay
from mm_jupyter.replaying.attempt import Settings
from mm_jupyter.replaying.recipe import make_recipe
from mm_jupyter.replaying.record import Record
from mm_jupyter.replaying.trying import RANK, Progress, Tried, try_recipe
from mm_jupyter.replaying.verifying import Verified, verified


def minimise(record: Record, settings: Settings, *, progress: Progress) -> Verified:
    """Take executions away from the verified recipe, one chunk after another, while the verdict is no weaker.

    Delta debugging (the ddmin algorithm of Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input,
    IEEE TSE 28(2), 2002): in the end no single execution can be left out. Every candidate is a real replay; an
    interrupt (Ctrl-C) ends the search with the best that was found.

    Raises:
        CannotReplay: no replay has reproduced the run yet.
    """
    if record.verified is None:
        raise CannotReplay(record.run.row.ref, "no replay has reproduced it yet: 'mm replay' first")
    started = time.monotonic()
    search = _Search(record, settings, progress)
    *before, last = record.verified
    best = search.tried((*before, last))
    if not best.attempts or RANK[best.judged.verdict] > RANK["equivalent"]:
        raise CannotReplay(
            record.run.row.ref, f"its recipe does not reproduce it: {best.judged.said}"
        )
    try:
        kept = fewest(before, lambda some: search.as_good((*some, last)))
    except KeyboardInterrupt:
        kept = list(search.best[:-1])
    return verified(
        record,
        search.tried((*kept, last)),
        settings,
        replays=len(search.known),
        seconds=time.monotonic() - started,
    )


def fewest(items: Sequence[int], enough: Callable[[tuple[int, ...]], bool]) -> list[int]:
    """ddmin over complements: a sublist that is still ``enough`` and of which no single item can be left out."""
    kept = list(items)
    parts = 2
    while kept:
        size = -(-len(kept) // parts)
        for start in range(0, len(kept), size):
            fewer = kept[:start] + kept[start + size :]
            if enough(tuple(fewer)):
                kept, parts = fewer, max(parts - 1, 2)
                break
        else:
            if size == 1:
                break
            parts = min(len(kept), 2 * parts)
    return kept


class _Search:
    """Replays candidates, each once; ``best`` is the shortest so far that is as good as the first."""

    def __init__(self, record: Record, settings: Settings, progress: Progress) -> None:
        self._record = record
        self._settings = settings
        self._progress = progress
        self.known: dict[tuple[int, ...], Tried] = {}
        self.best: tuple[int, ...] = ()

    def tried(self, seqs: tuple[int, ...]) -> Tried:
        if seqs not in self.known:
            run, executions = self._record.run, self._record.executions
            recipe = make_recipe(run, executions, "minimal", seqs=seqs)
            self.known[seqs] = try_recipe(self._record, recipe, self._settings, self._say)
            if not self.best:
                self.best = seqs
        return self.known[seqs]

    def as_good(self, seqs: tuple[int, ...]) -> bool:
        first = next(iter(self.known.values()))
        good = RANK[self.tried(seqs).judged.verdict] <= RANK[first.judged.verdict]
        if good and len(seqs) < len(self.best):
            self.best = seqs
        return good

    def _say(self, _phase: str, cell: int, cells: int) -> None:
        self._progress(
            f"{len(self.best)} executions left, replay {len(self.known) + 1}", cell, cells
        )
