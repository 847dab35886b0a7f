"""Errors that a notebook may hold: papermill takes any error output for a failure, so they are hidden from it."""

from __future__ import annotations

from nbformat import NotebookNode

TAG = "raises-exception"
"""A cell with this tag may raise, and the notebook goes on."""

_KEY = "mm_jupyter_tolerated"


def set_aside(notebook: NotebookNode, *, everywhere: bool) -> None:
    """Move the errors of tagged cells (``everywhere``: of all) from the outputs into the cells' metadata."""
    for cell in notebook.cells:
        if cell.cell_type != "code" or not (everywhere or TAG in cell.metadata.get("tags", ())):
            continue
        errors = [
            {"at": at, "output": output}
            for at, output in enumerate(cell.outputs)
            if output.output_type == "error"
        ]
        if errors:
            cell.metadata[_KEY] = {"tolerated": errors}
            cell.outputs = [output for output in cell.outputs if output.output_type != "error"]


def put_back(notebook: NotebookNode) -> bool:
    """Undo ``set_aside``; says whether there was anything to undo."""
    found = False
    for cell in notebook.cells:
        kept = cell.metadata.pop(_KEY, None)
        if kept is None:
            continue
        found = True
        for error in kept["tolerated"]:
            cell.outputs.insert(error["at"], error["output"])
    return found
