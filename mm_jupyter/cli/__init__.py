"""The command line ``mm``; the same commands serve ``%mm`` in a notebook."""

from mm_jupyter.cli.entry import main, run_command
from mm_jupyter.cli.screen import Screen, Steps

__all__ = ["Screen", "Steps", "main", "run_command"]
