"""Where a kernel's recordings go: the store in a user's kernel, a bundle in a replay's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mm_jupyter.records import (
    BlobDigest,
    ContentDigest,
    Environment,
    Execution,
    GitState,
    Outcome,
    RunId,
    RunOpening,
    RunRef,
    SeriesChunk,
    Session,
    SessionId,
)

Buffer = bytes | bytearray | memoryview


class Sink(Protocol):
    """Takes what a kernel records. Every method may be called from any thread.

    Blobs come first, rows last: a digest that ``put`` returned may appear in the next rows, and becomes durable with
    them. Each other method is one transaction: it is whole or absent.
    """

    def put(self, *buffers: Buffer) -> BlobDigest:
        """Keep the concatenation of ``buffers``; each buffer starts a block of its own, so equal blocks are shared."""

    def environment(self, environment: Environment) -> ContentDigest:
        """Keep an environment once and return its digest."""

    def open_session(self, session: Session) -> None: ...

    def close_session(self, session: SessionId, ended: float) -> None: ...

    def append(self, executions: Sequence[Execution]) -> None:
        """Add executions that ended, in order."""

    def open_run(
        self, opening: RunOpening, executions: Sequence[Execution]
    ) -> tuple[RunId, RunRef]:
        """Add ``executions`` (pending ones, and the tracked one as ``running``) and a ``running`` run: the next
        version of its experiment."""

    def add_points(self, run: RunId, chunks: Sequence[SeriesChunk]) -> None: ...

    def close_run(self, run: RunId, outcome: Outcome, execution: Execution | None) -> object:
        """End a run; ``execution`` replaces the running one of the same session and ``seq``. What it returns is
        between the sink and who made it."""

    def set_git(self, run: RunId, git: GitState) -> None: ...
