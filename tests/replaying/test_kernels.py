"""A kernel of any interpreter starts without being installed, and is gone afterwards, whatever happens."""

from __future__ import annotations

import ast
import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mm_jupyter.errors import KernelDied
from mm_jupyter.replaying.kernels import Kernel, running_kernel


def _alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _gone(pid: int, seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not _alive(pid)


async def _value(kernel: Kernel, expression: str) -> str:
    """The repr of an expression in the kernel."""
    reply = await kernel.client.execute(
        "", silent=True, user_expressions={"it": expression}, reply=True, timeout=30
    )  # type: ignore[misc] # the async client's answer
    text: str = reply["content"]["user_expressions"]["it"]["data"]["text/plain"]
    return text


def _in_kernel(use: Callable[[Kernel], Any], **options: Any) -> Any:
    async def run() -> Any:
        async with running_kernel((sys.executable,), **options) as kernel:
            return await use(kernel)

    return asyncio.run(run())


def test_it_starts_where_it_is_told_with_the_environment_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONE", "1")
    monkeypatch.setenv("KEPT", "1")

    async def look(kernel: Kernel) -> str:
        return await _value(
            kernel,
            "(__import__('os').getcwd(), *map(__import__('os').environ.get, ('NEW', 'KEPT', 'GONE')))",
        )

    told = _in_kernel(look, cwd=str(tmp_path), env={"NEW": "2", "GONE": None})
    assert ast.literal_eval(told) == (str(tmp_path), "2", "1", None)


def test_it_looks_like_any_kernel_to_the_code_in_it() -> None:
    async def look(kernel: Kernel) -> list[str]:
        return [
            await _value(kernel, "__import__('sys').argv[0].endswith('ipykernel_launcher.py')"),
            await _value(kernel, "'' in __import__('sys').path"),
            await _value(kernel, "__import__('sys').modules.get('debugpy', 'absent')"),
            await _value(kernel, "get_ipython().__class__.__name__"),
        ]

    assert _in_kernel(look) == ["True", "True", "'absent'", "'ZMQInteractiveShell'"]


@pytest.mark.parametrize("graceful", [True, False])
def test_it_is_gone_with_its_children_and_files(graceful: bool) -> None:
    async def busy(kernel: Kernel) -> tuple[int, int, Path]:
        child = await _value(kernel, "__import__('subprocess').Popen(['sleep', '600']).pid")
        return kernel.process.pid, int(child), kernel.folder

    pid, child, folder = _in_kernel(busy, graceful=graceful)
    assert _gone(pid)
    assert _gone(child)
    assert not folder.exists()


def test_its_atexit_functions_run_when_it_leaves_gracefully(tmp_path: Path) -> None:
    async def register(kernel: Kernel) -> None:
        await _value(
            kernel, f"__import__('atexit').register(open, {str(tmp_path / 'left')!r}, 'w')"
        )

    _in_kernel(register, graceful=True)
    assert (tmp_path / "left").exists()


def test_it_is_gone_when_the_block_raises() -> None:
    pids = []

    async def fail(kernel: Kernel) -> None:
        pids.append(kernel.process.pid)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        _in_kernel(fail)
    assert _gone(pids[0])


def test_it_ends_when_its_parent_is_killed() -> None:
    parent = """
import asyncio, pathlib, sys
from mm_jupyter.replaying.kernels import running_kernel
async def run():
    async with running_kernel((sys.executable,)) as kernel:
        print(kernel.process.pid, flush=True)
        await asyncio.sleep(600)
asyncio.run(run())
"""
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert _alive(pid)
        process.kill()
    assert _gone(pid)


@pytest.mark.parametrize(
    ("python", "why"),
    [
        (("/no/such/python",), "/no/such/python: No such file or directory"),
        ((sys.executable, "-S"), "ModuleNotFoundError: No module named 'ipykernel'"),
        ((sys.executable, "-c", "import sys; sys.exit(3)"), "it left with exit status 3"),
        (
            (sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"),
            "it was killed by signal 11 (SIGSEGV)",
        ),
    ],
)
def test_one_that_does_not_start_says_why(python: tuple[str, ...], why: str) -> None:
    async def run() -> None:
        async with running_kernel(python, env={"PYTHONPATH": None}):
            raise AssertionError

    with pytest.raises(KernelDied) as raised:
        asyncio.run(run())
    assert str(raised.value) == f"The kernel did not start: {why}."


def test_a_long_temporary_directory_does_not_keep_it_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("long" * 30)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))

    async def look(kernel: Kernel) -> str:
        return await _value(kernel, "1 + 1")

    assert _in_kernel(look) == "2"


def test_one_that_hangs_at_its_start_is_stopped() -> None:
    async def run() -> None:
        async with running_kernel(
            (sys.executable, "-c", "import time; time.sleep(600)"), startup_timeout=0.5
        ):
            raise AssertionError

    with pytest.raises(KernelDied, match="did not start: it does not answer"):
        asyncio.run(run())


def test_an_interrupt_reaches_the_running_cell() -> None:
    async def interrupted(kernel: Kernel) -> str:
        await _value(kernel, "1")
        asyncio.get_running_loop().call_later(
            0.3, lambda: os.killpg(kernel.process.pid, signal.SIGINT)
        )
        reply = await kernel.client.execute(
            "import time; time.sleep(600)", silent=True, reply=True, timeout=60
        )  # type: ignore[misc]
        name: str = reply["content"]["ename"]
        return name

    assert _in_kernel(interrupted) == "KeyboardInterrupt"
