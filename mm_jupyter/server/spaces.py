"""The workspaces that a server has open: one a folder, found from the notebook that the browser shows."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from mm_jupyter.api.opening import Opened, open_at
from mm_jupyter.api.serving_jobs import JobServer
from mm_jupyter.errors import BadInput, NoWorkspace


class Spaces:
    """``root``: the server's own folder, which no path leaves."""

    def __init__(self, root: str) -> None:
        self.root = Path(root).resolve()
        self._open: dict[Path, Opened] = {}
        self._queues: dict[Path, JobServer] = {}

    def at(self, path: str) -> Opened:
        """The workspace of a file or folder, named from the server's root.

        Raises:
            BadInput: the path leaves the server's root.
            NoWorkspace: there is none at or above it.
        """
        place = self.place(path)
        found = open_at(place, self._open)
        if found is None:
            raise NoWorkspace(path or ".")
        return found

    def place(self, path: str) -> Path:
        """``path`` on the disk. Raises BadInput where it leaves the server's root, or no disk has such a name."""
        if "\0" in path:
            raise BadInput("A path holds no zero byte.")
        place = Path(os.path.normpath(self.root / path.lstrip("/")))
        try:
            resolved = place.resolve()
            if not place.is_relative_to(self.root) or not resolved.is_relative_to(self.root):
                raise BadInput(f"{path[:120]!r} leads out of the folder that this server serves.")
            with suppress(FileNotFoundError, NotADirectoryError):
                os.stat(place)
        except (
            OSError,
            ValueError,
            RuntimeError,
        ) as error:  # too long, a loop, not ours to look at
            why = getattr(error, "strerror", None) or str(error)
            raise BadInput(f"{path[:120]!r} cannot be a path here: {why}.") from error
        return place

    def queue(self, space: Opened) -> JobServer:
        """Who works on the jobs of a workspace."""
        known = self._queues.get(space.root)
        if known is None:
            known = self._queues[space.root] = JobServer(space)
        return known

    def close(self) -> None:
        for queue in self._queues.values():
            queue.close()
        for space in self._open.values():
            space.store.close()


def relative(space: Opened, place: Path) -> str:
    """A notebook's name in its workspace."""
    return str(space.relative(place))
