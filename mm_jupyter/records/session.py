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
    gone before it could be read, ``content`` when the bytes were not kept (too large). ``modified`` is the time of its
    last change in seconds since the epoch, where a program may have asked for it.
    """

    path: str
    role: Literal["input", "output"]
    digest: ContentDigest | None
    size: int
    content: BlobDigest | None = None
    modified: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A folder that an execution listed or looked into: ``path`` as in ``FileUse``, and the names found there.

    A folder's name ends in ``/``.
    """

    path: str
    names: tuple[str, ...]


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
class Entropy:
    """What an execution drew from the operating system to seed something: one draw.

    ``source`` is who drew: ``numpy`` (``SeedSequence()``, and so ``default_rng()``, ``RandomState()``), ``random``
    (``random.Random()``, ``random.seed()``) or ``uuid`` (``uuid4()``). ``bits`` is the number drawn, in hexadecimal.
    """

    source: Literal["numpy", "random", "uuid"]
    bits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surrounding:
    """Something beside names that an execution set, and every later one may see.

    ``kind`` is a barrier's word (``cwd``, ``environ``, ``sys.path``, ``options``, ``warnings``, ``module``); ``name``
    says which: a variable, ``pandas``, ``matplotlib``, a module.
    """

    kind: Literal["cwd", "environ", "sys.path", "options", "warnings", "module"]
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Something outside that an execution asked.

    ``network``: a host. ``process``: a child process. ``input``: the keyboard. ``secret``: randomness that must not be
    kept. ``random``: randomness that could not be caught. ``clock``: the time.
    """

    kind: Literal["network", "process", "input", "secret", "random", "clock"]
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One cell executed once. ``seq`` counts 1, 2, ... in the session, in the order in which executions started.

    ``source`` is the cell as typed (with its ``%%track`` line), secrets redacted. ``bound`` are the top-level names
    that hold another object than before, ``deleted`` those that are gone.

    ``changed`` are names that still hold the same object, whose mark is another one; ``unchanged`` names that the cell
    could reach and whose object was read in full and is as before; a name in neither was not, or not fully, looked at.
    ``shares`` are groups of names whose objects share memory or hold one another after it. Marks serve slicing alone.
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
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    shares: tuple[tuple[str, ...], ...] = ()
    surroundings: tuple[Surrounding, ...] | None = None
    """What it set beside names; None where that was not watched."""
    entropy: tuple[Entropy, ...] = ()
    listings: tuple[Listing, ...] = ()
    unseen: int = 0
    """Bytes that the process read meanwhile and no file that was seen accounts for."""
    cwd: str = "."
    """Working directory before it, as in ``Session.cwd``."""
    parameters: bool = False
    """The cell carries papermill's tag ``parameters`` or holds what papermill injected."""
