"""One life of one kernel and the cells that ran in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mm_jupyter.records.names import BlobDigest, ContentDigest, SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One life of one kernel. ``notebook`` is relative to the workspace's root (POSIX), where it is known."""

    id: SessionId
    notebook: str | None
    started: float
    user: str
    host: str
    pid: int
    cwd: str
    """Working directory at the start, relative to the workspace's root (``.`` is the root), or absolute outside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An exception as it was shown: class name, message, traceback (plain text, redacted)."""

    name: str
    message: str
    traceback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileUse:
    """A file that an execution read or wrote.

    ``path`` is relative to the workspace's root (POSIX) or absolute outside it; ``digest`` is None when the file was
    gone before it could be read, ``content`` when the bytes were not kept (too large).
    """

    path: str
    role: Literal["input", "output"]
    digest: ContentDigest | None
    size: int
    content: BlobDigest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalModule:
    """A module of the project that an execution imported; ``source`` holds the text it had then."""

    name: str
    path: str
    digest: ContentDigest
    source: BlobDigest


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomState:
    """A generator that an execution moved. The blobs hold JSON (``kernel/randomness.py`` says its form).

    ``generator`` is ``random``, ``numpy.random``, ``torch``, ``torch.cuda:0``, or the top-level name of a generator
    object. ``before`` is None for one that did not exist before the execution.
    """

    generator: str
    before: BlobDigest | None
    after: BlobDigest


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Something outside that an execution asked: a host, a child process, the keyboard, secret randomness."""

    kind: Literal["network", "process", "input", "secret"]
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One cell executed once. ``seq`` counts 1, 2, ... in the session, in the order in which executions started.

    ``source`` is the cell as typed (with its ``%%track`` line), secrets redacted. ``bound`` are the top-level names
    that hold another object than before, ``deleted`` those that are gone.
    """

    session: SessionId
    seq: int
    cell_id: str | None
    count: int | None
    source: str
    started: float
    seconds: float
    status: Literal["running", "ok", "raised", "interrupted"]
    failure: Failure | None = None
    bound: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    files: tuple[FileUse, ...] = ()
    modules: tuple[LocalModule, ...] = ()
    random: tuple[RandomState, ...] = ()
    asked: tuple[Asked, ...] = ()
    cwd: str = "."
    """Working directory before it, as in ``Session.cwd``."""
    parameters: bool = False
    """The cell carries papermill's tag ``parameters`` or holds what papermill injected."""
