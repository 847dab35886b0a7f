"""A real store with real runs, and a pack of one of them: what inputs are changed from and asked of."""

from __future__ import annotations

from pathlib import Path

import nbformat

from mm_jupyter.api.notebooks import run_notebook
from mm_jupyter.api.packing import pack
from mm_jupyter.store import Store
from mm_jupyter.workspace import FOLDER, open_or_create

CELLS = (
    "%load_ext mm_jupyter\nimport json, pathlib",
    "pathlib.Path('data.csv').write_text('a,b\\n1,2\\n3,4\\n' * 20)",
    """%%track churn -t stage=baseline --note 'the first'
depth = 3
name = 'é'
rows = open('data.csv').read()
accuracy = 0.5 + depth / 10
print('mean', accuracy)
rows[:5]""",
    """%%track churn
import mm_jupyter as mm
for step in range(300):
    mm.log(step, loss=1 / (step + 1))
depth = 4
accuracy = 0.5 + depth / 10""",
    "%%track other\nraise ValueError('no')",
)


def seeded(folder: Path) -> Store:
    """The store in ``folder``, which holds ``seed.mmpack`` and ``churn.ipynb`` beside it."""
    (folder / FOLDER).mkdir()
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    cells[-1].metadata["tags"] = ["raises-exception"]
    book = nbformat.v4.new_notebook(cells=cells)
    book.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.write(book, folder / "churn.ipynb")
    space = open_or_create(folder)
    try:
        run_notebook(folder / "churn.ipynb", workspace=space)
        pack("churn/1", folder / "seed.mm.zip", workspace=space)
    finally:
        space.store.close()
    (folder / "seed.mm.zip").rename(folder / "seed.mmpack")
    return Store.open(folder / FOLDER)
