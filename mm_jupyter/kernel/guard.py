"""What a replay may not do: change anything outside its scratch directory, or speak to anyone.

One audit hook sees every write, delete, connection and child process that goes through Python's own functions, in
every thread, and those of the libraries in ``readers.py``, which raise the same events. What other libraries do in C
alone it does not see; a confined process (a Linux namespace) stops that too.

An act that would fail anyway - deleting what is not there, making a folder that exists - is left to fail as it did
when it was recorded.
"""

from __future__ import annotations

import os
import resource
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from mm_jupyter.kernel.places import Places

Kind = Literal["write", "delete", "network", "process"]

MAX_REFUSALS = 1000
"""Refusals beyond this number are refused, and not listed."""

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_QUIET_FAMILIES = {getattr(socket, name, -1) for name in ("AF_NETLINK", "AF_ALG")}
_READ_ONLY = {"mode=ro", "mode=memory", "immutable=1"}
_UNIX = getattr(socket, "AF_UNIX", None)
# Programs that only tell about the machine; matplotlib, joblib and ctypes ask them.
_ONLY_TELL = frozenset("fc-list getconf ldconfig lscpu nproc nvidia-smi uname".split())
_UP = 64
"""How many generations up a process is looked for among the kernel's own."""


class SideEffectRefused(PermissionError):
    """The replay refused something; ``str()`` says what, and how to allow it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something refused. ``name`` is a path, ``host:port``, or a command."""

    kind: Kind
    name: str


class Guard:
    """Refuses side effects in this process from ``install`` to ``lift``.

    ``scratch`` may be written. ``allow`` holds ``network``, ``process`` and absolute paths (a file or a folder).
    ``processes``: the record started some, so the replay may. ``file_limit``: bytes that one file may hold.
    """

    def __init__(
        self,
        scratch: str,
        allow: frozenset[str] = frozenset(),
        *,
        processes: bool = False,
        file_limit: int | None = None,
    ) -> None:
        self._places = Places((scratch, *(path for path in allow if os.path.isabs(path))))
        self._network = "network" in allow
        self._processes = processes or "process" in allow
        self._file_limit = file_limit
        self._limit_before: int | None = None
        self._refused: dict[Refusal, None] = {}
        self._active = False
        self._handlers = self._table()

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """What was refused so far, each once, in order: also what the user's code swallowed."""
        return tuple(self._refused)

    def install(self) -> None:
        """Begin to refuse. An audit hook cannot be removed again, only lifted."""
        if self._file_limit is not None:
            self._limit_before = _set_file_limit(self._file_limit)
        self._active = True
        sys.addaudithook(self._hook)

    def lift(self) -> None:
        """Refuse nothing any more."""
        self._active = False
        if self._limit_before is not None:
            _set_file_limit(self._limit_before)

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        handle = self._handlers.get(event)
        if handle is None or not self._active:
            return
        try:
            handle(*args)
        except SideEffectRefused:
            raise
        except Exception:  # noqa: BLE001 # arguments of a wrong type: the function itself says so
            return

    def _table(self) -> dict[str, Callable[..., None]]:
        table: dict[str, Callable[..., None]] = {
            "open": self._open,
            "os.remove": self._remove,
            "os.rmdir": self._remove,
            "shutil.rmtree": self._remove,
            "os.rename": self._rename,
            "os.mkdir": lambda path, _mode, folder=-1: self._make(path, folder),
            "os.symlink": lambda _source, path, folder=-1: self._make(path, folder),
            "os.link": self._link,
            "os.truncate": lambda path, _length: self._change(path),
            "os.chmod": lambda path, _mode, folder=-1: self._change(path, folder),
            "os.chown": lambda path, _user, _group, folder=-1: self._change(path, folder),
            "os.utime": lambda path, _times, _ns, folder=-1: self._change(path, folder),
            "os.setxattr": lambda path, *_: self._change(path),
            "os.removexattr": lambda path, *_: self._change(path),
            "sqlite3.connect": self._database,
        }
        if not self._network:
            table |= {
                "socket.connect": self._address,
                "socket.bind": self._bind,
                "socket.sendto": self._address,
                "socket.sendmsg": self._address,
                "urllib.Request": lambda address, *_: self._request(address),
                "socket.getaddrinfo": lambda host, *_: self._look_up(host),
                "socket.gethostbyname": self._look_up,
                "socket.gethostbyaddr": self._look_up,
            }
        if not self._processes:
            table |= {
                "subprocess.Popen": lambda program, args, *_: self._process(args or program),
                "os.system": self._process,
                "os.exec": lambda program, *_: self._process(program),
                "os.posix_spawn": lambda program, args, *_: self._process(args or program),
                "os.fork": lambda: self._process("fork"),
                "os.forkpty": lambda: self._process("fork"),
            }
        return table | {"os.kill": self._kill, "os.killpg": self._kill}

    def _refuse(self, kind: Kind, name: str, deed: str, option: str) -> None:
        if len(self._refused) < MAX_REFUSALS:
            self._refused[Refusal(kind, name)] = None
        raise SideEffectRefused(f"the replay refused to {deed}; allow it with --allow {option}")

    def _refuse_path(self, kind: Kind, verb: str, path: str) -> None:
        self._refuse(kind, path, f"{verb} {path}: outside its scratch directory", path)

    def _open(self, path: Any, mode: str | None, flags: int) -> None:
        # C code that opens a file gives a mode and no flags.
        if not flags & _WRITES and not (mode and any(letter in mode for letter in "wax+")):
            return
        exclusive = flags & os.O_EXCL and not flags & getattr(os, "O_TMPFILE", 0)
        if not isinstance(path, int) and not (exclusive and os.path.lexists(path)):
            self._write(path)

    def _write(self, path: Any) -> None:
        place = self._places.target(path)
        if not self._places.inside(place) and os.path.isdir(os.path.dirname(place)):
            self._refuse_path("write", "write", place)

    def _change(self, path: Any, folder: int = -1) -> None:
        place = self._places.target(path, folder)
        if not self._places.inside(place) and os.path.lexists(place):
            self._refuse_path("write", "change", place)

    def _make(self, path: Any, folder: int = -1) -> None:
        place = self._places.entry(path, folder)
        if (
            not self._places.inside(place)
            and not os.path.lexists(place)
            and os.path.isdir(os.path.dirname(place))
        ):
            self._refuse_path("write", "create", place)

    def _remove(self, path: Any, folder: int = -1) -> None:
        place = self._places.entry(path, folder)
        if not self._places.inside(place) and os.path.lexists(place):
            self._refuse_path("delete", "delete", place)

    def _rename(self, source: Any, target: Any, old: int = -1, new: int = -1) -> None:
        if not os.path.lexists(self._places.entry(source, old)):
            return
        self._remove(source, old)
        place = self._places.entry(target, new)
        if not self._places.inside(place):
            self._refuse_path("write", "write", place)

    def _link(self, source: Any, target: Any, old: int = -1, new: int = -1) -> None:
        # Writing through a second name of a file outside would change it.
        self._change(source, old)
        self._make(target, new)

    def _database(self, path: Any) -> None:
        text = os.fsdecode(path)
        if text in ("", ":memory:"):
            return
        if text.startswith("file:"):
            parts = urlsplit(text)
            text = unquote(parts.path)
            if text == ":memory:" or _READ_ONLY & set(parts.query.split("&")):
                return
        place = self._places.target(text)
        # Reading is no side effect, and only the system can tell: it does where the file cannot be written.
        last = place if os.path.exists(place) else os.path.dirname(place)
        if not self._places.inside(place) and os.access(last, os.W_OK):
            self._refuse_path("write", "open the database", place)

    def _address(self, handle: Any, address: Any) -> None:
        if handle.family in _QUIET_FAMILIES:
            return
        if handle.family == _UNIX:
            self._unix(address)
        elif isinstance(address, tuple):
            name = f"{address[0]}:{address[1]}"
            self._refuse("network", name, f"use the network ({name})", "network")
        elif address is not None:  # None: a message on a connection that was allowed
            self._refuse("network", str(address), "use the network", "network")

    def _bind(self, handle: Any, address: Any) -> None:
        # A name without a file, of Linux: nobody outside looks for one that was never there.
        if handle.family != _UNIX or os.fsdecode(address)[:1] not in ("", "\0"):
            self._address(handle, address)

    def _unix(self, address: Any) -> None:
        name = os.fsdecode(address)
        if name[:1] == "\0" or not self._places.inside(self._places.target(name)):
            self._refuse("network", name.replace("\0", "@"), f"speak to {name!r}", "network")

    def _look_up(self, host: Any) -> None:
        name = os.fsdecode(host) if host else ""
        if name not in ("", "localhost") and not _numeric(name):
            self._refuse("network", name, f"use the network ({name})", "network")

    def _request(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("file", "data"):
            self._look_up(parts.hostname or address)

    def _process(self, command: Any) -> None:
        parts = command if isinstance(command, (list, tuple)) else [command]
        texts = [os.fsdecode(part) for part in parts]
        if os.path.basename(texts[0]) in _ONLY_TELL:
            return
        text = " ".join(texts)[:200]
        self._refuse("process", text, f"start a process ({text})", "process")

    def _kill(self, process: int, number: int) -> None:
        if number != 0 and process not in (0, os.getpid()) and not _is_ours(abs(process)):
            name = f"kill {process}"
            self._refuse(
                "process", name, f"signal process {process}, which is not its own", "process"
            )


def _numeric(name: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            socket.inet_pton(family, name)
            return True
    return False


def _is_ours(process: int) -> bool:
    """Whether a process descends from this one, or is none (Linux; elsewhere the system decides)."""
    if not os.path.isdir("/proc/self"):
        return True
    for _ in range(_UP):
        try:
            with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
                process = int(file.read().rpartition(")")[2].split()[1])
        except OSError:
            return True
        if process == os.getpid():
            return True
        if process <= 1:
            return False
    return False


def _set_file_limit(size: int) -> int:
    """Let writes beyond ``size`` fail with "File too large" (Python ignores the signal); returns the limit before."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    if hard != resource.RLIM_INFINITY:
        size = hard if size == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    return soft
