"""What a replay kernel is told, and the version of the bundle that it leaves."""

from __future__ import annotations

from dataclasses import dataclass, field

BUNDLE_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayJob:
    """What a replay kernel is told. All paths are absolute, and all but ``project`` are in the scratch directory.

    ``target`` is the number (1, 2, ...) of the code cell that is the run, None where the run is the whole notebook's
    or a block's; ``line`` is the ``%%track`` line it had; ``given`` names papermill's parameters.
    ``project`` is the workspace for whose files ``root`` stands. ``clock``: what every clock shows in each code
    cell (seconds since the epoch); empty: the real one. ``seed`` starts the global generators that ``seeded`` names.
    ``modules`` are the files of the project's modules by name. ``trace``: the bundle says what every name held after
    each cell. ``outside``: files outside of the project for which those below ``base`` stand.
    """

    bundle: str
    root: str
    base: str
    key: str
    target: int | None
    line: str
    notebook: bool = False
    given: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    processes: bool = False
    file_limit: int | None = None
    project: str | None = None
    clock: tuple[float, ...] = ()
    seed: int | None = None
    seeded: tuple[str, ...] = ()
    trace: bool = False
    modules: dict[str, str] = field(default_factory=dict)
    outside: tuple[str, ...] = ()
