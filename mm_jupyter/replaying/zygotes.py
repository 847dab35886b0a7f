"""Kernels that are forked from an interpreter which has imported everything that a kernel does, and started none.

Importing is nine tenths of what a kernel's start costs. A fork shares with its siblings what an interpreter draws once:
the seed of the string hashes, and where objects lie. Replays of one run must not share these, for by them code that
depends on chance is found: so a run has at most one replay in a fork, and any further one in an interpreter of its own.
"""

from __future__ import annotations

import atexit
import functools
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mm_jupyter.replaying.bootstrap import importing
from mm_jupyter.replaying.confine import CONFINED, Confinement
from mm_jupyter.replaying.launch import BEGIN, START

LATER = ("TMPDIR", "JOBLIB_TEMP_FOLDER", "NUMBA_CACHE_DIR", "IPYTHONDIR", "MPLCONFIGDIR")
"""Variables that nothing has read when a kernel is imported: a fork may have others than its zygote."""

MOST = 4
"""Zygotes at a time."""
START_SECONDS = 30.0
"""How long one may take to import a kernel, or to fork."""

_POLL = 0.002

_Key = tuple[tuple[str, ...], tuple[tuple[str, str], ...]]


class Forked:
    """A forked kernel, with what of ``subprocess.Popen`` its provisioner and we use."""

    stdin = stdout = stderr = None

    def __init__(self, zygote: Zygote, name: str, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._zygote, self._name = zygote, name

    def poll(self) -> int | None:
        if self.returncode is None:
            status = self._zygote.said(f"{self._name}.status")
            if status is not None:
                self.returncode = int(status)
            elif not self._zygote.alive():  # it has killed its children before
                self.returncode = -signal.SIGKILL
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("kernel", timeout or 0)
            time.sleep(_POLL)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class Zygote:
    """One interpreter that forks kernels; ``close`` ends it and them, and so does the end of this process."""

    def __init__(self, python: Sequence[str], env: Mapping[str, str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mmz", ignore_cleanup_errors=True)
        self._names = itertools.count(1)
        self._lock = threading.Lock()
        with open(Path(self._folder.name) / "log", "wb") as log:
            self._process = subprocess.Popen(
                [*python, "-c", _source(self._folder.name)], env=dict(env), cwd="/",
                stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def ready(self) -> bool:
        """Wait until it can fork. False: it cannot, and has ended."""
        return self._awaited("ready") is not None

    def fork(
        self,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str,
        log: Path,
        confine: Confinement | None,
    ) -> Forked | None:
        """A kernel with these arguments, or None where none came up. ``env`` is what its own of ``LATER`` are."""
        name = str(next(self._names))
        asked = {
            "name": name,
            "arguments": list(arguments),
            "env": dict(env),
            "gone": [one for one in LATER if one not in env],
            "cwd": cwd,
            "log": str(log),
            "writable": None
            if confine is None
            else [os.path.realpath(p) for p in confine.writable],
            "network": confine is not None and confine.network,
        }
        assert self._process.stdin is not None
        with self._lock, suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(asked).encode() + b"\n")
            self._process.stdin.flush()
        pid = self._awaited(f"{name}.pid")
        return None if pid is None else Forked(self, name, int(pid))

    def alive(self) -> bool:
        return self._process.poll() is None

    def said(self, name: str) -> str | None:
        try:
            return (Path(self._folder.name) / name).read_text(encoding="ascii")
        except FileNotFoundError:
            return None

    def close(self) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=START_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def _awaited(self, name: str) -> str | None:
        deadline = time.monotonic() + START_SECONDS
        while (found := self.said(name)) is None:
            if not self.alive() or time.monotonic() > deadline:
                return self.said(name)
            time.sleep(_POLL)
        return found


class Zygotes:
    """One zygote for each interpreter and environment that is asked for more than once. From any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: dict[_Key, int] = {}
        self._known: dict[_Key, Zygote | None] = {}

    def zygote(self, python: Sequence[str], env: Mapping[str, str]) -> Zygote | None:
        """One for kernels of this interpreter with this environment, ``LATER`` aside; None: start one the usual way."""
        if not _same_anywhere(env):
            return None
        early = {name: value for name, value in env.items() if name not in LATER}
        key = (tuple(python), tuple(sorted(early.items())))
        with self._lock:
            self._asked[key] = self._asked.get(key, 0) + 1
            if key not in self._known:
                if self._asked[key] == 1 or len(self._known) >= MOST:
                    return None
                made = Zygote(python, early)
                self._known[key] = made
                if not made.ready():
                    self._known[key] = None
                    made.close()
            return self._known[key]

    def close(self) -> None:
        """End all of them, and what they have forked."""
        with self._lock:
            for zygote in self._known.values():
                if zygote is not None:
                    zygote.close()
            self._known.clear()


@functools.cache
def process_zygotes() -> Zygotes:
    """Those of a process that replays one run after another; they end with it, however it does."""
    zygotes = Zygotes()
    atexit.register(zygotes.close)
    return zygotes


class Once:
    """Gives the zygotes to the first that asks: of the replays of one run only one may be forked."""

    def __init__(self, zygotes: Zygotes) -> None:
        self._left: list[Zygotes] = [zygotes]

    def take(self) -> Zygotes | None:
        return self._left.pop() if self._left else None


def _same_anywhere(env: Mapping[str, str]) -> bool:
    """Whether an interpreter starts alike in any folder: relative places of modules are found when it starts."""
    places = env.get("PYTHONPATH")
    return sys.platform == "linux" and (
        not places or all(os.path.isabs(place) for place in places.split(os.pathsep))
    )


def _source(folder: str) -> str:
    text = Path(__file__).with_name("zygote.py").read_text(encoding="utf-8")
    return (
        'import os\nos.environ["JPY_PARENT_PID"] = str(os.getpid())\n'  # ipykernel reads it when it is imported
        f"{BEGIN}{importing('mm_jupyter.kernel.bundle')}"
        f"room = {{'__name__': 'zygote'}}\nexec(compile({text!r}, 'zygote.py', 'exec'), room)\n"
        f"room['serve']({folder!r}, {CONFINED!r})\ndel room\n{START}"
    )


def own(env: Mapping[str, Any]) -> dict[str, str]:
    """The variables of ``LATER`` in an environment."""
    return {name: env[name] for name in LATER if name in env}
