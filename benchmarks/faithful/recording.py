"""A generated session -> a real kernel with the extension loaded, and the saved notebook -> papermill."""

from __future__ import annotations

import ast
import os
import queue
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import papermill
import zmq
from jupyter_client.manager import KernelManager
from nbformat.v4 import new_code_cell, new_notebook
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from faithful.sessions import Session, Step

HERE = Path(__file__).resolve().parent
_MARK = "digest:"


@dataclass(frozen=True)
class Tracked:
    """A tracked execution: its run, the place of its cell in the file, and the oracle's digest of its values."""

    run: str
    cell: int
    names: list[str]
    values: str
    failed: bool


def names_of(source: str) -> list[str]:
    """The names that a cell binds at its top level."""
    code = "\n".join("pass" if line.startswith("%") else line for line in source.split("\n"))
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return []
    found = {
        node.id
        for statement in tree.body
        if isinstance(statement, (ast.Assign, ast.AugAssign, ast.AnnAssign))
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return sorted(found)


class Kernel:
    """A kernel in a folder; ``PYTHONPATH`` holds the oracle's digest."""

    def __init__(self, folder: Path) -> None:
        env = {name: value for name, value in os.environ.items() if not name.startswith("MM_")}
        env |= {"IPYTHONDIR": str(folder / ".ipython"), "PYTHONPATH": str(HERE)}
        self._context = zmq.Context()
        config = Config({"KernelManager": {"transport": "ipc"}})
        self._manager = KernelManager(config=config, context=self._context)
        self._manager.ip = str(
            folder / "k"
        )  # sockets beside the project: sessions run side by side
        self._manager.start_kernel(cwd=str(folder), env=env)
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)

    def run(self, source: str, **options: Any) -> dict[str, Any]:
        """Run a cell to its end; the reply's content."""
        request = self._client.execute(source, stop_on_error=False, **options)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                message = self._client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            idle = (
                message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"
            )
            if idle and message["parent_header"].get("msg_id") == request:
                reply = self._client.get_shell_msg(timeout=10)
                while reply["parent_header"].get("msg_id") != request:
                    reply = self._client.get_shell_msg(timeout=10)
                content: dict[str, Any] = reply["content"]
                return content
        raise TimeoutError(source)

    def digest(self, names: list[str]) -> str:
        """The oracle's digest of what the names hold now; no cell of the session."""
        expression = f"__import__('digesting').digest(globals(), {names!r})"
        reply = self.run("", silent=True, store_history=False, user_expressions={"d": expression})
        given = reply["user_expressions"]["d"]
        return str(given["data"]["text/plain"]).strip("'") if given["status"] == "ok" else ""

    def close(self) -> None:
        """Stop it."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=False)
        self._manager.cleanup_resources()
        self._context.destroy(linger=0)


def record(session: Session, folder: Path) -> list[Tracked]:
    """Run the session in a kernel; what was tracked."""
    for name, text in session.files.items():
        (folder / name).write_text(text)
    kernel = Kernel(folder)
    found: list[Tracked] = []
    try:
        kernel.run("%load_ext mm_jupyter")
        for step in session.steps:
            found += _run(kernel, step, session.notebook, len(found))
    finally:
        kernel.close()
    return found


def _run(kernel: Kernel, step: Step, experiment: str, before: int) -> list[Tracked]:
    if not step.tracked:
        kernel.run(step.source)
        return []
    reply = kernel.run(f"%%track {experiment}\n{step.source}")
    names = names_of(step.source)
    failed = reply["status"] != "ok"
    values = "" if failed else kernel.digest(names)
    return [Tracked(f"{experiment}/{before + 1}", step.cell or 0, names, values, failed)]


def top_to_bottom(session: Session, folder: Path, tracked: list[Tracked]) -> dict[int, str]:
    """Execute the saved notebook with papermill, as it is; the oracle's digests by the place of a tracked cell.

    It stops at the first cell that raises, as papermill does.
    """
    for name, text in session.files.items():
        (folder / name).write_text(text)
    wanted = {one.cell: one.names for one in tracked}
    cells = []
    for at, source in session.saved:
        cells.append(new_code_cell(source))
        if at in wanted:
            cells.append(
                new_code_cell(
                    f"print({_MARK + str(at) + ':'!r} + __import__('digesting').digest(globals(), {wanted[at]!r}))"
                )
            )
    notebook = new_notebook(
        cells=cells,
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        },
    )
    path = folder / "saved.ipynb"
    nbformat.write(notebook, path)
    old = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(HERE)
    try:
        papermill.execute_notebook(str(path), str(path), cwd=str(folder), progress_bar=False)
    except PapermillExecutionError:
        pass
    finally:
        if old is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = old
    found = {}
    for cell in nbformat.read(path, 4).cells:
        for output in cell.get("outputs", ()):
            for line in output.get("text", "").splitlines():
                if line.startswith(_MARK):
                    _, at, value = line.split(":")
                    found[int(at)] = value
    return found
