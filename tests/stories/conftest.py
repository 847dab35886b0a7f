"""A real kernel in a real workspace, and cells run in it."""

from __future__ import annotations

import json
import os
import queue
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import zmq
from jupyter_client.manager import KernelManager
from traitlets.config import Config


@dataclass
class Cell:
    """What a cell showed and how it ended."""

    status: str
    count: int | None
    outputs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Streams, results and errors as text; our cards left out."""
        found = []
        for output in self.outputs:
            if output["output_type"] == "stream":
                found.append(output["text"])
            elif output["output_type"] == "error":
                found.append("\n".join(output["traceback"]))
            elif not any(mime.startswith("application/vnd.mm_jupyter") for mime in output["data"]):
                found.append(output["data"].get("text/plain", ""))
        return "".join(found)

    @property
    def cards(self) -> list[dict[str, Any]]:
        """The MIME bundles of our run cards."""
        mime = "application/vnd.mm_jupyter.run+json"
        return [one["data"] for one in self.outputs if mime in one.get("data", {})]


class Kernel:
    """A kernel whose cells are run one by one, as a front end does."""

    def __init__(self, folder: Path, env: dict[str, str] | None = None) -> None:
        self.folder = folder
        config = Config({"KernelManager": {"transport": "ipc"}})
        self._context = zmq.Context()
        self._manager = KernelManager(config=config, context=self._context)
        self._manager.start_kernel(
            cwd=str(folder),
            env={**os.environ, "IPYTHONDIR": str(folder / ".ipython"), **(env or {})},
        )
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)

    def run(
        self, source: str, *, timeout: float = 60.0, interrupt_after: float | None = None
    ) -> Cell:
        """Run a cell to its end."""
        request = self._client.execute(source)
        cell = Cell("busy", None)
        deadline = time.monotonic() + timeout
        interrupt = None if interrupt_after is None else time.monotonic() + interrupt_after
        while True:
            if interrupt is not None and time.monotonic() > interrupt:
                self._manager.interrupt_kernel()
                interrupt = None
            try:
                message = self._client.get_iopub_msg(timeout=0.1)
            except queue.Empty:
                assert time.monotonic() < deadline, f"the cell did not end: {source}"
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                break
            if kind in ("stream", "display_data", "execute_result", "error"):
                cell.outputs.append({"output_type": kind, **content})
        reply = self._client.get_shell_msg(timeout=10)
        while reply["parent_header"].get("msg_id") != request:
            reply = self._client.get_shell_msg(timeout=10)
        cell.status = reply["content"]["status"]
        cell.count = reply["content"].get("execution_count")
        return cell

    def ok(self, source: str, **options: Any) -> Cell:
        """Run a cell that must not raise."""
        cell = self.run(source, **options)
        assert cell.status == "ok", cell.text
        return cell

    def value(self, expression: str) -> Any:
        """The value of an expression in the kernel, through JSON."""
        cell = self.ok(f"import json as _json; print(_json.dumps({expression}))")
        return json.loads(cell.text)

    def start_cell(self, source: str) -> None:
        """Send a cell and do not wait."""
        self._client.execute(source)

    def kill(self) -> None:
        """Kill the kernel by signal 9."""
        process = self._manager.provisioner.process  # type: ignore[union-attr]
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=10)

    def close(self) -> None:
        """Shut the kernel down; a second time does nothing."""
        self._client.stop_channels()
        if self._manager.has_kernel:
            self._manager.shutdown_kernel(now=False)
        self._manager.cleanup_resources()
        self._context.destroy(linger=0)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project folder that is the current one."""
    monkeypatch.delenv("MM_STORE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def kernels(project: Path) -> Iterator[Callable[..., Kernel]]:
    """Starts kernels in the project; all are stopped at the end."""
    started: list[Kernel] = []

    def start(**options: Any) -> Kernel:
        kernel = Kernel(project, **options)
        started.append(kernel)
        return kernel

    yield start
    for kernel in started:
        kernel.close()


@pytest.fixture
def kernel(kernels: Callable[..., Kernel]) -> Kernel:
    """A kernel with the extension loaded."""
    kernel = kernels()
    kernel.ok("%load_ext mm_jupyter")
    return kernel
