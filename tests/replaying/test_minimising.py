"""The fewest executions that reproduce a run are found by replays, and kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm_jupyter.api import recipes, replays, runs
from mm_jupyter.errors import CannotReplay
from mm_jupyter.replaying.minimising import fewest

Cells = Callable[..., str]

# The small slice is right, and holds two cells that undo each other.
NEEDLESS = (
    "rows = [1, 2]",
    "rows[0] = 7",
    "rows[0] = 1",
    "rows.append(5)",
    "%%track needless\ntotal = sum(rows) + 0.5",
)


@given(st.sets(st.integers(0, 20)), st.integers(0, 24))
def test_what_is_needed_stays_and_nothing_else(needed: set[int], size: int) -> None:
    items = sorted(needed | set(range(size)))
    assert set(fewest(items, needed.issubset)) == needed


@given(st.lists(st.sets(st.integers(0, 12), min_size=1), min_size=1, max_size=4))
def test_no_single_item_of_the_answer_can_be_left_out(ways: list[set[int]]) -> None:
    def enough(kept: tuple[int, ...]) -> bool:
        return any(way <= set(kept) for way in ways)

    kept = fewest(range(13), enough)
    assert enough(tuple(kept))
    assert not any(enough(tuple(one for one in kept if one != gone)) for gone in kept)


def test_needless_executions_are_left_out_and_the_rest_is_the_verified_recipe(
    session: Cells,
) -> None:
    session(*NEEDLESS)
    (judgement,) = replays.replay(["needless/1"])
    assert judgement.verdict == "identical"
    assert judgement.executions > 3

    minimal = recipes.minimise("needless/1")

    assert minimal.verdict == "identical"
    assert minimal.slice == "minimal"
    assert minimal.executions == 3
    recipe = recipes.recipe("needless/1")
    assert (recipe.verified, recipe.slice) == (True, "minimal")
    assert [step.source for step in recipe.steps] == [
        "rows = [1, 2]",
        "rows.append(5)",
        "total = sum(rows) + 0.5",
    ]
    assert recipes.recipe("needless/1", how="minimal") == recipe
    assert runs.get("needless/1").row.verdict == "identical"
    (again,) = replays.replay(["needless/1"])
    assert (again.slice, again.executions) == ("minimal", 3)


def test_a_run_that_was_not_replayed_is_replayed_first(session: Cells) -> None:
    session("a = 2", "%%track first\nb = a + 0.5")
    with pytest.raises(CannotReplay, match="--minimise"):
        recipes.recipe("first/1", how="minimal")
    assert recipes.minimise("first/1").executions == 2
    assert len(replays.verdicts("first/1")) == 2


def test_a_run_that_no_replay_reproduces_is_not_minimised(session: Cells) -> None:
    session("%%track odd\nimport os\nx = int.from_bytes(os.urandom(8)) / 3")
    with pytest.raises(CannotReplay, match="no replay reproduces it"):
        recipes.minimise("odd/1")


def test_an_interrupt_keeps_the_best_so_far(session: Cells) -> None:
    session(*NEEDLESS)
    replays.replay(["needless/1"])
    seen: list[str] = []

    def stop(progress: replays.ReplayProgress) -> None:
        seen.append(progress.phase)
        if progress.phase.startswith("4 "):  # one was left out
            raise KeyboardInterrupt

    minimal = recipes.minimise("needless/1", progress=stop)
    assert minimal.executions == 4
    assert minimal.verdict == "identical"
    assert len(recipes.recipe("needless/1").steps) == 4
    assert seen
