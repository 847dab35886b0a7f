"""Writers as processes: forked from this warm one, heard through a pipe."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from faulty.working import Say, Told


@dataclass
class Child:
    """A forked process. ``raised`` is what it said to have gone wrong, ``told`` what it had committed before."""

    pid: int
    pipe: int
    told: Told = field(default_factory=Told)
    raised: list[dict[str, Any]] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)
    rest: bytes = b""
    status: int | None = None

    def hear(self, timeout: float) -> bool:
        """Read what there is within ``timeout`` seconds; False when the other end is closed."""
        if not select.select([self.pipe], [], [], timeout)[0]:
            return True
        data = os.read(self.pipe, 1 << 16)
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            said = self.told.hear(line.decode())
            self.said.append(said)
            if said["verb"] == "raised":
                self.raised.append(said)
        return bool(data)

    def hear_until(self, verb: str, timeout: float) -> bool:
        """Whether the child says ``verb`` (or raises, or ends) in time."""
        end = time.monotonic() + timeout
        seen = self.told.verbs
        while time.monotonic() < end:
            open_ = self.hear(end - time.monotonic())
            if self.raised or not open_:
                return bool(self.raised) or verb == "end"
            if verb == "any" and self.told.verbs > seen:
                return True
        return False

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout: float = 60.0) -> int:
        """Hear all until the pipe is closed; returns the exit status. One that hangs is killed: status -9."""
        end = time.monotonic() + timeout
        while self.hear(max(0.0, end - time.monotonic())):
            if time.monotonic() >= end:
                self.kill()
        os.close(self.pipe)
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status


def fork(work: Callable[[Say], None]) -> Child:
    """Start ``work`` in a child. It says things; an exception of ours is said too, another one with its traceback."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Child(pid, reading)
    os.close(reading)
    status = 1

    def say(said: dict[str, Any]) -> None:
        data = (json.dumps(said) + "\n").encode()
        while data:
            data = data[os.write(writing, data) :]

    try:
        work(say)
        status = 0
    except BaseException as error:  # noqa: BLE001 - told to the parent
        said = {"verb": "raised", "type": type(error).__name__, "sentence": str(error)}
        said["bases"] = [base.__name__ for base in type(error).__mro__]
        said["trace"] = traceback.format_exc()[-1500:]
        say(said)
    finally:
        os._exit(status)
