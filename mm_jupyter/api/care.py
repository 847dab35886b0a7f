"""The care of a store: check it, give bytes back, trust it, read its audit log."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from mm_jupyter import workspace as workspaces
from mm_jupyter.api.runs import found, who
from mm_jupyter.errors import BadInput, NoWorkspace
from mm_jupyter.records import AuditEntry
from mm_jupyter.store import Collected, Fault
from mm_jupyter.workspace import Workspace


def fsck(
    progress: Callable[[int, int], None] | None = None, *, workspace: Workspace | None = None
) -> list[Fault]:
    """Derive every digest of the store again; returns what is damaged, by name. Repairs nothing.

    Args:
        progress: called with what was checked and how much there is.
    """
    return list(found(workspace).store.fsck(progress))


def gc(*, dry_run: bool = False, workspace: Workspace | None = None) -> Collected:
    """Remove what no run refers to any more and give its bytes back to the disk; ``dry_run`` only counts."""
    return found(workspace).store.gc(dry_run=dry_run, who=who())


def trust(path: str | Path | None = None) -> Path:
    """Trust a store that another user owns: from now on its runs may be replayed here. Returns its folder.

    Args:
        path: the store's folder, or one that holds ``.mm``, or lies below it; the current workspace's where None.

    Raises:
        NoWorkspace: there is no store.
        BadInput: the store is a database server's, which needs no trust.
    """
    if path is not None:
        whole = Path(path).expanduser().absolute()
        for folder in (whole, *whole.parents):
            with suppress(NoWorkspace):
                return workspaces.trust(folder)
        raise NoWorkspace(path)
    space = found(None)
    try:
        if space.store.folder is None:
            raise BadInput(
                f"The store {space.store.place} needs no trust: its server knows its users."
            )
        return workspaces.trust(space.store.folder)
    finally:
        space.store.close()


def log(limit: int | None = 50, *, workspace: Workspace | None = None) -> list[AuditEntry]:
    """The newest entries of the audit log, oldest first."""
    entries = found(workspace).store.audit()
    return list(entries if limit is None else entries[-limit:])
