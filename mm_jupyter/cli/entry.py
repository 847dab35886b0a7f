"""Ways in: ``mm`` of a shell, and ``%mm`` of a notebook."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

import click

from mm_jupyter import wire
from mm_jupyter.cli import (
    data,
    enabling,
    environment,
    jobs,
    keeping,
    looking,
    noise,
    packing,
    replaying,
    status,
    verifying,
)
from mm_jupyter.cli.group import mm
from mm_jupyter.cli.screen import Screen
from mm_jupyter.errors import BadOption, JobsLeft, MmError

# Importing them is what adds their commands.
COMMANDS = (
    looking, replaying, jobs, noise, verifying, packing, data, environment, keeping, enabling,
)  # fmt: skip


def main() -> None:
    """The console script ``mm``."""
    # nbformat imports it for a check that nothing here needs; it costs 1.8 s of CPU. Only an entry point of our own may
    # do this: in a library it would change other people's program.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    # rich costs a tenth of a second that a notebook's %mm never needs.
    from mm_jupyter.cli.terminal import TerminalScreen

    try:
        code = run_command(sys.argv[1:], TerminalScreen())
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone (head, less): nothing is wrong. Python would complain when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = status.FINE
    sys.exit(code)


def run_command(args: Sequence[str], screen: Screen) -> int:
    """Run one command of ``mm`` and return its exit status. Errors become one sentence on the screen.

    With ``--json`` an error is also ``{"error": {"code", "message"}}`` on standard output.
    """
    try:
        code = mm.main(
            args=list(args) or ["--help"], prog_name="mm", standalone_mode=False, obj=screen
        )
    except click.UsageError as error:
        return _complain(screen, args, BadOption(_sentence(error)), error.ctx)
    except click.ClickException as error:
        return _complain(screen, args, BadOption(error.format_message()))
    except (KeyboardInterrupt, click.Abort) as stopped:
        left = stopped.__cause__  # click has made an Abort of it
        kept = "Interrupted: what was finished before is kept."
        screen.complain(str(left) if isinstance(left, JobsLeft) else kept)
        return status.INTERRUPTED
    except MmError as error:
        return _complain(screen, args, error)
    except SystemExit:
        # Only where the reader of a pipe has gone does click exit by itself; nothing is wrong then.
        return status.FINE
    except Exception as error:  # noqa: BLE001 - the front door: a status of its own, with the traceback
        screen.complain("".join(traceback.format_exception(error)).rstrip())
        screen.complain("This is a fault of mm_jupyter: please report it with the lines above.")
        if "--json" in args:
            screen.data(wire.error(MmError(f"{type(error).__name__}: {error}")))
        return status.FAULTY
    return code if isinstance(code, int) else status.FINE


def _sentence(error: click.UsageError) -> str:
    message = error.format_message()
    return message if message.endswith((".", "?", "!")) else message + "."


def _complain(
    screen: Screen, args: Sequence[str], error: MmError, at: click.Context | None = None
) -> int:
    hint = f" 'mm {at.info_name} --help' says more." if at and at.info_name and at.parent else ""
    screen.complain(f"{error}{hint}")
    if "--json" in args:
        screen.data(wire.error(error))
    return status.of_error(error)
