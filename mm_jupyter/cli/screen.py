"""Where a command shows what it found: the same commands serve a terminal and a notebook."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from mm_jupyter.cards import Rendered

Steps = Callable[[str, int, int], None]
"""Says how far something is: what is being done, how many steps are done, how many there are."""


class Screen(Protocol):
    """A terminal or a notebook. A command knows nothing else of where it runs."""

    @property
    def now(self) -> float | None:
        """Seconds since the epoch, for ages; None where what is shown is kept in a file and read later."""

    def show(self, rendered: Rendered) -> None:
        """A view."""

    def say(self, sentence: str) -> None:
        """A sentence for people: a result that needs no view."""

    def data(self, value: object) -> None:
        """Strict JSON, for machines; nothing else may then be on standard output."""

    def complain(self, sentence: str) -> None:
        """What went wrong, beside the result."""

    def confirm(self, question: str) -> bool | None:
        """Ask before something is lost; None where nobody can answer."""

    def progress(self) -> AbstractContextManager[Steps]:
        """A progress bar while the context is open; silent where nobody watches."""
