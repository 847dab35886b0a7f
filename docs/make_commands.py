"""Write docs/commands.md from the commands themselves: ``python docs/make_commands.py`` (``make docs``)."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from textwrap import indent

import click

from mm_jupyter.cli.group import mm

HEAD = """# Commands

Written by `make docs` from the commands themselves. In a notebook each is also a magic: `%mm runs` for `mm runs`.
"""

BAR = r"\|"  # a bar alone ends the column of a table, inside of code too


def commands(command: click.Command = mm, name: str = "mm") -> Iterator[tuple[str, click.Command]]:
    """``command`` and everything below it, with the words to call it by; hidden ones are left out."""
    yield name, command
    if isinstance(command, click.Group):
        for word, child in sorted(command.commands.items()):
            if not child.hidden:
                yield from commands(child, f"{name} {word}")


def prose(text: str) -> str:
    """A help text as Markdown: what click must not wrap becomes a block of code."""
    paragraphs = cleandoc(text).split("\n\n")
    return "\n\n".join(
        indent(paragraph.removeprefix("\b\n"), "    ") if paragraph.startswith("\b") else paragraph
        for paragraph in paragraphs
    )


def reference(command: click.Command, name: str) -> str:
    """The section of one command: usage, what it does, its options."""
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    records = [parameter.get_help_record(context) for parameter in command.params]
    rows = [
        f"| `{words.replace('|', BAR)}` | {' '.join(text.split())} |"
        for words, text in filter(None, records)
        if text  # a positional argument has none: the usage names it
    ]
    parts = [f"## {name}", indent(usage, "    "), prose(command.help or "")]
    if rows:
        parts.append("\n".join(["| | |", "|---|---|", *rows]))
    return "\n\n".join([*parts, prose(command.epilog or "")]).rstrip() + "\n"


def page() -> str:
    """The text of docs/commands.md."""
    return "\n".join([HEAD, *(reference(command, name) for name, command in commands())])


if __name__ == "__main__":
    Path(__file__).with_name("commands.md").write_text(page(), encoding="utf-8")
