"""What the engine is asked to do."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from nbformat import NotebookNode

from mm_jupyter.replaying.confine import Confinement
from mm_jupyter.replaying.zygotes import Once

HASH_SEED = "0"
"""Of the string hashes in kernels that we start and nobody has chosen another for: sets then have one order."""
INTERRUPTED = "interrupted_after"
"""In a cell's ``mm_jupyter`` metadata: it is interrupted when it has run for so many seconds."""

_SKIPPED_TAG = "skip-execution"

CellState = Literal["running", "done", "failed"]
"""Of a cell; ``failed``: it raised, and the notebook stops there."""


class Stop:
    """Ends work in other threads, all of it, once: what is within ``reaching`` is cancelled, and nothing enters it."""

    def __init__(self) -> None:
        self.asked = False
        self._lock = threading.Lock()
        self._cancels: list[Callable[[], object]] = []

    def ask(self) -> None:
        """Stop, from any thread; a second time it does nothing."""
        with self._lock:
            if not self.asked:
                self.asked = True
                for cancel in self._cancels:
                    cancel()

    @contextmanager
    def reaching(self, cancel: Callable[[], object]) -> Iterator[None]:
        """What runs within is ended by ``cancel``, which another thread calls. Raises CancelledError."""
        with self._lock:
            if self.asked:
                raise asyncio.CancelledError
            self._cancels.append(cancel)
        try:
            yield
        finally:
            with self._lock:
                self._cancels.remove(cancel)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineJob:
    """How to execute one notebook.

    ``python`` is the interpreter's command line (it must have ipykernel), ``cwd`` and ``env`` (None removes) are the
    kernel's. ``bootstrap`` and ``finish`` are sources that run silently before the first cell and after the last,
    also after one that raised. ``timeout`` (seconds) is for all cells together. ``on_cell`` is told the index of a
    cell among those that run, their number and its state; ``watch`` is called every second meanwhile, in
    another thread; both may raise an ``MmError`` to stop. ``graceful``: the
    kernel's atexit functions run. ``Cells`` says what ``substitutions`` do. ``stop`` ends it from another thread: it
    then raises CancelledError. ``zygotes`` may fork the kernel.
    """

    python: tuple[str, ...] = (sys.executable,)
    cwd: str | None = None
    env: Mapping[str, str | None] = field(default_factory=dict)
    bootstrap: str | None = None
    finish: str | None = None
    timeout: float | None = None
    startup_timeout: float = 60.0
    on_cell: Callable[[int, int, CellState], None] | None = None
    watch: Callable[[], None] | None = None
    substitutions: Mapping[str, str] = field(default_factory=dict)
    confine: Confinement | None = None
    allow_errors: bool = False
    graceful: bool = True
    stop: Stop = field(default_factory=Stop)
    zygotes: Once | None = None


def executed(cell: NotebookNode) -> bool:
    """Whether a cell is executed at all."""
    return (
        cell.cell_type == "code"
        and bool(cell.source.strip())
        and _SKIPPED_TAG not in cell.metadata.get("tags", ())
    )
