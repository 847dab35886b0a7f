"""A terminal, or a pipe: coloured text on the one, plain text on the other."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from mm_jupyter.cards import Rendered, Tone
from mm_jupyter.cli.screen import Steps
from mm_jupyter.wire import dumps

_STYLES: dict[Tone, str] = {
    "plain": "",
    "strong": "bold",
    "quiet": "dim",
    "good": "green",
    "warn": "yellow",
    "bad": "red",
    "code": "cyan",
}
_WIDEST = 40


class TerminalScreen:
    """Results on standard output, progress and complaints on standard error."""

    def __init__(self) -> None:
        self._out = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._err = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)

    @property
    def now(self) -> float | None:
        return time.time()

    def show(self, rendered: Rendered) -> None:
        for line in rendered.lines:
            text = Text()
            for span, tone in line:
                text.append(_printable(span), _STYLES[tone])
            text.rstrip()
            self._out.print(text)

    def say(self, sentence: str) -> None:
        self._out.print(_printable(sentence))

    def data(self, value: object) -> None:
        sys.stdout.write(dumps(value) + "\n")

    def complain(self, sentence: str) -> None:
        self._err.print(_printable(sentence))

    def confirm(self, question: str) -> bool | None:
        if not sys.stdin.isatty():
            return None
        self._err.print(f"{question} [y/N] ", end="")
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    @contextmanager
    def progress(self) -> Iterator[Steps]:
        if not self._err.is_terminal:
            yield _unseen
            return
        columns = (
            TextColumn("{task.description}", markup=False),
            Segments(),
            TextColumn("{task.completed} of {task.total}", style="dim"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._err, transient=True) as bar:
            task = bar.add_task("", total=None, visible=False)

            def step(what: str, done: int, total: int) -> None:
                bar.update(
                    task, description=_printable(what), completed=done, total=total, visible=True
                )

            yield step


def _unseen(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""


class Segments(ProgressColumn):
    """One segment a cell, since cells are what a person can wait for; a plain bar where there are many."""

    def render(self, task: Task) -> Text:
        total = int(task.total or 0)
        if not total:
            return Text("")
        slots = min(total, _WIDEST)
        done = int(task.completed * slots / total)
        width = 2 if slots <= _WIDEST // 2 else 1
        gap = " " if slots == total else ""
        cells = [Text("━" * width, "green") for _ in range(done)]
        cells += [Text("━" * width, "dim") for _ in range(slots - done)]
        return Text(gap).join(cells)


def _printable(text: str) -> str:
    """Without control characters: a note or a param must not move the cursor or colour the terminal."""
    return "".join(
        char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )
