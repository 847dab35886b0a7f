"""The notebook's front door: ``%load_ext mm_jupyter``, ``%%track`` and ``%mm``."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

from IPython import display as ipython_display
from IPython import get_ipython
from IPython.core import inputtransformer2
from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class

from mm_jupyter.api.recording import TRACK_USAGE, Recording, start
from mm_jupyter.cards.displaying import register
from mm_jupyter.cards.rendered import VIEW_MIME
from mm_jupyter.errors import MmError, StoreError
from mm_jupyter.kernel.outputs import without_flushing
from mm_jupyter.records import RunCard

# IPython's functions carry no types.
_display: Any = ipython_display.display
_cell_magic: Any = inputtransformer2.cell_magic
_TRACK = re.compile(r"%%track(?!\w|\?+\s*$)(.*)", re.DOTALL)
_loaded: list[MmMagics] = []
"""The magics of this process's shell: none or one."""


def load_ipython_extension(shell: Any, *, in_cell: bool = True) -> None:
    """``%load_ext mm_jupyter``: record this kernel's cells. Loading it twice changes nothing.

    ``in_cell``: a cell of the user's calls us, which is recorded from here on.
    """
    if _loaded:
        return
    try:
        recording: Recording | None = start(shell, _show, in_cell=in_cell)
    except MmError as error:
        sys.stderr.write(f"mm_jupyter: cells are not being recorded. {error}\n")
        recording = None
    _loaded.append(MmMagics(shell, recording))
    shell.register_magics(_loaded[0])
    register(shell)
    shell.input_transformers_cleanup.append(split_track_line)


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext mm_jupyter``: stop recording; what was recorded stays."""
    if not _loaded:
        return
    recording = _loaded.pop().recording
    if recording is not None:
        recording.stop()
    if split_track_line in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.remove(split_track_line)


def split_track_line(lines: list[str]) -> list[str]:
    """Turn the cell magic into a line magic above its cell.

    So the body stays a cell: line numbers, top-level ``await``, the last expression and errors are native, and the
    shell's events come once. A cell magic below it (``%%time``) still works; ``%%track?`` stays the question it is.
    """
    match = _TRACK.match(lines[0]) if lines else None
    if match is None:
        return lines
    # A question mark would ask for help, and a dollar would be expanded: the line goes as a plain string.
    first = f"get_ipython().run_line_magic('track', {match[1].strip()!r})\n"
    return [first, *_cell_magic(lines[1:])]


def _show(card: RunCard) -> None:
    from mm_jupyter.cards import run_card

    with without_flushing(get_ipython()):
        _display(run_card(card).bundle(), raw=True)


def _say(sentence: str) -> None:
    _display({"text/plain": sentence, VIEW_MIME: {}}, raw=True)


@magics_class
class MmMagics(Magics):
    """The magics of one shell."""

    def __init__(self, shell: Any, recording: Recording | None) -> None:
        super().__init__(shell)
        self.recording = recording

    @line_cell_magic
    def track(self, line: str, cell: str | None = None) -> None:  # noqa: ARG002 - the recorder has read it
        # The docstring is set below: it is the usage text.
        if self.recording is not None and self.recording.complaint is not None:
            raise UsageError(self.recording.complaint)
        if cell is not None or (self.recording is not None and not self.recording.asked):
            raise UsageError("%%track must be the first line of its cell.")

    track.__doc__ = TRACK_USAGE

    @line_magic
    def mm(self, line: str) -> None:
        """%mm COMMAND ...: what the command line's ``mm`` can do, shown in the notebook. ``%mm --help`` lists it.

        Besides: ``%mm autotrack on [EXPERIMENT]`` tracks every cell from the next one on, until
        ``%mm autotrack off``.
        """
        try:
            words = shlex.split(line)
        except ValueError:
            raise UsageError(f"%mm: {line.strip()!r} has an open quote.") from None
        if words[:1] == ["autotrack"]:
            self._autotrack(words[1:])
            return
        # click and rich cost a tenth of a second that a kernel need not pay before it asks.
        from mm_jupyter.cli import run_command
        from mm_jupyter.cli.notebook import NotebookScreen

        run_command(words, NotebookScreen())

    def _autotrack(self, words: list[str]) -> None:
        if self.recording is None:
            raise UsageError(
                "Cells are not being recorded: see the message where mm_jupyter was loaded."
            )
        if words[:1] == ["on"] and len(words) <= 2:
            experiment = words[1] if len(words) == 2 else self.recording.default_experiment
            try:
                self.recording.autotrack(experiment)
            except MmError as error:
                raise UsageError(str(error)) from None
            _say(f"Every cell from the next one on is a version of {experiment}.")
        elif words == ["off"]:
            self.recording.autotrack(None)
            _say("Only cells that say %%track are runs.")
        else:
            raise UsageError("%mm autotrack on [EXPERIMENT] | off")


def begin_notebook(argument: str) -> None:
    """Start recording a notebook that we execute. ``argument`` is the path of a JSON object with ``notebook`` (its
    path), ``experiment``, ``given`` (names of parameters), ``tags`` and ``report`` (where to say the session's id)."""
    job = json.loads(Path(argument).read_text())
    shell = get_ipython()
    load_ipython_extension(shell, in_cell=False)
    recording = _loaded[0].recording
    if recording is None:
        raise StoreError("the notebook cannot be recorded: its store cannot be written")
    Path(job["report"]).write_text(recording.session)
    recording.begin_notebook(job["experiment"], tuple(job["given"]), job["tags"])


def end_notebook(_: str) -> None:
    """Close the run of the notebook that ``begin_notebook`` opened."""
    if _loaded and _loaded[0].recording is not None:
        _loaded[0].recording.end_notebook()
    unload_ipython_extension(get_ipython())
