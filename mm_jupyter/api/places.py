"""Where a workspace is, for a process that has not opened it: on this machine or another one."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mm_jupyter.errors import NoWorkspace
from mm_jupyter.workspace import Workspace, at

_one = threading.Lock()
"""papermill moves things that a whole process shares: one piece of work at a time, however many threads ask."""
_opened: dict[Place, Workspace] = {}


@dataclass(frozen=True, slots=True)
class Place:
    """``location`` is the store's, as MM_STORE has it; ``key`` the workspace's secret."""

    root: str
    location: str
    key: bytes

    @classmethod
    def of(cls, space: Workspace) -> Place:
        return cls(str(space.root), space.location, space.key)

    @contextmanager
    def opened(self) -> Iterator[Workspace]:
        """The workspace, opened once in this process, for one thread at a time.

        Raises:
            NoWorkspace: this machine does not see its folder.
        """
        sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # 1.8 s that nothing here needs
        with _one:
            if self not in _opened:
                if not Path(self.root).is_dir():
                    raise NoWorkspace(self.root)
                _opened[self] = at(Path(self.root), self.location, self.key)
            yield _opened[self]
