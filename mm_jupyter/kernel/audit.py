"""What the process opens and asks for, from Python's own audit events.

One hook serves the whole process: it cannot be removed, so it is installed once and does nothing until ``begin``. It
is called in every thread and for every event - ``id()`` raises one too - so it returns first on those it does not
want, and whatever goes wrong in it stays in it: an audit hook that raises stops what the user does.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from mm_jupyter.kernel.databases import connected, reading

READ, WRITTEN = 1, 2
KEEP_BYTES = 16 * 1024 * 1024
"""Files up to this size are kept whole, where the project does not say otherwise."""
MAX_LISTED = 20
MAX_NAMES = 1_000
"""So many folders that a cell listed are recorded, with so many names each."""

Signature = tuple[int, int, int, int]
_OURS = ".mm"
_DEFAULT_PORTS = (None, 0, "", 80, 443, "80", "443", "http", "https")
_IMPORTS = ("<frozen importlib", "/importlib/", "/pkgutil.py")
_HOST_THREADS = ("pydevd", "IPythonHistorySaving")


@dataclass(frozen=True, slots=True)
class Before:
    """A file as it was before the cell changed it; ``content`` is None where it was too large to keep."""

    size: int
    content: bytes | None


@dataclass(slots=True)
class Record:
    """What was seen between ``begin`` and ``end``: absolute paths, in the order of their first use."""

    opened: dict[str, int] = field(default_factory=dict)
    signatures: dict[str, Signature | None] = field(default_factory=dict)
    before: dict[str, Before] = field(default_factory=dict)
    asked: dict[tuple[str, str], None] = field(default_factory=dict)
    named_ports: set[object] = field(default_factory=set)
    addresses: dict[str, object] = field(default_factory=dict)
    listed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    here: str | None = None
    keep_bytes: int = KEEP_BYTES

    def used(self) -> bool:
        return bool(self.opened or self.asked or self.addresses or self.listed)


class _Switch:
    __slots__ = ("installed", "quiet", "record")

    def __init__(self) -> None:
        self.installed = False
        self.record: Record | None = None
        self.quiet: set[int] = set()


_switch = _Switch()


def install() -> None:
    """Install the hook, once in the life of the process."""
    if not _switch.installed:
        _switch.installed = True
        sys.addaudithook(_hook)


def begin(keep_bytes: int = KEEP_BYTES) -> None:
    """Start a new record; up to ``keep_bytes`` of a file that is about to change are kept."""
    _switch.record = Record(keep_bytes=keep_bytes)


def end() -> Record:
    """Stop recording and hand over what was seen."""
    record, _switch.record = _switch.record, None
    return record or Record()


@contextlib.contextmanager
def unwatched() -> Iterator[None]:
    """Nothing that this thread does inside is recorded: for work of ours while a cell runs."""
    thread = threading.get_ident()
    mine = thread not in _switch.quiet
    _switch.quiet.add(thread)
    try:
        yield
    finally:
        if mine:
            _switch.quiet.discard(thread)


def note(kind: str, name: str) -> None:
    """Add to what the running cell asked for."""
    if _switch.record is not None:
        _switch.record.asked[kind, name] = None


def wrote(path: str) -> None:
    """A library wrote this file unseen: count it, whatever it was before."""
    record = _switch.record
    if record is not None and threading.get_ident() not in _switch.quiet:
        record.opened[path] = record.opened.get(path, 0) | WRITTEN
        record.signatures.setdefault(path, None)


def on_environ(then: Callable[[bytes | str], None]) -> None:
    """Call ``then(name)`` right before a running cell sets or deletes a variable of the environment."""

    def noted(_record: Record, name: Any, *_: object) -> None:
        then(name)

    _HANDLERS["os.putenv"] = _HANDLERS["os.unsetenv"] = noted


def signature(path: str) -> Signature | None:
    """What changes when a file's content does: inode, size, both times; None where there is no such file."""
    try:
        stat = os.stat(path)
    except (OSError, ValueError):
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _hook(
    event: str, args: tuple[Any, ...], switch: _Switch = _switch, ident: Any = threading.get_ident
) -> None:
    handle = _HANDLERS.get(event)
    if handle is None:
        return
    if (
        handle is _on_database
    ):  # also outside of cells, and our own: its locks must outlive our reading
        with contextlib.suppress(Exception):
            connected(_database(args[0]) or ":memory:")
    record = switch.record
    if record is None or (switch.quiet and ident() in switch.quiet):
        return
    with contextlib.suppress(Exception):
        handle(record, *args)


def _text(path: Any) -> str | None:
    if isinstance(path, str):
        return path
    return None if isinstance(path, int) else os.fsdecode(path)


def _path(record: Record, path: Any, folder: int = -1) -> str | None:
    """The absolute path; None for a descriptor, or where it is relative to a folder that only a descriptor names."""
    text = path if type(path) is str else _text(path)
    if not text or text[0] == "/" or os.path.isabs(text):
        return text or None
    if folder != -1:
        return None
    if record.here is None:
        record.here = os.getcwd()
    return f"{record.here}{os.sep}{text}"


def _on_open(record: Record, path: Any, _mode: object, flags: int) -> None:
    path = _path(record, path)
    if path is None:
        return
    if not flags & (os.O_WRONLY | os.O_RDWR | os.O_TRUNC | os.O_CREAT):
        record.opened.setdefault(path, READ)
        record.counts[path] = record.counts.get(path, 0) + 1
    else:
        _write(record, path, keeps=not flags & (os.O_TRUNC | os.O_EXCL))


def _write(record: Record, path: str, *, keeps: bool) -> None:
    """A file is about to be written; ``keeps``: what it holds stays a part of the result."""
    known = record.opened.get(path, 0)
    if known & WRITTEN:
        return
    old = record.signatures[path] = signature(path)
    if old is not None and (keeps or known & READ):
        record.before[path] = _content(path, old[1], record.keep_bytes)
        known |= READ
    record.opened[path] = known | WRITTEN


def _content(path: str, size: int, limit: int) -> Before:
    if size > limit or not os.path.isfile(path):
        return Before(size, None)
    pieces = []
    with unwatched(), reading(path) as file:
        while piece := file.read(limit + 1):
            pieces.append(piece)
            if sum(map(len, pieces)) > limit:
                return Before(size, None)
    content = b"".join(pieces)
    return Before(len(content), content)


def _on_listing(record: Record, folder: Any = None) -> None:
    """A folder's names now, folders with a ``/``. The import system looks into folders all the time: not counted."""
    path = _path(record, "." if folder is None else folder)
    if path is None or path in record.listed or len(record.listed) >= MAX_LISTED:
        return
    who = sys._getframe(2).f_code.co_filename
    if any(part in who for part in _IMPORTS):
        return
    with unwatched(), os.scandir(path) as entries:
        names = (f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries)
        record.listed[path] = tuple(sorted(islice(names, MAX_NAMES)))


def _on_database(record: Record, path: Any) -> None:
    """A database is read or written: only a look afterwards tells which."""
    text = _database(path)
    file = _path(record, text) if text and text != ":memory:" else None
    if file and f"{os.sep}{_OURS}{os.sep}" not in file:
        _write(record, file, keeps=True)
        _write(record, f"{file}-wal", keeps=True)  # SQLite's
        _write(record, f"{file}.wal", keeps=True)  # DuckDB's


def _database(path: Any) -> str | None:
    """The file of a database; SQLite takes ``file:`` addresses too."""
    text = _text(path)
    return text[5:].split("?", 1)[0] if text and text.startswith("file:") else text


def _on_rename(
    record: Record, source: Any, target: Any, source_folder: int = -1, target_folder: int = -1
) -> None:
    old, new = _path(record, source, source_folder), _path(record, target, target_folder)
    if old is None or new is None:
        return
    if os.path.isdir(old):
        for path in [path for path in record.opened if path.startswith(old + os.sep)]:
            _move(record, path, new + path[len(old) :])
        return
    if not record.opened.get(old, 0) & WRITTEN:
        _gone(record, old)
    _move(record, old, new)


def _move(record: Record, old: str, new: str) -> None:
    _write(record, new, keeps=False)
    if record.opened.get(old, 0) & READ:
        record.opened[old] = READ
    else:
        record.opened.pop(old, None)


def _gone(record: Record, path: str) -> None:
    """A file that the cell read or moves is about to vanish: keep what it was."""
    old = signature(path)
    if old is not None and path not in record.before:
        record.before[path] = _content(path, old[1], record.keep_bytes)
        record.opened[path] = READ


def _on_remove(record: Record, path: Any, folder: int = -1) -> None:
    file = _path(record, path, folder)
    if file is not None and record.opened.get(file) == READ:
        _gone(record, file)


def _on_link(
    record: Record, _source: Any, target: Any, folder: int = -1, target_folder: int = -1
) -> None:
    file = _path(record, target, max(folder, target_folder))
    if file is not None:
        _write(record, file, keeps=False)


def _on_truncate(record: Record, path: Any, _length: int) -> None:
    file = _path(record, path)
    if file is not None:
        _write(record, file, keeps=True)


def _on_chdir(record: Record, _path: Any) -> None:
    record.here = None  # the event comes before the change


def _on_process(record: Record, program: Any, arguments: Any = None, *_: object) -> None:
    words = list(arguments) if isinstance(arguments, (list, tuple)) else [program]
    name = _text(program or words[0]) or ""
    if os.path.basename(name) in ("sh", "bash") and len(words) > 2 and _text(words[1]) == "-c":
        name = _first_word(_text(words[2]) or "")
    record.asked["process", os.path.basename(name) or name] = None


def _on_command(record: Record, command: Any) -> None:
    record.asked["process", os.path.basename(_first_word(_text(command) or ""))] = None


def _first_word(command: str) -> str:
    return next((word for word in command.split() if "=" not in word), "sh").strip("\"'()")


def _on_spawn(record: Record, _mode: int, path: Any, *_: object) -> None:
    _on_process(record, path)


def _on_fork(record: Record) -> None:
    record.asked["process", "fork"] = None


def _on_terminal(record: Record) -> None:
    record.asked["process", "sh"] = None  # a line with "!": IPython forks a terminal for the shell


def _on_request(record: Record, url: Any, *_: object) -> None:
    parts = urlsplit(_text(url) or "")
    if parts.hostname:
        _named(record, parts.hostname, parts.port)


def _on_host(record: Record, host: Any, port: Any = None, *_: object) -> None:
    name = _text(host) if host is not None else None
    if name and not _is_address(name):
        _named(record, name, port)


def _named(record: Record, host: str, port: object) -> None:
    if _is_address(host):
        return  # its connection is noted
    record.named_ports.add(None if port in _DEFAULT_PORTS else str(port))
    record.asked["network", host if port in _DEFAULT_PORTS else f"{host}:{port}"] = None


def _on_connect(record: Record, _socket: object, address: Any) -> None:
    if threading.current_thread().name.startswith(_HOST_THREADS):
        return
    if not isinstance(address, tuple):
        record.asked["network", f"unix:{_text(address)}"] = None
        return
    host, port = address[:2]
    if not _is_address(str(host)):
        _named(record, str(host), port)
        return
    local = str(host).startswith("127.") or host == "::1"
    plain = port in _DEFAULT_PORTS
    name = str(host) if plain and not local else f"{host}:{port}"
    record.addresses[name] = None if plain else str(port)


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _on_input(record: Record, prompt: object = "") -> None:
    record.asked["input", str(prompt or "").strip()[:200] or "input()"] = None


_HANDLERS: dict[str, Callable[..., None]] = {
    "open": _on_open,
    "os.listdir": _on_listing,
    "os.scandir": _on_listing,
    "sqlite3.connect": _on_database,
    "os.rename": _on_rename,
    "os.remove": _on_remove,
    "os.link": _on_link,
    "os.symlink": _on_link,
    "os.truncate": _on_truncate,
    "os.chdir": _on_chdir,
    "subprocess.Popen": _on_process,
    "os.exec": _on_process,
    "os.posix_spawn": _on_process,
    "os.spawn": _on_spawn,
    "os.system": _on_command,
    "os.fork": _on_fork,
    "os.forkpty": _on_terminal,
    "socket.connect": _on_connect,
    "socket.getaddrinfo": _on_host,
    "socket.gethostbyname": _on_host,
    "urllib.Request": _on_request,
    "builtins.input": _on_input,
}
