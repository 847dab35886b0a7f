"""Does a result depend on the order that Python's string hashing gives to sets? An experiment decides."""

from __future__ import annotations

from dataclasses import replace

from mm_jupyter.analysis.comparing import Side, agree
from mm_jupyter.records import Cause
from mm_jupyter.replaying.attempt import Settings
from mm_jupyter.replaying.record import Record
from mm_jupyter.replaying.trying import Progress, Tried, once_more

VARIABLE = "PYTHONHASHSEED"
_SEEDS = ("1", "1", "2", "3", "4")
"""The first two must agree; a set of few may have the same order under two seeds, and hardly under four."""


def hash_order(
    record: Record, tried: Tried, settings: Settings, progress: Progress
) -> tuple[Cause | None, int]:
    """The cause, where replays with one seed agree and one with another seed does not; and the replays that it took.

    Only asked of an unstable run whose kernel had no seed: it then drew one of its own, that nobody can know.
    """
    environment = record.run.environment
    if environment is None or VARIABLE in environment.variables:
        return None, 0
    sides: list[Side] = []
    for made, seed in enumerate(_SEEDS, 1):
        seeded = replace(settings, hash_seed=seed)
        one = once_more(record, replace(tried, attempts=()), seeded, progress).attempts[-1]
        if one.side is None:
            return None, made
        sides.append(one.side)
        same = made == 1 or agree(sides[0], sides[-1])
        if made == 2 and not same:
            return None, made  # something else changes it
        if not same:
            current = f"1, {seed}"
            return Cause(
                factor="hash seed", name=VARIABLE, recorded=None, current=current, confirmed=True
            ), made
    return None, len(_SEEDS)
