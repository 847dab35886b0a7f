"""Which paths lie inside the directories that a replay may write."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

# Writing to these leaves nothing behind: devices, and what multiprocessing and joblib keep in memory under names of
# their own.
_DEVICES = frozenset({"/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx"})
_STREAMS = ("/dev/fd/", "/dev/std")
_OPEN_ENDED = (
    *_STREAMS,
    "/dev/pts/", "/dev/shm/sem.", "/dev/shm/psm_", "/dev/shm/pym-", "/dev/shm/wnsm_",
    "/dev/shm/joblib_memmapping_folder_", "/dev/shm/loky-",
)  # fmt: skip


class Places:
    """Directories and files that may be written, with everything below them."""

    def __init__(self, roots: Iterable[str]) -> None:
        self._roots = tuple({os.path.realpath(os.path.expanduser(root)) for root in roots})
        self._below = tuple(root.rstrip(os.sep) + os.sep for root in self._roots)

    def inside(self, place: str) -> bool:
        """Whether a place (from ``target`` or ``entry``) may be written."""
        return (
            place in self._roots
            or place.startswith(self._below)
            or place in _DEVICES
            or place.startswith(_OPEN_ENDED)
        )

    def target(self, path: Any, folder: int = -1) -> str:
        """The file that ``path`` (or an open descriptor) leads to, links followed.

        ``folder`` is the descriptor that a relative path starts from; -1 is the current directory.
        """
        if isinstance(path, int):
            return _of_descriptor(path)
        if (text := os.fsdecode(path)).startswith(_STREAMS):
            return text
        return os.path.realpath(_based(path, folder))

    def entry(self, path: Any, folder: int = -1) -> str:
        """The directory entry that ``path`` names: a link itself, not what it leads to."""
        parent, name = os.path.split(_based(path, folder).rstrip(os.sep) or os.sep)
        return os.path.join(os.path.realpath(parent or os.curdir), name)


def _based(path: Any, folder: int) -> str:
    text = os.fsdecode(path)
    return (
        text if folder == -1 or os.path.isabs(text) else os.path.join(_of_descriptor(folder), text)
    )


def _of_descriptor(descriptor: int) -> str:
    """The path of an open file, or a name outside every place where the system does not tell."""
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return f"descriptor {descriptor}"
