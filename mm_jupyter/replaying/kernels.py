"""One fresh ipykernel of any interpreter, stopped for certain."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty
from subprocess import Popen
from typing import Any

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from mm_jupyter.errors import KernelDied
from mm_jupyter.replaying.confine import Confinement
from mm_jupyter.replaying.launch import LAUNCH
from mm_jupyter.replaying.zygotes import Forked, Zygote, Zygotes, own

UNRECORDED = "MM_REPLAY"
"""The variable that keeps a kernel of ours from recording itself; the bootstrap takes it away again."""

STOP_SECONDS = 3.0
"""How long a kernel may take to leave by itself (its atexit functions) before it is killed."""

ORPHAN_SECONDS = 0.5
"""How long its children may take to clean up after it is gone."""

LONGEST_FOLDER = 70
"""Characters of a temporary directory below which sockets still fit: their paths may have 103 on every system."""

_POLL = 0.01


class _OneKernel(KernelSpecManager):
    """Answers every name with one command line: nothing needs to be installed."""

    def __init__(self, argv: Sequence[str]) -> None:
        super().__init__()
        self._argv = list(argv)

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(argv=self._argv, display_name=kernel_name, language="python")


class _ForkProvisioner(LocalProvisioner):
    """As ``local-provisioner``, with a process that a zygote forks."""

    def __init__(self, zygote: Zygote, log: Path, confine: Confinement | None) -> None:
        super().__init__()
        self._zygote, self._log, self._confine = zygote, log, confine

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        process = self._zygote.fork(
            cmd, env=own(kwargs["env"]), cwd=kwargs["cwd"], log=self._log, confine=self._confine
        )
        if process is None:
            raise KernelDied("The kernel did not start", "what forks it has ended")
        self.process = process  # type: ignore[assignment] # has what is used of a Popen
        self.pid = self.pgid = process.pid
        return self.connection_info


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel that runs, and the client connected to it."""

    manager: AsyncKernelManager
    client: AsyncKernelClient
    process: Popen[bytes] | Forked
    folder: Path
    kills_before: int

    def alive(self) -> bool:
        return self.process.poll() is None

    async def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the cell that runs, and signal its children."""
        await self.manager.interrupt_kernel()

    def kill(self) -> None:
        """Kill the kernel at once; its children follow when ``running_kernel`` is left."""
        self.process.kill()

    def died_of(self) -> str:
        """Why the process ended, as the end of a sentence."""
        status = self.process.poll()
        if status is None:
            return "it does not answer"
        if status >= 0:
            return _last_words(self.folder / "log") or f"it left with exit status {status}"
        name = signal.Signals(-status).name
        if name == "SIGKILL" and _out_of_memory_kills() > self.kills_before:
            return "the machine ran out of memory and killed it"
        return f"it was killed by signal {-status} ({name})"


@asynccontextmanager
async def running_kernel(
    python: Sequence[str],
    *,
    cwd: str | None = None,
    env: Mapping[str, str | None] | None = None,
    startup_timeout: float = 60.0,
    confine: Confinement | None = None,
    graceful: bool = True,
    zygotes: Zygotes | None = None,
) -> AsyncIterator[Kernel]:
    """A fresh kernel of the interpreter ``python`` (a command line), ready to execute.

    ``env`` adds to this process's environment, None removes. Its sockets are files in a private folder with a short
    name: no port is opened. On the way out it is asked to leave (``graceful``: its atexit functions run, for at most
    ``STOP_SECONDS``), then killed, and every process of its group with it. It ends by itself within two seconds when
    this process dies. ``zygotes`` may fork it, where that makes no difference but to its start.

    Raises:
        KernelDied: it did not come up; the sentence says why.
    """
    short = None if len(tempfile.gettempdir()) <= LONGEST_FOLDER else "/tmp"
    with tempfile.TemporaryDirectory(prefix="mmk", dir=short, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if confine is not None:
            confine = replace(confine, writable=(*confine.writable, name))
            env = {"TMPDIR": name, **(env or {})}  # the usual one cannot be written
        variables = _environment(env or {})
        zygote = zygotes.zygote(python, variables) if zygotes is not None and cwd else None
        if zygote is not None:
            provisioner = _ForkProvisioner(zygote, folder / "log", confine)
            kernel = await _spawned(
                ["-f", "{connection_file}"], folder, cwd, variables, provisioner
            )
        else:
            argv = [*python, "-c", LAUNCH, "-f", "{connection_file}"]
            argv = argv if confine is None else confine.command(argv)
            kernel = await _spawned(argv, folder, cwd, variables)
        try:
            await _ready(kernel, startup_timeout)
            yield kernel
        finally:
            await _stop(kernel, graceful)


async def _spawned(
    argv: Sequence[str],
    folder: Path,
    cwd: str | None,
    env: dict[str, str],
    provisioner: _ForkProvisioner | None = None,
) -> Kernel:
    specs = _OneKernel(argv)
    if provisioner is not None:
        provisioner.kernel_spec = specs.get_kernel_spec("python3")
    manager = AsyncKernelManager(
        kernel_spec_manager=specs,
        transport="ipc",
        ip=str(folder / "s"),
        connection_file=str(folder / "connection.json"),
    )
    if provisioner is not None:
        provisioner.parent = manager
        manager.provisioner = provisioner
    before = _out_of_memory_kills()
    with open(folder / "log", "wb") as log:
        try:
            await manager.start_kernel(
                cwd=cwd, env=env, stdout=log, stderr=log,
                extra_arguments=["--HistoryManager.hist_file=:memory:"],
            )  # fmt: skip
        except OSError as error:
            raise KernelDied("The kernel did not start", f"{argv[0]}: {error.strerror}") from error
    assert manager.provisioner is not None
    process: Popen[bytes] | Forked = manager.provisioner.process  # type: ignore[attr-defined] # LocalProvisioner
    client = manager.client()
    client.context.setsockopt(zmq.RCVHWM, 0)  # else a cell with thousands of outputs loses some
    return Kernel(manager, client, process, folder, before)


def _environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    merged = {**os.environ, UNRECORDED: "1", **changes}
    return {name: value for name, value in merged.items() if value is not None}


async def _ready(kernel: Kernel, timeout: float) -> None:
    """Return when the kernel answers and its messages are heard."""
    heartbeat = Path(f"{kernel.manager.ip}-{kernel.manager.hb_port}")
    deadline = time.monotonic() + timeout
    # The heartbeat's socket is the last one that a kernel binds: a client that connects earlier waits for a retry.
    while not heartbeat.exists():
        await _still_starting(kernel, deadline)
    client = kernel.client
    client.start_channels(hb=False)
    heard = False
    answered = False
    while not (heard and answered):
        client.kernel_info()
        answered = answered or await _message(client.shell_channel, 1.0)
        heard = await _message(client.iopub_channel, 0.1)
        if not (heard and answered):
            await _still_starting(kernel, deadline)
    client.allow_stdin = False


async def _still_starting(kernel: Kernel, deadline: float) -> None:
    if kernel.alive() and time.monotonic() < deadline:
        await asyncio.sleep(_POLL)
    else:
        raise KernelDied("The kernel did not start", kernel.died_of())


async def _message(channel: Any, seconds: float) -> bool:
    try:
        await channel.get_msg(timeout=seconds)
    except Empty:
        return False
    return True


async def _stop(kernel: Kernel, graceful: bool) -> None:
    try:
        if graceful and kernel.alive() and kernel.client.channels_running:
            await kernel.manager.request_shutdown()
            await _until(lambda: not kernel.alive(), STOP_SECONDS)
    finally:
        group = kernel.process.pid
        kernel.kill()
        kernel.process.wait()
        # Workers end; resource trackers ignore the signal, see that all are gone and remove their shared memory.
        _signal_group(group, signal.SIGTERM)
        try:
            await _until(lambda: _empty(group), ORPHAN_SECONDS)
        finally:  # also where this is cancelled meanwhile
            _signal_group(group, signal.SIGKILL)
            kernel.client.stop_channels()
            await kernel.manager.cleanup_resources()


async def _until(done: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        await asyncio.sleep(_POLL)


def _signal_group(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _empty(group: int) -> bool:
    """Whether no process of a group is left; one that only waits to be reaped does not count (Linux)."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return True
    stats = [_stat(path) for path in Path("/proc").glob("[0-9]*/stat")]
    return bool(stats) and all(fields[2] != str(group) or fields[0] == "Z" for fields in stats)


def _stat(path: Path) -> list[str]:
    """State, parent, process group and what follows; of a process that has just gone: a zombie of nobody."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ["Z", "0", "0"]


def _last_words(log: Path) -> str:
    """The last line that the interpreter wrote: ``ModuleNotFoundError: No module named 'ipykernel'``."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "")


def _out_of_memory_kills() -> int:
    """How often this machine has killed a process for want of memory (Linux; 0 elsewhere)."""
    try:
        counters = Path("/proc/vmstat").read_text(encoding="ascii")
    except OSError:
        return 0
    found = re.search(r"^oom_kill (\d+)$", counters, re.MULTILINE)
    return int(found[1]) if found else 0
