"""What nbformat reads although it is no notebook is named, and what only a schema minds is let through."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest

from mm_jupyter.api.notebook_shape import first_fault


def notebook(**cell: Any) -> Any:
    """A notebook whose second cell has these fields."""
    good = {"cell_type": "code", "source": "1", "metadata": {}, "outputs": []}
    cells = [dict(good), {**good, **cell}]
    return nbformat.from_dict({"nbformat": 4, "metadata": {}, "cells": cells})


@pytest.mark.parametrize(
    "output",
    [
        {"output_type": "stream", "name": "stdout", "text": "a"},
        {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["a"]},
        {"output_type": "display_data", "data": {"text/plain": "1", "application/json": {}}},
        {"output_type": "execute_result", "data": {}, "more": 1},
    ],
)
def test_what_jupyter_writes_is_whole(output: dict[str, Any]) -> None:
    assert first_fault(notebook(outputs=[output], more=1)) is None
    assert first_fault(notebook(cell_type="markdown", outputs=None)) is None


@pytest.mark.parametrize(
    "cell",
    [
        {"cell_type": None},
        {"source": 0.5},
        {"metadata": []},
        {"metadata": {"tags": 1}},
        {"metadata": {"tags": [None]}},
        {"metadata": {"mm_jupyter": "x"}},
        {"outputs": None},
        {"outputs": [None]},
        {"outputs": [{}]},
        {"outputs": [{"output_type": "stream", "name": "stdout"}]},
        {"outputs": [{"output_type": "error", "ename": "E", "evalue": "", "traceback": "a"}]},
        {"outputs": [{"output_type": "display_data"}]},
        {"outputs": [{"output_type": "pyout", "data": {}}]},
    ],
)
def test_a_cell_that_is_none_is_named(cell: dict[str, Any]) -> None:
    said = first_fault(notebook(**cell))
    assert said is not None
    assert said.startswith("its cell 2 ")


@pytest.mark.parametrize(
    "book",
    [
        {"cells": []},
        {"metadata": {}},
        {"metadata": {}, "cells": {}},
        {"metadata": {}, "cells": [1]},
        {"metadata": {"kernelspec": "python3"}, "cells": []},
        {"metadata": {"language_info": {"name": 3}}, "cells": []},
    ],
)
def test_a_notebook_that_is_none_is_named(book: dict[str, Any]) -> None:
    assert first_fault(nbformat.from_dict(book)) is not None
