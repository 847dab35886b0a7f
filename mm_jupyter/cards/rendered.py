"""What a view gives: lines for a terminal, plain text and HTML for a notebook."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

RUN_MIME = "application/vnd.mm_jupyter.run+json"
"""MIME type of a run card's data, so that tools can find a card or leave it out."""

VIEW_MIME = "application/vnd.mm_jupyter.view+json"
"""MIME type that marks everything else that we show in a notebook: it is no result of the user's code."""

_BLANKS = re.compile(r"\s+")

Tone = Literal["plain", "strong", "quiet", "good", "warn", "bad", "code"]
Span = tuple[str, Tone]
Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One view. ``lines`` are spans with a tone for a terminal; ``html`` is static, without script, and inlines its
    colours; ``json`` is the data of ``RUN_MIME``, for run cards only."""

    lines: tuple[Line, ...]
    html: str
    json: dict[str, Any] | None = field(default=None)

    @property
    def text(self) -> str:
        """The same facts in the same order, without markup."""
        return "\n".join("".join(text for text, _ in line).rstrip() for line in self.lines)

    def bundle(self) -> dict[str, Any]:
        """The MIME bundle for ``display(..., raw=True)``."""
        data: dict[str, Any] = {"text/plain": self.text, "text/html": self.html}
        if self.json is not None:
            data[RUN_MIME] = self.json
        else:
            data[VIEW_MIME] = {}
        return data


def join(parts: Iterable[Line], gap: str = "  ") -> Line:
    """Put the parts that are not empty on one line."""
    spans: list[Span] = []
    for part in parts:
        if part:
            spans += ((gap, "plain"), *one_line(part)) if spans else one_line(part)
    return tuple(spans)


def one_line(line: Line) -> Line:
    """What a user named may hold line breaks; a line may not."""
    return tuple((_BLANKS.sub(" ", text), tone) for text, tone in line)


def plain(line: Line) -> str:
    return "".join(text for text, _ in line)


def table(
    rows: list[list[Line]], right: frozenset[int] = frozenset(), indent: str = ""
) -> tuple[Line, ...]:
    """Columns as wide as their widest cell; ``right`` are the numbers of columns that align right."""
    if not rows:
        return ()
    rows = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(len(plain(row[i])) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        spans: list[Span] = [(indent, "plain")] if indent else []
        for i, cell in enumerate(row):
            if not widths[i]:
                continue
            room: Span = (" " * (widths[i] - len(plain(cell))), "plain")
            last = i == len(row) - 1
            spans += (room, *cell) if i in right else (*cell,) if last else (*cell, room)
            if not last:
                spans.append(("  ", "plain"))
        lines.append(tuple(span for span in spans if span[0]))
    return tuple(lines)
