"""One run with all that it takes to replay it, as one file holds it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mm_jupyter.records.names import BlobDigest, ContentDigest, SliceName
from mm_jupyter.records.outcome import SeriesChunk
from mm_jupyter.records.run import Run
from mm_jupyter.records.session import Execution, FileUse
from mm_jupyter.records.verdict import Judgement

PACK_FORMAT = 1
NO_BLOB = BlobDigest("")
"""Stands in an artifact whose bytes were left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackMember:
    """A file inside a pack: its size in bytes and the digest of its plain bytes (``blake3:<64 hex digits>``)."""

    name: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What the record names and the pack does not hold, and why, as the end of a sentence."""

    kind: Literal["input", "output file", "artifact", "model", "values", "lock", "git"]
    name: str
    why: str
    digest: ContentDigest | None = None
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedRule:
    """A noise rule of the project that was packed; its fields are those of ``[tool.mm_jupyter.noise]``."""

    name: str
    kind: str | None = None
    item: str = "*"
    pattern: str | None = None
    rtol: float | None = None
    atol: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedRecord:
    """The record of one run: what a replay needs of it, and no more.

    ``executions`` are those of its session that its recipes repeat, ``of`` counts those that there were.
    ``root`` is the project's folder, or a neutral path where nothing that is packed names it.
    """

    run: Run
    executions: tuple[Execution, ...]
    series: tuple[SeriesChunk, ...]
    root: str
    of: int
    verified: tuple[int, ...] | None = None
    verified_slice: SliceName = "optimistic"

    def inputs(self) -> tuple[FileUse, ...]:
        """The first version of each file that its executions read and did not write themselves before."""
        found: dict[str, FileUse] = {}
        written: set[str] = set()
        for execution in self.executions:
            for use in execution.files:
                if use.role == "output":
                    written.add(use.path)
                elif use.path not in written:
                    found.setdefault(use.path, use)
        return tuple(found.values())

    def blobs(self) -> Iterator[BlobDigest]:
        """Every blob that a replay and its comparison may read; some more than once. ``NO_BLOB`` is none."""
        run = self.run
        found: list[BlobDigest | None] = [run.defaults]
        found += [value.form for value in run.values]
        found += [model.form for model in run.models]
        found += [blob for output in run.outputs for blob in output.data.values()]
        found += [artifact.content for artifact in run.artifacts]
        found += [use.content for use in run.files]
        for execution in self.executions:
            found += [use.content for use in execution.files if use.role == "input"]
            found += [module.source for module in execution.modules]
            found += [state.before for state in execution.random]
        return (blob for blob in found if blob)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackManifest:
    """What a pack says it holds. ``as_of`` is when the newest thing in it happened (seconds since the epoch): the same
    content gives the same bytes. ``executions`` counts the steps of its recipe."""

    format: int
    product: str
    run: str
    as_of: float
    executions: int
    of: int
    members: tuple[PackMember, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A pack that was read and found whole. ``seal`` is the digest of its bytes: who was told it knows that this is
    the very file. ``size`` is in bytes."""

    path: str
    size: int
    seal: str
    manifest: PackManifest
    record: PackedRecord
    verdicts: tuple[Judgement, ...]
    rules: tuple[PackedRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackReplay:
    """A pack, and what its replay on this machine says."""

    pack: Pack
    judgement: Judgement
