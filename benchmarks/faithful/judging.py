"""Recorded runs -> verdicts of the product, checked by the oracle: replays, minimal recipes, changed recipes."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from faithful.oracle import Oracle
from faithful.recording import Tracked
from faithful.sessions import Session, changed_number
from mm_jupyter.analysis.comparing import judge
from mm_jupyter.api import replays
from mm_jupyter.records import Judgement, Recipe, RunRef
from mm_jupyter.replaying.attempt import Settings, attempt
from mm_jupyter.replaying.inputs import gather
from mm_jupyter.replaying.recipe import make_recipe, to_notebook
from mm_jupyter.workspace import Workspace

TRIES = 6
"""Changes tried on a recipe until the oracle says that one changed the result."""


class Case:
    """One tracked run, its record, and its verified recipe."""

    def __init__(
        self, space: Workspace, session: Session, tracked: Tracked, judgement: Judgement
    ) -> None:
        self.space = space
        self.session = session
        self.tracked = tracked
        self.steps = judgement.steps
        self.record = replays.record_of(space, RunRef.parse(tracked.run))

    def recipe(self, seqs: list[int], sources: dict[int, str] | None = None) -> Recipe:
        """The recipe of some executions, some with another source."""
        executions = [
            replace(one, source=sources[one.seq]) if sources and one.seq in sources else one
            for one in self.record.executions
        ]
        return make_recipe(self.record.run, executions, "optimistic", seqs=seqs)

    def ask(self, oracle: Oracle, recipe: Recipe) -> dict[str, Any]:
        """What the oracle gives for a recipe."""
        notebook = to_notebook(recipe, states=self.record.read)
        cells = [
            {"source": cell.source, "raises": "raises-exception" in cell.metadata.get("tags", [])}
            for cell in notebook.cells
            if cell.cell_type == "code"
        ]
        return oracle.ask(cells, self.names, self.session.files)

    @property
    def names(self) -> list[str]:
        """What the verdict is about: what the tracked cell bound, and what else of its state the record holds."""
        run = self.record.run
        kept = {value.name for value in run.values} | {model.name for model in run.models}
        return sorted({*self.tracked.names, *kept})


def minimal(case: Case, oracle: Oracle) -> int | None:
    """The length of the 1-minimal recipe that gives the same values and outputs (ddmin: Zeller and Hildebrandt,
    IEEE TSE 28(2), 2002); None where the oracle cannot repeat the recipe itself."""
    *before, last = case.steps
    wanted = case.ask(oracle, case.recipe(list(case.steps)))
    if wanted["error"] is not None:
        return None
    known: dict[tuple[int, ...], bool] = {}

    def same(kept: list[int]) -> bool:
        key = tuple(kept)
        if key not in known:
            known[key] = case.ask(oracle, case.recipe([*kept, last])) == wanted
        return known[key]

    if not same(before):
        return None
    return len(_ddmin(before, same)) + 1


def _ddmin(items: list[int], same: Callable[[list[int]], bool]) -> list[int]:
    parts = 2
    while items:
        size = max(1, -(-len(items) // parts))
        for start in range(0, len(items), size):
            kept = items[:start] + items[start + size :]
            if same(kept):
                items, parts = kept, max(parts - 1, 2)
                break
        else:
            if size == 1:
                break
            parts = min(len(items), parts * 2)
    return items


def changed(case: Case, oracle: Oracle, chance: random.Random) -> tuple[str, str] | None:
    """A deliberately changed recipe whose result differs, by the oracle; what was changed and the verdict.

    None where no change was found that alters what the run bound and still lets it reach its end.
    """
    wanted = case.ask(oracle, case.recipe(list(case.steps)))
    if wanted != case.ask(oracle, case.recipe(list(case.steps))):
        return None  # the oracle itself is not of one mind
    for _ in range(TRIES):
        what, recipe = _change(case, chance)
        if recipe is None:
            continue
        answer = case.ask(oracle, recipe)
        if answer["error"] is None and answer["values"] != wanted["values"]:
            return what, _verdict(case, recipe)
    return None


def _change(case: Case, chance: random.Random) -> tuple[str, Recipe | None]:
    kind = chance.choice(("literal", "literal", "dropped", "unrestored"))
    seqs = list(case.steps)
    if kind == "dropped" and len(seqs) > 1:
        gone = chance.choice(seqs[:-1])
        return kind, case.recipe([seq for seq in seqs if seq != gone])
    if kind == "unrestored":
        recipe = case.recipe(seqs)
        steps = tuple(replace(step, restores=(), entropy=()) for step in recipe.steps)
        return kind, replace(recipe, steps=steps) if steps != recipe.steps else None
    seq = chance.choice(seqs)
    source = next(one.source for one in case.record.executions if one.seq == seq)
    head, line, body = source.partition("\n") if source.startswith("%%track") else ("", "", source)
    new = changed_number(chance, body)
    return "literal", None if new is None else case.recipe(seqs, {seq: head + line + new})


def _verdict(case: Case, recipe: Recipe) -> str:
    """The product's judgement of one replay of a changed recipe against the untouched record."""
    record, space = case.record, case.space
    by_seq = {one.seq: one for one in record.executions}
    laid = gather(
        [by_seq[step.seq] for step in recipe.steps], space.root, record.read, restore=True
    )
    # Else the recorded version of a file would be laid out before its reader, and make up for what was left out.
    laid = replace(laid, before={})
    settings = Settings(key=space.key, root=space.root)
    one = attempt(record.run, recipe, by_seq, laid, record.read, settings, lambda *_: None)
    return "failed" if one.side is None else judge(record.side, [one.side]).verdict
