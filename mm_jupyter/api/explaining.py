"""The verb that finds causes: why does a run not come out as recorded?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import nbformat

from mm_jupyter.analysis.names import body
from mm_jupyter.api.replays import ReplayProgress, kept, record_of, settings_for, teller
from mm_jupyter.api.runs import found
from mm_jupyter.records import Explanation, RunRef
from mm_jupyter.replaying import explaining
from mm_jupyter.replaying.attempt import Settings
from mm_jupyter.replaying.record import Record
from mm_jupyter.replaying.trying import Progress
from mm_jupyter.workspace import Workspace


def explain(
    name: str,
    *,
    restore: bool = True,
    allow: Sequence[str] = (),
    timeout: float | None = None,
    progress: Callable[[ReplayProgress], None] | None = None,
    workspace: Workspace | None = None,
) -> Explanation:
    """Say why a run does not come out as recorded, and prove it by replays: ``mm.explain("churn/7")``.

    It is replayed with all the help that the record gives. Where the result differs, packages, variables and threads
    are put back until it comes again. Where it does not, the project as it is now is replayed - its cells, modules and
    inputs, without recorded random states - and these are put back.

    Args:
        restore: False goes to the project as it is now at once.
        allow, timeout, progress: as of ``replay``.

    Raises:
        NoSuchRun: with the nearest names.
        CannotReplay: the run has no recipe, or nothing in it can be compared.
        StoreUntrusted: as of ``replay``.
    """
    space = found(workspace)
    record = record_of(space, RunRef.parse(name))
    settings = settings_for(space, record, allow, timeout)
    return explained(space, record, settings, restore=restore, progress=teller(record, progress))


def explained(
    space: Workspace, record: Record, settings: Settings, *, restore: bool, progress: Progress
) -> Explanation:
    """As ``explain``, with settings that can stop it."""
    explanation, verified = explaining.explain(
        record,
        settings,
        cells=_cells(space, record.run.row.notebook),
        restore=restore,
        progress=progress,
    )
    if explanation.helped:
        kept(space, verified)
    return explanation


def _cells(space: Workspace, notebook: str | None) -> dict[str, str]:
    """The sources of a notebook's cells by their ids; none where it is gone or no notebook any more."""
    if notebook is None:
        return {}
    try:
        read = nbformat.read(space.root / notebook, nbformat.NO_CONVERT)
        return {cell["id"]: body(cell.source) for cell in read.cells if cell.cell_type == "code"}
    except Exception:  # noqa: BLE001 - what cannot be read holds no edited cells
        return {}
