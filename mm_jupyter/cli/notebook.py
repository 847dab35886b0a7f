"""A notebook's output area: views as HTML with their text beside it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from IPython import display as ipython

from mm_jupyter.cards import VIEW_MIME, Rendered
from mm_jupyter.cli.screen import Steps
from mm_jupyter.wire import dumps

# IPython's display functions carry no types.
_display: Any = ipython.display
_Handle: Any = ipython.DisplayHandle


class NotebookScreen:
    """Views are displayed; a progress line turns into the first view that follows it."""

    def __init__(self) -> None:
        self._slot: Any = None

    @property
    def now(self) -> float | None:
        # The output is saved with the notebook: "12 min" would soon be wrong.
        return None

    def show(self, rendered: Rendered) -> None:
        self._give(rendered.bundle())

    def say(self, sentence: str) -> None:
        self._give(_marked(sentence))

    def data(self, value: object) -> None:
        self._give(_marked(dumps(value)))

    def complain(self, sentence: str) -> None:
        sys.stderr.write(sentence + "\n")

    def confirm(self, question: str) -> bool | None:  # noqa: ARG002 - it is never asked
        # Under papermill, and in a notebook that is run from top to bottom, nobody can answer.
        return None

    @contextmanager
    def progress(self) -> Iterator[Steps]:
        handle: Any = None

        def step(what: str, done: int, total: int) -> None:
            nonlocal handle
            line = _marked(f"{what}: {done} of {total}")
            if handle is None:
                handle = _Handle()
                handle.display(line, raw=True)
            else:
                handle.update(line, raw=True)

        try:
            yield step
        finally:
            self._slot = handle

    def _give(self, bundle: dict[str, Any]) -> None:
        slot, self._slot = self._slot, None
        if slot is None:
            _display(bundle, raw=True)
        else:
            slot.update(bundle, raw=True)


def _marked(text: str) -> dict[str, Any]:
    return {"text/plain": text, VIEW_MIME: {}}
