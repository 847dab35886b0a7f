"""Does a notebook's JSON have what executing and judging it need? nbformat reads what is none with a line in a log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nbformat import NotebookNode

_DATA = ("display_data", "execute_result")


def first_fault(notebook: NotebookNode) -> str | None:
    """What is wrong, as the end of a sentence; None where nothing is. What only a schema minds is not."""
    return next(_faults(notebook), None)


def _faults(notebook: NotebookNode) -> Iterator[str]:
    metadata = notebook.get("metadata")
    if not isinstance(metadata, dict):
        yield "it has no metadata"
    elif not all(_is_named(metadata.get(key, {})) for key in ("kernelspec", "language_info")):
        yield "its metadata do not say which kernel it asks for"
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        yield "it has no list of cells"
        return
    for place, cell in enumerate(cells, 1):
        why = _of_cell(cell)
        if why:
            yield f"its cell {place} {why}"


def _is_named(value: Any) -> bool:
    texts = ("name", "language", "version")
    return isinstance(value, dict) and all(
        isinstance(value.get(key, ""), str) for key in texts if value.get(key) is not None
    )


def _of_cell(cell: Any) -> str | None:
    if not isinstance(cell, dict):
        return "is no cell"
    if not isinstance(cell.get("cell_type"), str) or not isinstance(cell.get("source"), str):
        return "has no type or no source"
    metadata = cell.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("mm_jupyter", {}), dict):
        return "has no metadata"
    tags = metadata.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        return "has tags that are no texts"
    if cell["cell_type"] != "code":
        return None
    outputs = cell.get("outputs")
    if not isinstance(outputs, list) or not all(map(_is_output, outputs)):
        return "has an output that is none"
    return None


def _is_output(output: Any) -> bool:
    if not isinstance(output, dict):
        return False
    kind = output.get("output_type")
    if kind == "stream":
        return _are_texts(output.get("name"), output.get("text"))
    if kind == "error":
        lines = output.get("traceback")
        return isinstance(lines, list) and _are_texts(
            output.get("ename"), output.get("evalue"), *lines
        )
    return kind in _DATA and isinstance(output.get("data"), dict)


def _are_texts(*values: Any) -> bool:
    return all(isinstance(value, str) for value in values)
