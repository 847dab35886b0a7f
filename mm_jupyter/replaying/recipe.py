"""A slice of a session -> a recipe, and a recipe -> a notebook that plain Jupyter runs to the same result."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from mm_jupyter.analysis.names import body, cell_names, without_ours
from mm_jupyter.analysis.slicing import slice_executions
from mm_jupyter.errors import CannotReplay
from mm_jupyter.records import BlobDigest, Execution, Recipe, RecipeStep, Run, SliceName
from mm_jupyter.replaying.job import INTERRUPTED
from mm_jupyter.replaying.restoring import Restoring

_SLICES: dict[SliceName, str] = {
    "optimistic": "what the run needs by all that its sources tell (the optimistic slice)",
    "conservative": "what the run may need by its sources (the conservative slice)",
    "whole": "everything that took effect before it (the whole session)",
    "minimal": "the fewest that gave the same result when they were executed (the minimal slice)",
}
_NO_PARAMETERS = "# Parameters of your own go here."
_NUMBERED = re.compile(r"_(i?)([1-9]\d*)")


def make_recipe(
    run: Run,
    executions: Sequence[Execution],
    how: SliceName,
    *,
    verified: bool = False,
    seqs: Sequence[int] | None = None,
) -> Recipe:
    """The recipe of a run from the executions of its session.

    ``seqs`` are those to take, where they are known; else they are cut by ``how``. A run of a whole notebook or
    script ends at the last execution.

    Raises:
        CannotReplay: the session does not hold the run's execution.
    """
    known = {execution.seq: execution for execution in executions}
    target = run.row.seq if run.row.seq is not None else max(known, default=None)
    if target is None or target not in known:
        raise CannotReplay(run.row.ref, "its session holds no execution of it")
    chosen = slice_executions(executions, target, how) if seqs is None else sorted(seqs)
    missing = [seq for seq in chosen if seq not in known]
    if missing:
        raise CannotReplay(run.row.ref, f"its session does not hold execution {missing[0]}")
    return Recipe(
        run=run.row.ref,
        slice=how,
        verified=verified,
        steps=tuple(_step(known[seq]) for seq in chosen),
        of=sum(seq <= target for seq in known),
    )


def to_notebook(
    recipe: Recipe, *, states: Callable[[BlobDigest], bytes], restore: bool = True
) -> nbformat.NotebookNode:
    """The recipe as a notebook (nbformat 4.5) that needs nothing of ours; its last cell is the tracked one.

    ``states`` gives the bytes of a recorded random state; ``restore=False`` leaves the states out. Each cell's
    metadata holds ``mm_jupyter: {"role": "head" | "parameters" | "restore" | "step"}``, with ``seq`` where it belongs
    to an execution. A step that raised or was interrupted carries the tag ``raises-exception``; a replay interrupts the
    latter again after ``interrupted_after`` seconds. ``_3`` and ``Out[3]`` are rewritten to
    the numbers that the executions have here. The ids of the cells depend on the recipe alone.

    Raises:
        MmError: of ``states``, when a recorded state is lost or damaged.
    """
    restoring = Restoring(recipe.steps if restore else (), states)
    parameters = _parameter_steps(recipe.steps)
    cells = [_head(recipe)]
    if not parameters:
        cells.append(_cell("parameters", _NO_PARAMETERS, "parameters", tags=["parameters"]))
    first = recipe.steps[0]
    helper_after = (
        first.seq if first.seq in parameters and not (first.restores or first.entropy) else None
    )
    if helper_after is None:
        cells += _helper(restoring)
    counts: dict[int, int] = {}
    for step in recipe.steps:
        before = restoring.source(step) if restore else ""
        if before:
            cells.append(_cell(f"restore-{step.seq}", before, "restore", seq=step.seq))
        here = 1 + sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in cells)
        if step.count is not None:
            counts[step.count] = here
        cells.append(_step_cell(step, parameters, counts))
        if step.seq == helper_after:
            cells += _helper(restoring)
    about = {
        "run": str(recipe.run),
        "slice": recipe.slice,
        "verified": recipe.verified,
        "executions": len(recipe.steps),
        "of": recipe.of,
    }
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook: nbformat.NotebookNode = new_notebook(
        cells=cells, metadata={"kernelspec": kernel, "mm_jupyter": about}
    )
    return notebook


def _step(execution: Execution) -> RecipeStep:
    source = without_ours(body(execution.source))
    return RecipeStep(
        seq=execution.seq,
        source=source if source.strip() else "pass",
        restores=tuple(state for state in execution.random if state.before is not None),
        entropy=execution.entropy,
        raises=execution.status in ("raised", "interrupted"),
        interrupted_after=execution.seconds if execution.status == "interrupted" else None,
        parameters=execution.parameters,
        count=execution.count,
    )


def _parameter_steps(steps: Sequence[RecipeStep]) -> dict[int, str]:
    """``seq`` of the steps that set parameters, with their tag: papermill puts new values after the first."""
    tags: dict[int, str] = {}
    for step in steps:
        if step.parameters:
            tags[step.seq] = "injected-parameters" if tags else "parameters"
    if not tags and len(steps) > 1 and _only_literals(steps[0].source):
        tags[steps[0].seq] = "parameters"
    return tags


def _only_literals(source: str) -> bool:
    names = cell_names(source)
    if not names.literals or names.defines != names.literals.keys() or names.barriers:
        return False
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return False
    return all(isinstance(node, (ast.Assign, ast.AnnAssign)) for node in tree.body)


def _head(recipe: Recipe) -> nbformat.NotebookNode:
    count = f"{len(recipe.steps):,} of the {recipe.of:,} executions of its session"
    proved = (
        "A replay of it gave the recorded result."
        if recipe.verified
        else "No replay of it has given the recorded result yet."
    )
    text = (
        f"# {recipe.run}\n\n"
        f"How the run **{recipe.run}** is made: {count}, in the order in which they happened - "
        f"{_SLICES[recipe.slice]}. {proved}"
    )
    cell: nbformat.NotebookNode = new_markdown_cell(text, id="mm-head")
    cell.metadata["mm_jupyter"] = {"role": "head"}
    return cell


def _helper(restoring: Restoring) -> list[nbformat.NotebookNode]:
    return [_cell("states", restoring.helper, "restore")] if restoring.helper else []


def _step_cell(
    step: RecipeStep, parameters: Mapping[int, str], counts: Mapping[int, int]
) -> nbformat.NotebookNode:
    tags = [parameters[step.seq]] if step.seq in parameters else []
    if step.raises:
        tags.append("raises-exception")
    role = "parameters" if step.seq in parameters else "step"
    source = _renumbered(step.source, counts)
    cell = _cell(f"step-{step.seq}", source, role, seq=step.seq, tags=tags)
    if step.interrupted_after is not None:
        cell.metadata["mm_jupyter"][INTERRUPTED] = round(step.interrupted_after, 3)
    return cell


def _cell(
    name: str, source: str, role: str, *, seq: int | None = None, tags: Sequence[str] = ()
) -> nbformat.NotebookNode:
    cell: nbformat.NotebookNode = new_code_cell(source, id=f"mm-{name}")
    cell.metadata["mm_jupyter"] = {"role": role} if seq is None else {"role": role, "seq": seq}
    if tags:
        cell.metadata["tags"] = list(tags)
    return cell


def _renumbered(source: str, counts: Mapping[int, int]) -> str:
    """The source with numbered results and inputs (``_3``, ``_i3``, ``Out[3]``, ``In[3]``) as they are called here.

    A cell with magic lines stays as it is.
    """
    if not cell_names(source).history:
        return source
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source
    edits: list[tuple[int, int, int, str]] = []
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) if found := _NUMBERED.fullmatch(name):
                new = counts.get(int(found[2]))
                edits += _edit(node, f"_{found[1]}{new}") if new else []
            case ast.Subscript(
                value=ast.Name(id="Out" | "In" | "_oh" | "_ih"),
                slice=ast.Constant(value=int(number)) as index,
            ) if number in counts:
                edits += _edit(index, str(counts[number]))
    lines = [line.encode() for line in source.split("\n")]
    for line, start, end, text in sorted(edits, reverse=True):
        lines[line] = lines[line][:start] + text.encode() + lines[line][end:]
    return b"\n".join(lines).decode()


def _edit(node: ast.expr, new: str) -> list[tuple[int, int, int, str]]:
    return [(node.lineno - 1, node.col_offset, node.end_col_offset or 0, new)]
