"""A forked kernel is a fresh one: nothing tells it apart but how it was started, and none shares its chance with its
run's other replays."""

from __future__ import annotations

import ast
import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mm_jupyter.api import replays
from mm_jupyter.errors import KernelDied
from mm_jupyter.replaying import zygotes as rooms
from mm_jupyter.replaying.bootstrap import importing
from mm_jupyter.replaying.confine import Confinement, can_confine
from mm_jupyter.replaying.kernels import Kernel, running_kernel
from mm_jupyter.replaying.zygotes import Once, Zygote, Zygotes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks need /proc")

PROBE = """
import gc, locale, os, re, resource, signal, stat, sys, threading, warnings
def status(*names):
    lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return {name: lines[name].strip() for name in names}
def files():
    kinds = []
    for name in os.listdir("/proc/self/fd"):
        try:
            kinds.append(re.sub(r"[0-9]+", "N", os.readlink(f"/proc/self/fd/{name}")).split("/")[-1])
        except OSError:
            pass
    return sorted(kind for kind in kinds if "socket" not in kind)  # those come with each connection
mask = os.umask(0)
os.umask(mask)
seen = {
    "modules": sorted(sys.modules),
    "path": sys.path,
    "argv": [os.path.basename(sys.argv[0]), sys.argv[1], *sys.argv[3:]],
    "flags": repr(sys.flags),
    "environ": {name: value for name, value in os.environ.items() if name != "JPY_PARENT_PID"},
    "parent": os.environ["JPY_PARENT_PID"] == str(os.getppid()),
    "cwd": os.getcwd(),
    "session": (os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid()),
    "signals": {int(one): repr(signal.getsignal(one)).split(" at ")[0] for one in signal.valid_signals()},
    "blocked": sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, []))),
    "filters": repr(warnings.filters),
    "gc": (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()),
    "threads": sorted(thread.name for thread in threading.enumerate()),
    "status": status("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb", "NoNewPrivs", "Uid", "Gid"),
    "ignored": status("SigIgn", "SigBlk", "SigCgt"),
    "limits": [resource.getrlimit(n) for n in range(16)],
    "locale": (locale.setlocale(locale.LC_ALL), sys.getfilesystemencoding(), sys.stdout.encoding),
    "streams": [
        (one.encoding, one.isatty(), one.line_buffering)
        for one in (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    ],
    "stdin": os.read(0, 1),
    "files": files(),
    "mask": mask,
    "recursion": sys.getrecursionlimit(),
    "hash": hash("a"),
    "main": sorted(name for name in sys.modules["__main__"].__dict__ if not name.startswith("_")),
}
"""


@pytest.fixture
def zygotes() -> Iterator[Zygotes]:
    made = Zygotes()
    yield made
    made.close()


async def _run(kernel: Kernel, source: str, expression: str) -> str:
    reply = await kernel.client.execute(
        source, silent=True, user_expressions={"it": expression}, reply=True, timeout=60
    )  # type: ignore[misc] # the async client's answer
    assert reply["content"]["status"] == "ok", reply["content"]
    text: str = reply["content"]["user_expressions"]["it"]["data"]["text/plain"]
    return text


def _in_kernel(source: str, expression: str, **options: Any) -> Any:
    async def run() -> str:
        async with running_kernel((sys.executable,), **options) as kernel:
            return await _run(kernel, source, expression)

    return ast.literal_eval(asyncio.run(run()))


@pytest.mark.parametrize("confined", [False, True])
def test_a_fork_is_what_a_fresh_interpreter_is(
    zygotes: Zygotes, tmp_path: Path, confined: bool
) -> None:
    if confined and not can_confine():
        pytest.skip("this machine lets this user make no namespaces")
    inside = tmp_path / "inside"
    inside.mkdir()
    options = {
        "cwd": str(inside),
        "env": {"PYTHONHASHSEED": "7", "TMPDIR": str(inside), "MPLCONFIGDIR": "/m"},
        "confine": Confinement(writable=(str(inside),)) if confined else None,
        "zygotes": zygotes,
    }
    probe = importing("mm_jupyter.kernel.bundle") + "del importlib, module\n" + PROBE
    fresh = _in_kernel(probe, "seen", **options)  # the first is never forked
    forks = [_in_kernel(probe, "seen", **options) for _ in range(2)]
    for fork in forks:
        assert {
            name: (fresh[name], fork[name]) for name in fresh if fresh[name] != fork[name]
        } == {}
    assert [zygote is not None for zygote in zygotes._known.values()] == [True]


def test_forks_draw_their_own_random_numbers(zygotes: Zygotes, tmp_path: Path) -> None:
    drawn = {
        _in_kernel("import random, uuid", "random.random(), uuid.uuid4().hex", cwd=str(tmp_path), zygotes=zygotes)
        for _ in range(4)
    }  # fmt: skip
    assert len(drawn) == 4


@pytest.mark.skipif(not can_confine(), reason="this machine lets this user make no namespaces")
def test_a_confined_fork_writes_nowhere_else(zygotes: Zygotes, tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    source = f"""
import ctypes, os
def writes(path):
    try:
        open(path, "w").close()
    except OSError:
        return False
    return True
libc = ctypes.CDLL(None)
libc.mount(None, b"/", None, ctypes.c_ulong(0x20 | 0x1000), None)  # read-write again
seen = [writes({str(inside / "f")!r}), writes({str(outside / "f")!r}), sorted(os.listdir("/sys/class/net"))]
"""
    options = {"cwd": str(inside), "confine": Confinement(writable=(str(inside),)), "zygotes": zygotes}  # fmt: skip
    for _ in range(2):
        writes_inside, writes_outside, _nets = _in_kernel(source, "seen", **options)
        assert (writes_inside, writes_outside) == (True, False)


@pytest.mark.parametrize(
    ("ends", "says"),
    [("os._exit(3)", "exit status 3"), ("os.kill(os.getpid(), 11)", "signal 11 (SIGSEGV)")],
)
def test_how_a_fork_ended_is_known(zygotes: Zygotes, tmp_path: Path, ends: str, says: str) -> None:
    async def run() -> str:
        async with running_kernel((sys.executable,), cwd=str(tmp_path), zygotes=zygotes) as kernel:
            kernel.client.execute(f"import os; {ends}")
            deadline = time.monotonic() + 20
            while kernel.alive() and time.monotonic() < deadline:
                await asyncio.sleep(0.05)
            return kernel.died_of()

    asyncio.run(run())
    assert says in asyncio.run(run())


def test_where_a_fork_cannot_be_what_it_should_a_fresh_one_is_started(
    zygotes: Zygotes, tmp_path: Path
) -> None:
    custom = tmp_path / "sitecustomize.py"
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    for source in (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        "import sys, types\nsys.modules['matplotlib'] = types.ModuleType('matplotlib')",
        "import tempfile\ntempfile.gettempdir()",
    ):
        custom.write_text(source)
        env["CASE"] = source
        assert [zygotes.zygote((sys.executable,), env) for _ in range(3)] == [None, None, None]
    custom.unlink()
    relative = {**env, "PYTHONPATH": "src"}
    assert [zygotes.zygote((sys.executable,), relative) for _ in range(3)] == [None, None, None]
    assert zygotes.zygote((sys.executable,), {**env, "CASE": "fit"}) is None
    assert zygotes.zygote((sys.executable,), {**env, "CASE": "fit", "TMPDIR": "/x"}) is not None


def test_what_a_dead_zygote_should_fork_did_not_start(zygotes: Zygotes, tmp_path: Path) -> None:
    _in_kernel("", "1", cwd=str(tmp_path), zygotes=zygotes)
    _in_kernel("", "1", cwd=str(tmp_path), zygotes=zygotes)
    (zygote,) = zygotes._known.values()
    assert zygote is not None
    zygote._process.kill()
    zygote._process.wait()
    with pytest.raises(KernelDied, match="did not start"):
        _in_kernel("", "1", cwd=str(tmp_path), zygotes=zygotes)


def test_zygote_and_forks_end_with_the_process_that_asked(tmp_path: Path) -> None:
    program = f"""
import asyncio, sys
from mm_jupyter.replaying.kernels import running_kernel
from mm_jupyter.replaying.zygotes import Zygotes
zygotes = Zygotes()
async def run(more):
    async with running_kernel((sys.executable,), cwd={str(tmp_path)!r}, zygotes=zygotes) as kernel:
        if more:
            (zygote,) = zygotes._known.values()
            print(kernel.process.pid, zygote._process.pid, flush=True)
            await asyncio.sleep(600)
asyncio.run(run(False))
asyncio.run(run(True))
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:  # fmt: skip
        assert process.stdout is not None
        pids = process.stdout.readline().split()
        assert len(pids) == 2
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while any(_runs(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [pid for pid in pids if _runs(pid)] == []


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_is_given_once() -> None:
    zygotes = Zygotes()
    once = Once(zygotes)
    assert [once.take(), once.take(), once.take()] == [zygotes, None, None]


def test_replays_of_one_run_never_share_a_hash_seed(
    session: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what depends on it would be taken for a difference, or for none."""
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    session(*(f"%%track {name}\nx = 1.5" for name in "abc"), "%%track seed\ny = hash('a') + 0.5")
    forks: list[str] = []
    fork = Zygote.fork

    def counted(self: Zygote, *arguments: Any, **options: Any) -> rooms.Forked | None:
        forks.append(options["cwd"])
        return fork(self, *arguments, **options)

    monkeypatch.setattr(Zygote, "fork", counted)
    found = replays.replay(["a/1", "b/1", "c/1", "seed/1"], jobs=1)
    assert [one.verdict for one in found] == ["identical", "identical", "identical", "unstable"]
    assert (found[-1].causes[0].factor, found[-1].causes[0].confirmed) == ("hash seed", True)
    assert len(forks) == 3  # not the first; and of the last one's replays only one
