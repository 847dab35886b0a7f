"""The few HTML shapes that all cards share. Whatever a user named is escaped here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mm_jupyter.cards.numbers import cut
from mm_jupyter.cards.style import PAGE, SLIM


def el(name: str, content: str, classes: str = "", title: str = "") -> str:
    """An element around ``content``, which is HTML already; ``title`` is text.

    A blank follows, so that the words stay apart where a site strips styles.
    """
    kind = f' class="{classes}"' if classes else ""
    hint = f' title="{escape(title)}"' if title else ""
    return f"<{name}{kind}{hint}>{content}</{name}> "


def text(
    value: str, classes: str = "", *, most: int = 80, title: str = "", name: str = "span"
) -> str:
    """A text of any origin, cut at ``most`` characters; the whole of it (up to 1,000) is the title."""
    short = cut(value, most)
    return el(name, escape(short), classes, title or (cut(value, 1000) if short != value else ""))


def slim(content: str) -> str:
    """A card of one line with its style."""
    return f'<div class="mm-o"><style>{SLIM}</style><div class="mm-c sl">{content}</div></div>'


def page(content: str) -> str:
    """A larger card with its style."""
    return f'<div class="mm-o"><style>{PAGE}</style><div class="mm-c">{content}</div></div>'


def section(title: str, content: str, quiet: str = "") -> str:
    """A titled part of a page; nothing where there is no content."""
    if not content:
        return ""
    more = text(quiet, "q s") if quiet else ""
    return f'<div class="sec"><div class="h"><b>{escape(title)}</b> {more}</div>{content}</div>'


def folded(title: str, content: str) -> str:
    """What is there but rarely wanted: opens by a click, without script."""
    return f"<details><summary>{escape(title)}</summary>{content}</details>" if content else ""


def grid(
    rows: Sequence[Sequence[str]],
    *,
    head: Sequence[str] = (),
    right: frozenset[int] = frozenset(),
    classes: str = "",
) -> str:
    """Rows of HTML cells as a table; ``right`` holds the numbers of the columns that align right.

    A column without any content is left out.
    """
    if not rows:
        return ""
    used = [i for i in range(len(rows[0])) if any(row[i] for row in rows)]

    def cells(kind: str, values: Sequence[str]) -> str:
        return "".join(
            f'<{kind} class="num">{value}</{kind}>' if i in right else f"<{kind}>{value}</{kind}>"
            for i, value in ((i, values[i]) for i in used)
        )

    top = f"<thead><tr>{cells('th', head)}</tr></thead>" if head else ""
    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f'<div class="tw"><table class="{classes}">{top}<tbody>{body}</tbody></table></div>'


def pre(value: str, most: int = 20_000) -> str:
    """Source or a traceback, whole up to ``most`` characters; what is cut is counted."""
    rest = len(value) - most
    more = f'<div class="q s">{rest:,} more characters</div>' if rest > 0 else ""
    return f"<pre>{escape(value[:most])}</pre>{more}"
