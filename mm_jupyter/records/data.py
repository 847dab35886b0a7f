"""The data of runs: versions of files, and what changed from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mm_jupyter.records.names import ContentDigest, RunRef


@dataclass(frozen=True, slots=True, kw_only=True)
class DataVersion:
    """A file as a run read or wrote it.

    ``kept``: its bytes are in the store; ``read_by`` are the executions (``seq``) that used it; ``same_in`` are other
    runs with the same version, newest first.
    """

    path: str
    role: Literal["input", "output"]
    digest: ContentDigest | None
    size: int
    kept: bool
    modified: float | None = None
    read_by: tuple[int, ...] = ()
    same_in: tuple[RunRef, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """The values of one column. ``bins`` counts numbers between ``low`` and ``high`` in equal steps; ``top`` are the
    most frequent texts with their counts. Quartiles are those of ``statistics.quantiles`` (inclusive)."""

    type: str
    count: int
    missing: int
    distinct: int
    mean: float | None = None
    low: float | None = None
    quartiles: tuple[float, float, float] | None = None
    high: float | None = None
    bins: tuple[int, ...] = ()
    top: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnChange:
    """A column of one or both tables; None on the side that lacks it."""

    name: str
    old: Distribution | None
    new: Distribution | None

    @property
    def differs(self) -> bool:
        """Whether anything about it changed."""
        return self.old != self.new


@dataclass(frozen=True, slots=True, kw_only=True)
class TableChange:
    """Rows are told apart by their whole content, wherever they stand; ``moved``: the same rows in another order."""

    rows: tuple[int, int]
    added: int
    removed: int
    moved: bool
    columns: tuple[ColumnChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One file in two versions; None on the side that lacks it. ``said`` is what there is to say in a sentence."""

    path: str
    old: DataVersion | None
    new: DataVersion | None
    said: str
    table: TableChange | None = None

    @property
    def differs(self) -> bool:
        """Whether the content is another one."""
        return self.old is None or self.new is None or self.old.digest != self.new.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class RunData:
    """The files of one run: inputs first."""

    run: RunRef
    versions: tuple[DataVersion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDiff:
    """The inputs of two runs, or of a run and the files as they lie on the disk now (``new`` is None)."""

    old: RunRef
    new: RunRef | None
    files: tuple[FileChange, ...]
