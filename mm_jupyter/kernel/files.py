"""Which files an execution read and wrote, what else it asked for, and the digests of those files."""

from __future__ import annotations

import hashlib
import os
import queue
import stat as modes
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mm_jupyter.kernel import audit, readers
from mm_jupyter.kernel.audit import (
    KEEP_BYTES,
    Before,
    Record,
    Signature,
    begin,
    signature,
    unwatched,
)
from mm_jupyter.kernel.databases import reading
from mm_jupyter.kernel.ignored import ignoring
from mm_jupyter.records import Asked, BlobDigest, ContentDigest, FileUse, Listing

__all__ = [
    "FilesSeen",
    "Uses",
    "begin",
    "describe",
    "end",
    "is_secret",
    "joined",
    "listings",
    "unwatched",
    "watch",
]

INLINE_BYTES = 64 * 1024 * 1024
"""What one execution's files may weigh together before the rest is hashed in a thread while the user goes on."""
INLINE_FILES = 1_000
KEEP_ALL_BYTES = 256 * 1024 * 1024
"""The contents kept of one execution's files, together."""

Uses = tuple[FileUse | Future[FileUse], ...]
Put = Callable[..., BlobDigest]
_Role = Literal["input", "output"]

_SECRET_NAMES = (".env", ".netrc", ".pgpass", ".pypirc", "kaggle.json", "credentials")
_SECRET_ENDS = (".pem", ".key", ".p12", ".pfx", ".kdbx", "_rsa", "_ed25519", "_ecdsa", "_dsa")

_held: dict[str, Signature | None] = {}
_known: dict[tuple[str, Signature], ContentDigest] = {}


@dataclass(frozen=True, slots=True)
class FilesSeen:
    """What one execution used, as absolute paths.

    A file that it wrote and read afterwards is among ``writes`` only. One that it read and then changed is in both:
    ``before`` holds what it read.
    """

    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()
    asked: tuple[Asked, ...] = ()
    before: Mapping[Path, Before] = field(default_factory=dict)
    listed: Mapping[Path, tuple[str, ...]] = field(default_factory=dict)
    opened: Mapping[str, int] = field(default_factory=dict)
    """How often each file was opened to be read, those that are left out included."""


def watch(kernel: object | None = None) -> None:
    """Install what sees files, processes, connections and ``input()``; again is harmless.

    ``kernel`` is the ipykernel's kernel object: it asks its frontend for input without an audit event.
    """
    audit.install()
    readers.install()
    _watch_input(kernel)


def end(root: Path, ignore: Iterable[Path] = ()) -> FilesSeen:
    """What was used since ``begin``; recording rests until the next ``begin``.

    Left out: what ``ignored.py`` says, the folders ``ignore``, source files of imported modules, directories, files
    that were never there, and writes that changed nothing.
    """
    record = audit.end()
    if not record.used() and not _held:
        return FilesSeen()
    with unwatched():
        return _seen(record, os.path.normpath(root), tuple(map(str, ignore)))


def _seen(record: Record, root: str, ignore: tuple[str, ...]) -> FilesSeen:
    is_ignored = ignoring(root, ignore)
    reads: dict[str, None] = {}
    writes: dict[str, None] = {}
    before: dict[Path, Before] = {}
    sources: set[str] | None = None
    for given, use in record.opened.items():
        path = os.path.normpath(given)
        if is_ignored(path):
            continue
        now = _regular(path)
        if use & audit.WRITTEN and now is not None and now != record.signatures.get(given):
            writes[path] = None
        changed = path in writes or now is None
        if not use & audit.READ or (changed and given not in record.before):
            continue
        if path.endswith(".py"):
            sources = _module_files() if sources is None else sources
            if path in sources:
                continue
        reads[path] = None
        if changed:
            before[Path(path)] = record.before[given]
    _note_held(writes)
    _held.update({path: signature(path) for path in _open_files(record) if not is_ignored(path)})
    listed = {
        Path(os.path.normpath(path)): names
        for path, names in record.listed.items()
        if not is_ignored(f"{path}/")
    }
    return FilesSeen(
        tuple(map(Path, reads)),
        tuple(map(Path, writes)),
        _asked(record),
        before,
        listed,
        record.counts,
    )


def _regular(path: str) -> Signature | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return signature(path) if modes.S_ISREG(found.st_mode) else None


def _module_files() -> set[str]:
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return {os.path.normpath(file) for file in files if isinstance(file, str)}


def _asked(record: Record) -> tuple[Asked, ...]:
    """A connection to an address whose host was looked up by name, by its port, is that host's."""
    asked = dict(record.asked)
    for name, port in record.addresses.items():
        if port not in record.named_ports:
            asked["network", name] = None
    return tuple(Asked(kind=kind, name=name) for kind, name in asked)  # type: ignore[arg-type]  # audit.py writes only these kinds


def _note_held(writes: dict[str, None]) -> None:
    """Add the files that an earlier cell left open and this one changed."""
    for path, old in list(_held.items()):
        now = _regular(path)
        if now is None:
            del _held[path]
        elif now != old:
            _held[path] = now
            writes[path] = None
    for path in list(_held)[:-32]:
        del _held[path]


def _open_files(record: Record) -> set[str]:
    """The files opened for writing that are open still (where the system shows it)."""
    found: set[str] = set()
    if not record.signatures:
        return found
    try:
        numbers = os.listdir("/proc/self/fd")
    except OSError:  # another system
        return found
    for number in numbers:
        with suppress(OSError):  # another thread has closed it meanwhile
            found.add(os.readlink(f"/proc/self/fd/{number}"))
    return found & record.signatures.keys()


def _watch_input(kernel: Any) -> None:
    ask = getattr(kernel, "_input_request", None)
    if ask is None or getattr(ask, "__wrapped__", None) is not None:
        return

    def noted(prompt: object, *args: Any, **options: Any) -> Any:
        audit.note("input", str(prompt).strip()[:200] or "input()")
        return ask(prompt, *args, **options)

    noted.__wrapped__ = ask  # type: ignore[attr-defined]  # marks that it is ours
    kernel._input_request = noted


def describe(seen: FilesSeen, root: Path, put: Put, keep_bytes: int = KEEP_BYTES) -> Uses:
    """The files with their digests; contents up to ``keep_bytes`` go through ``put``.

    Content that is likely a credential (``.env``, keys) is never kept. What weighs more than ``INLINE_BYTES``
    together is hashed in a thread: those uses are futures, which ``joined`` waits for. A file that changes while it
    is read has no digest.
    """
    uses: list[FileUse | Future[FileUse]] = []
    weight = kept = 0
    work: list[tuple[Path, _Role]] = [(path, "input") for path in seen.reads]
    with unwatched():
        for path, role in [*work, *((path, "output") for path in seen.writes)]:
            name = _name(path, root)
            if role == "input" and path in seen.before:
                uses.append(_was(path, name, seen.before[path], put, keep_bytes))
                continue
            found = signature(str(path))
            size = found[1] if found else 0
            keep = size <= keep_bytes and kept + size <= KEEP_ALL_BYTES and not is_secret(path)
            kept += size if keep else 0
            task = _Task(str(path), name, role, put if keep else None)
            if found and (str(path), found) not in _known:
                weight += size
            if weight > INLINE_BYTES or len(uses) >= INLINE_FILES:
                uses.append(_later(task))
            else:
                uses.append(task.use())
    return tuple(uses)


def listings(seen: FilesSeen, root: Path) -> tuple[Listing, ...]:
    """The folders of the project that were listed; what ``.mm`` holds is ours."""
    return tuple(
        Listing(path=name, names=tuple(one for one in names if one != ".mm/"))
        for name, names in ((_name(path, root), names) for path, names in seen.listed.items())
        if not os.path.isabs(name)
    )


def joined(uses: Uses) -> tuple[FileUse, ...]:
    """The uses with every digest there: waits for those that are still being made."""
    return tuple(use.result() if isinstance(use, Future) else use for use in uses)


def _name(path: Path, root: Path) -> str:
    for base in (root, root.resolve()):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return path.as_posix()


def is_secret(path: Path) -> bool:
    """Whether a file is likely a credential, by its name."""
    name = path.name.lower()
    return name in _SECRET_NAMES or name.startswith(".env.") or name.endswith(_SECRET_ENDS)


def _was(path: Path, name: str, before: Before, put: Put, keep_bytes: int) -> FileUse:
    content = before.content
    if content is None:
        return FileUse(path=name, role="input", digest=None, size=before.size)
    keep = len(content) <= keep_bytes and not is_secret(path)
    digest = _digest(hashlib.blake2b(content, digest_size=16))
    kept = put(content) if keep else None
    return FileUse(path=name, role="input", digest=digest, size=len(content), content=kept)


def _digest(hashed: Any) -> ContentDigest:
    return ContentDigest(f"blake2b:{hashed.hexdigest()}")


@dataclass(frozen=True, slots=True)
class _Task:
    """One file to hash, and to keep where there is a ``put``."""

    path: str
    name: str
    role: _Role
    put: Put | None

    def use(self) -> FileUse:
        found = signature(self.path)
        if found is None:
            return FileUse(path=self.name, role=self.role, digest=None, size=0)
        try:
            digest, content = self._read(found)
        except OSError:
            digest = content = None
        return FileUse(
            path=self.name,
            role=self.role,
            digest=digest,
            size=found[1],
            content=content,
            modified=found[2] / 1e9 if self.role == "input" else None,
        )

    def _read(self, found: Signature) -> tuple[ContentDigest | None, BlobDigest | None]:
        digest = _known.get((self.path, found))
        if self.put is None and digest is not None:
            return digest, None
        pieces = []
        hashed = hashlib.blake2b(digest_size=16)
        with reading(self.path) as file:
            while piece := file.read(1024 * 1024):
                if digest is None:
                    hashed.update(piece)
                if self.put is not None:
                    pieces.append(piece)
        if signature(self.path) != found:
            return None, None
        if digest is None:
            if len(_known) > 20_000:
                _known.clear()
            digest = _known[self.path, found] = _digest(hashed)
        return digest, self.put(b"".join(pieces)) if self.put is not None else None


_waiting: queue.SimpleQueue[tuple[_Task, Future[FileUse]]] = queue.SimpleQueue()
_worker: list[threading.Thread] = []


_hashing: set[Future[FileUse]] = set()


def hashing() -> bool:
    """Whether the thread that hashes large files is at work."""
    return bool(_hashing)


def _later(task: _Task) -> Future[FileUse]:
    """Hash in the one thread kept for that (a daemon: a kernel that ends does not wait for it)."""
    future: Future[FileUse] = Future()
    _hashing.add(future)
    future.add_done_callback(_hashing.discard)
    _waiting.put((task, future))
    if not _worker or not _worker[0].is_alive():
        _worker[:] = [threading.Thread(target=_work, name="mm hashing", daemon=True)]
        _worker[0].start()
    return future


def _work() -> None:
    with unwatched():
        while True:
            task, future = _waiting.get()
            try:
                future.set_result(task.use())
            except Exception as error:  # noqa: BLE001 - whoever joins gets it
                future.set_exception(error)
