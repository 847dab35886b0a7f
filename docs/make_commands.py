"""Write docs/commands.md from the commands themselves: ``python docs/make_commands.py`` (``make docs``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from mm_jupyter.cli import main

HEAD = """# Commands

Written by `make docs` from the commands themselves. In a notebook each is also a magic: `%mm runs` for `mm runs`.
"""


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """``command`` and everything below it, with the words to call it by; hidden ones are left out."""
    yield name, command
    if isinstance(command, click.Group):
        for word, child in sorted(command.commands.items()):
            if not child.hidden:
                yield from commands(child, f"{name} {word}")


def reference(command: click.Command, name: str) -> str:
    """The section of one command: usage, what it does, its options."""
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    lines = [f"## {name}", "", f"    {usage}", "", (command.help or "").partition("\f")[0].strip()]
    rows = [
        f"| `{names}` | {text} |"
        for parameter in command.get_params(context)
        if (record := parameter.get_help_record(context))
        for names, text in [record]
    ]
    if rows:
        lines += ["", "| option | |", "|---|---|", *(row.replace("\n", " ") for row in rows)]
    return "\n".join(lines).rstrip() + "\n"


def page() -> str:
    """The text of docs/commands.md."""
    return "\n".join([HEAD, *(reference(command, name) for name, command in commands(main, "mm"))])


if __name__ == "__main__":
    Path(__file__).with_name("commands.md").write_text(page(), encoding="utf-8")
