"""In an interpreter that has imported a kernel and started none: forks one for each request.

Its text is executed there (``zygotes.py``), where no module of ours can be imported. A request is a line of JSON on the
standard input; the process id and the exit status of a child are files in a folder, each whole or absent.
"""

from __future__ import annotations

import importlib.util
import json
import os
import select
import signal
import sys
from typing import Any

_TOO_EARLY = ("matplotlib", "joblib", "numba")
"""These read variables when they are imported that differ from one replay to the next."""


def serve(folder: str, confined: str) -> None:
    """Returns in a child, which is then to become a kernel; the parent leaves when its standard input ends.

    ``confined``: the path of the module of this name.
    """
    if why := _unfit():
        sys.stderr.write(f"{why}\n")
        os._exit(3)
    spec = importlib.util.spec_from_file_location("confined", confined)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    awake, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    children: dict[int, str] = {}
    _say(folder, "ready", "")
    rest = b""
    while True:
        heard, _, _ = select.select([0, awake], [], [])
        if awake in heard:
            os.read(awake, 4096)
            _reap(folder, children)
        if 0 not in heard:
            continue
        data = os.read(0, 1 << 16)
        if not data:
            _end(children)
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            asked = json.loads(line)
            pid = os.fork()
            if pid == 0:
                os.close(awake)
                os.close(wake)
                _become(asked, module)
                return
            children[pid] = asked["name"]
            _say(folder, f"{asked['name']}.pid", str(pid))


def _unfit() -> str | None:
    """Why a copy of this process could differ from a fresh one, as something was started or read too early."""
    if len(os.listdir("/proc/self/task")) != 1:
        return "a thread runs"
    early = [name for name in _TOO_EARLY if name in sys.modules]
    if early:
        return f"{early[0]} is imported"
    if getattr(sys.modules.get("tempfile"), "tempdir", None) is not None:
        return "the temporary directory is chosen"
    return None


def _become(asked: dict[str, Any], confined: Any) -> None:
    """What starting a process would have done: session, standard streams, variables, folder, confinement."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    nothing, end = os.pipe()
    os.close(end)
    log = os.open(asked["log"], os.O_WRONLY | os.O_APPEND)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(log)
    for name in asked["gone"]:
        os.environ.pop(name, None)
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    if asked["writable"] is not None:
        try:
            confined.confine(asked["writable"], asked["network"])
            confined.give_up_capabilities()
        except OSError as error:
            sys.stderr.write(f"cannot confine: {error}\n")
            sys.stderr.flush()
            os._exit(126)
    sys.argv[1:] = asked["arguments"]


def _reap(folder: str, children: dict[int, str]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        name = children.pop(pid, None)
        if name is not None:
            _say(folder, f"{name}.status", str(os.waitstatus_to_exitcode(status)))


def _end(children: dict[int, str]) -> None:
    for pid in children:
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    os._exit(0)


def _say(folder: str, name: str, text: str) -> None:
    partial = os.path.join(folder, f".{name}")
    with open(partial, "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(partial, os.path.join(folder, name))
