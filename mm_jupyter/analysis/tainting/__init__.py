"""What of a recipe's result depends on the clock or on a secret draw, as far as its sources tell.

Taint is followed from the calls that ask, through assignments, changes in place, functions of the notebook and what a
call is given, to names, files and outputs. It excuses a difference and never an equality; what the sources do not show
to depend on such a call is judged as everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mm_jupyter.analysis.names import body
from mm_jupyter.analysis.names.lines import read
from mm_jupyter.analysis.tainting.asking import CLOCK_READ
from mm_jupyter.analysis.tainting.walk import Notebook

__all__ = ["CLOCK_READ", "Taint", "taint"]


@dataclass(frozen=True, slots=True)
class Taint:
    """``names``: a top-level name, a file or a metric -> why it may be another in a replay. ``outputs``: why what the
    last cell shows may be; ``texts`` stand in the lines that are concerned (empty: nobody knows in which)."""

    names: Mapping[str, str]
    outputs: str | None
    texts: tuple[str, ...] = ()

    def excuse(self, kind: str, name: str, texts: tuple[str, str] | None) -> str | None:
        """Why an item that differs may differ; None where nothing excuses it. ``texts``: what both sides show."""
        if kind not in ("output", "figure"):
            head = name.partition(".")[0].partition("[")[0]
            return self.names.get(name) or self.names.get(head)
        if self.outputs is None or texts is None or not self.texts:
            return self.outputs
        mine, theirs = (self._rest(text) for text in texts)
        return self.outputs if mine == theirs else None

    def _rest(self, text: str) -> list[str]:
        return [line for line in text.splitlines() if not any(one in line for one in self.texts)]


def taint(sources: Iterable[str], modules: Mapping[str, str] | None = None) -> Taint:
    """Follow the cells of a recipe in order; the last is the one whose outputs count.

    ``modules``: the sources of the project's modules by their names.
    """
    notebook = Notebook(modules=modules or {})
    for source in sources:
        notebook.outputs, notebook.shown = None, []
        try:
            tree, _ = read(body(source))
            notebook.cell(tree)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    texts = [text for text in notebook.shown if text]
    return Taint(notebook.names, notebook.outputs, tuple(texts) if all(notebook.shown) else ())
