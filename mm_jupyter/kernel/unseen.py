"""Bytes that an execution read and that nothing explains: some reader in C opened files without a word to Python.

Linux counts what a process reads (``rchar`` in ``/proc/self/io``). What was opened in view is taken off, each file as
often as it was opened, and what is open at the end, which may have been read through an older handle; the rest is
said from ``MIN_BYTES`` on, and only where nothing else reads: no import, no child process, no connection.
"""

from __future__ import annotations

import os
import stat
import sys

from mm_jupyter.kernel.audit import unwatched
from mm_jupyter.kernel.files import FilesSeen, hashing

MIN_BYTES = 1024 * 1024
_OTHER_READERS = frozenset(("process", "network"))


class Unseen:
    """Counts around one execution at a time."""

    def __init__(self) -> None:
        try:
            self._counter = os.open("/proc/self/io", os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        except OSError:  # another system
            self._counter = -1
        self._before = 0
        self._modules = 0

    def begin(self) -> None:
        """Note how much was read so far."""
        self._before = self._read()
        self._modules = len(sys.modules)

    def end(self, seen: FilesSeen) -> int:
        """The bytes that nothing explains; 0 where all are explained, or nobody can tell."""
        rest = self._read() - self._before
        if rest < MIN_BYTES or len(sys.modules) != self._modules or hashing():
            return 0
        if any(asked.kind in _OTHER_READERS for asked in seen.asked):
            return 0
        with unwatched():
            known = sum(_size(path) * count for path, count in seen.opened.items())
            known += sum(_size(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd"))
        rest -= known
        return rest if rest >= max(MIN_BYTES, known) else 0

    def _read(self) -> int:
        if self._counter < 0:
            return 0
        try:
            return int(os.pread(self._counter, 64, 0)[7:].split(b"\n", 1)[0])
        except (OSError, ValueError):
            return 0


def _size(path: str) -> int:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0
