"""The cut: a walk over the session up to the target, and what the target needs of it."""

from __future__ import annotations

from collections.abc import Sequence

from mm_jupyter.analysis.slicing.walk import Walk, took_effect
from mm_jupyter.errors import BadOption
from mm_jupyter.records import Execution, SliceName


def slice_executions(
    executions: Sequence[Execution], target: int, how: SliceName
) -> tuple[int, ...]:
    """The ``seq`` of the executions that make execution ``target`` again, in order, the target last.

    ``optimistic``: those that bound or, by all that is known of the calls, changed what it needs. ``conservative``:
    also those that could have changed it: whatever a call was given, with everything that shares an object with it.
    ``whole``: every execution that took effect. In each of them stay the barriers before the target (cwd, options,
    shell lines ...), and a syntax error never stays. Random state is not followed: it is recorded and restored.

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
    else:
        starts = walk.barriers
    return tuple(sorted(walk.closure(starts | {target})))
