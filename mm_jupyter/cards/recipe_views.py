"""The executions that make a run again."""

from __future__ import annotations

from html import escape

from mm_jupyter.cards import numbers
from mm_jupyter.cards.markup import page, pre, text
from mm_jupyter.cards.rendered import Line, Rendered
from mm_jupyter.records import Recipe, RecipeStep


def recipe_view(recipe: Recipe) -> Rendered:
    """The recipe's cells in order, each with its place in the session."""
    said = f"{recipe.slice}, {'verified' if recipe.verified else 'not verified'}"
    counted = f"{len(recipe.steps)} of {numbers.count(recipe.of, 'execution')}"
    lines: list[Line] = [((str(recipe.run), "strong"), (f"  recipe: {counted} ({said})", "quiet"))]
    for step in recipe.steps:
        lines += [(), ((f"# [{step.seq}]{_notes(step)}", "quiet"),)]
        lines += [((line, "plain"),) for line in step.source.rstrip("\n").split("\n")]
    title = f'<div class="t"><b>{escape(str(recipe.run))}</b> recipe</div> '
    head = f'<div class="hd">{title}{text(f"{counted}, {said}", "s q")}</div>'
    return Rendered(
        lines=tuple(lines), html=page(head + "".join(_html(step) for step in recipe.steps))
    )


def _notes(step: RecipeStep) -> str:
    notes = []
    if step.parameters:
        notes.append("parameters")
    if step.restores:
        notes.append("restores " + ", ".join(state.generator for state in step.restores))
    if step.raises:
        notes.append("raises")
    return "".join(f"  {note}" for note in notes)


def _html(step: RecipeStep) -> str:
    return f'<div class="sec">{text(f"[{step.seq}]{_notes(step)}", "s q", most=200)}{pre(step.source)}</div>'
