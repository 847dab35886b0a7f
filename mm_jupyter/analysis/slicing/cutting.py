"""The cut: a walk over the session up to the target, and what the target needs of it."""

from __future__ import annotations

from collections.abc import Sequence

from mm_jupyter.analysis.slicing.executed import facts, took_effect
from mm_jupyter.analysis.slicing.noticing import defines_code, may_notice, notices
from mm_jupyter.analysis.slicing.walk import Walk
from mm_jupyter.errors import BadOption
from mm_jupyter.records import Execution, SliceName


def slice_executions(
    executions: Sequence[Execution], target: int, how: SliceName
) -> tuple[int, ...]:
    """The ``seq`` of the executions that make execution ``target`` again, in order, the target last.

    ``optimistic``: those that bound or, by all that is known of the calls, changed what it needs. ``conservative``:
    also those that could have changed it: whatever a call was given, with everything that shares an object with it.
    ``whole``: every execution that took effect. Barriers before the target (cwd, options, shell lines ...) stay; in
    the optimistic slice only those that set something which a later execution in it could notice. A syntax error never
    stays. Random state is not followed: it is recorded and restored.

    Nothing here is proved. In programs of assignments, in-place changes, aliases and functions one of optimistic and
    conservative gives the recorded values (tests/analysis/test_slicing.py); ``setattr`` on installed modules, C code
    that keeps what it is given, and texts that are evaluated may escape both, and a replay decides.

    Raises:
        BadOption: ``how`` is ``minimal``, which only replays can find, or the session has no execution ``target``.
    """
    before = [execution for execution in executions if execution.seq <= target]
    if target not in {execution.seq for execution in before}:
        raise BadOption(f"The session has no execution {target}.")
    if how == "minimal":
        raise BadOption(
            "The minimal slice is found by replays: ask for optimistic, conservative or whole."
        )
    before.sort(key=lambda execution: execution.seq)
    walk = Walk(before, conservative=how == "conservative")
    if how == "whole":
        starts = {execution.seq for execution in before if took_effect(execution)} - walk.ours
        return tuple(sorted(walk.closure(starts | {target})))
    if how == "conservative":
        return tuple(sorted(walk.closure(walk.barriers.keys() | {target})))
    return tuple(sorted(_with_noticed(walk, before, target)))


def _with_noticed(walk: Walk, before: Sequence[Execution], target: int) -> set[int]:
    """What the target needs, with the barriers that something in it could notice."""
    by_seq = {execution.seq: execution for execution in before}
    unwatched = {seq for seq in walk.barriers if by_seq[seq].surroundings is None}
    chosen = walk.closure(unwatched | {target})
    while True:
        kept = [(by_seq[seq], facts(by_seq[seq])) for seq in sorted(chosen)]
        called = _code_called(walk, [execution for execution, _ in kept])
        more = {
            seq
            for seq, barriers in walk.barriers.items()
            if seq not in chosen
            and any(
                notices(
                    barrier, later, names, called.get(later.seq, ""), target=later.seq == target
                )
                for later, names in kept
                if later.seq > seq
                for barrier in barriers
            )
        }
        if not more:
            return chosen
        chosen |= walk.closure(more)


def _code_called(walk: Walk, kept: Sequence[Execution]) -> dict[int, str]:
    """``seq`` -> the sources of earlier executions whose functions it may call, though it does not name them.

    What an execution reads itself counts, functions of functions included, and what was put into something that it
    names (a registry, a module of the project); what its inputs were made with does not.
    """
    makers = [
        execution
        for execution in kept
        if defines_code(execution.source) and may_notice(execution.source)
    ]
    found: dict[int, str] = {}
    for execution in kept if makers else ():
        needed = walk.needs.get(execution.seq, set())
        named = walk.origins(facts(execution).uses)
        called = [
            maker.source
            for maker in makers
            if maker.seq in needed
            or (maker.seq < execution.seq and not named.isdisjoint(maker.changed))
        ]
        if called:
            found[execution.seq] = "\n".join(called)
    return found
