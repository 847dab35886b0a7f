"""Workspaces for a process that serves several, each opened once."""

from __future__ import annotations

from pathlib import Path

from mm_jupyter.workspace import Workspace, find, same_store

Opened = Workspace


def open_at(place: Path, known: dict[Path, Workspace]) -> Workspace | None:
    """The workspace at or above ``place``, from ``known`` where it is the one that was opened before.

    A store that was deleted and made again is opened anew.

    Raises:
        StoreError: it is there and cannot be opened.
    """
    for folder in (place, *place.parents):
        if folder in known:
            if same_store(known[folder]):
                return known[folder]
            known.pop(folder).store.close()
        if (folder / ".mm" / "store.db").is_file():
            break
    space = find(place)
    if space is not None:
        known[space.root] = space
    return space
