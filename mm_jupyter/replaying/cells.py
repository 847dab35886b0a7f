"""The cells of one notebook, executed one after another in a running kernel."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import Empty
from typing import Any

from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbclient.util import ensure_async
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NotebookExecutionManager

from mm_jupyter.errors import KernelDied, KernelSideFailed, ReplayTimeout
from mm_jupyter.replaying.job import INTERRUPTED, CellState, executed
from mm_jupyter.replaying.kernels import Kernel

INTERRUPT_SECONDS = 5.0
"""How long an interrupted cell may take to end before the kernel is killed."""
WATCH_SECONDS = 1.0
OUTPUT_SECONDS = 120
"""How long the last outputs of a cell may come after its end."""
FINISH_SECONDS = 300.0
"""How long our own code may take in the kernel."""

_log = logging.getLogger("mm_jupyter.replaying")
_log.addHandler(logging.NullHandler())  # nbclient logs what it raises: said once is enough


class Cells(PapermillNotebookClient):  # type: ignore[misc] # papermill ships no types
    """Executes the cells of ``progress.nb`` and keeps their outputs in it.

    ``substitutions`` maps marks to secrets: a mark in a source is sent as its secret, and a secret in what comes back
    is kept as its mark, so that no secret is ever written.
    """

    def __init__(
        self,
        progress: NotebookExecutionManager,
        kernel: Kernel,
        *,
        on_cell: Callable[[int, int, CellState], None] | None = None,
        watch: Callable[[], None] | None = None,
        substitutions: Mapping[str, str] | None = None,
        allow_errors: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(
            progress, km=kernel.manager, allow_errors=allow_errors,
            iopub_timeout=OUTPUT_SECONDS, log=_log, **options,
        )  # fmt: skip
        self.kc = kernel.client
        self._kernel = kernel
        self._on_cell = on_cell
        self._watch = watch
        self._secrets = dict(substitutions or {})
        self._marks = {
            secret: mark
            for mark, secret in sorted(self._secrets.items(), key=lambda item: -len(item[1]))
        }
        self._cells = [(index, cell) for index, cell in enumerate(self.nb.cells) if executed(cell)]
        self._at = 0
        self._stopped = False

    async def execute_all(self, timeout: float | None) -> None:
        """Execute the cells up to the first that raises and may not.

        Raises:
            ReplayTimeout: they took longer than ``timeout`` seconds; the running one was interrupted, or killed.
            MmError: of ``watch``, which is called every ``WATCH_SECONDS`` while they run; as after a timeout.
            KernelDied: the process ended.
        """
        work = asyncio.ensure_future(self._execute_cells())
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        try:
            while not work.done():
                left = deadline - time.monotonic()
                if timeout is not None and left <= 0:
                    raise ReplayTimeout(timeout, self._at + 1)
                await asyncio.wait({work}, timeout=min(left, WATCH_SECONDS))
                if self._watch is not None and not work.done():
                    await asyncio.to_thread(self._watch)
        except BaseException:
            await self._halt(work)
            raise
        await work

    async def silently(self, source: str, purpose: str, seconds: float = FINISH_SECONDS) -> None:
        """Execute source of ours: it takes no ``In`` number and leaves no output.

        Raises:
            KernelSideFailed: it raised, or took longer than ``seconds``.
            KernelDied: the process ended.
        """
        deadline = time.monotonic() + seconds
        while True:
            message = await ensure_async(
                self.kc.execute(source, silent=True, store_history=False, allow_stdin=False)
            )
            content = await self._reply(message, purpose, deadline)
            if content["status"] == "error":
                raise KernelSideFailed(purpose, f"{content['ename']}: {content['evalue']}")
            if content["status"] == "ok":
                return
            # "aborted": sent while the kernel was still dropping what follows a cell that raised.

    async def _execute_cells(self) -> None:
        for at, (index, cell) in enumerate(self._cells):
            self._at = at
            state: CellState = "failed"
            self._tell("running")
            self.nb_man.cell_start(cell, index)
            try:
                await self._execute_one(cell, index)
                state = "done"
            except CellExecutionError:
                pass
            finally:
                if state == "failed":
                    self.nb_man.cell_exception(cell, cell_index=index)
                self.nb_man.cell_complete(cell, cell_index=index)
            self._tell(state)
            if state == "failed" or self._stopped:
                return

    async def _execute_one(self, cell: NotebookNode, index: int) -> None:
        execute = self.kc.execute
        self.kc.session.metadata["cellId"] = cell.get("id")  # as every front end says it
        # Only the message holds secrets: the cell, which may be saved at any moment, does not.
        self.kc.execute = lambda code, **options: execute(  # type: ignore[method-assign] # for one message
            _replaced(code, self._secrets), **options
        )
        interrupt = asyncio.ensure_future(self._interrupt(cell))
        try:
            await self.async_execute_cell(cell, index)
        except DeadKernelError as error:
            raise KernelDied(
                f"The kernel died in cell {self._at + 1}", self._kernel.died_of()
            ) from error
        finally:
            interrupt.cancel()
            self.kc.execute = execute  # type: ignore[method-assign]
            cell.outputs = _joined(cell.outputs)
            if self._marks:
                cell.outputs = _replaced(cell.outputs, self._marks)

    async def _interrupt(self, cell: NotebookNode) -> None:
        """Interrupt a cell that was interrupted when it was recorded, if it still runs then."""
        after = cell.metadata.get("mm_jupyter", {}).get(INTERRUPTED)
        if after is not None:
            await asyncio.sleep(after)
            await self._kernel.interrupt()

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> Any:
        """Take one message of the kernel, with marks where it shows secrets."""
        if self._marks:
            msg = {**msg, "content": _replaced(msg["content"], self._marks)}
        return super().process_message(msg, cell, cell_index)

    async def _halt(self, work: asyncio.Future[None]) -> None:
        """End the running cell: politely, then not."""
        self._stopped = True
        if self._kernel.alive():
            await self._kernel.interrupt()
        done, _ = await asyncio.wait({work}, timeout=INTERRUPT_SECONDS)
        if not done:
            self._kernel.kill()
            done, _ = await asyncio.wait({work}, timeout=INTERRUPT_SECONDS)
        if not done:  # whoever waits for the kernel has not heard that it is gone
            work.cancel()
            await asyncio.wait({work}, timeout=INTERRUPT_SECONDS)
            return
        with suppress(KernelDied):
            work.result()

    async def _reply(self, message: str, purpose: str, deadline: float) -> dict[str, Any]:
        while time.monotonic() < deadline:
            try:
                reply = await ensure_async(self.kc.shell_channel.get_msg(timeout=1))
            except Empty:
                if not self._kernel.alive():
                    raise KernelDied(
                        f"The kernel died before it could {purpose}", self._kernel.died_of()
                    ) from None
                continue
            if reply["parent_header"].get("msg_id") == message:
                content: dict[str, Any] = reply["content"]
                return content
        raise KernelSideFailed(purpose, "it took too long")

    def _tell(self, state: CellState) -> None:
        if self._on_cell is not None:
            self._on_cell(self._at, len(self._cells), state)


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """One output for each stream, where its first text stood, stdout before a stderr beside it, overwritten lines gone.

    What ``coalesce_streams`` of nbclient does, in linear time: its pattern takes hours for one long line.
    """
    joined: list[NotebookNode] = []
    texts: dict[str, list[str]] = {}
    for output in outputs:
        if output.output_type != "stream":
            joined.append(output)
        elif output.name in texts:
            texts[output.name].append(output.text)
        else:
            texts[output.name] = [output.text]
            joined.append(output)
    for at, output in enumerate(joined):
        if output.output_type == "stream":
            output.text = _as_shown("".join(texts[output.name]))
            if output.name == "stdout" and at and joined[at - 1].get("name") == "stderr":
                joined[at - 1 : at + 1] = output, joined[at - 1]
    return joined


def _as_shown(text: str) -> str:
    """Of each line what a terminal shows after carriage returns: the text after the last."""
    if "\r" not in text:
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)


def _replaced(value: Any, table: Mapping[str, str]) -> Any:
    """``value`` with the keys of ``table`` replaced by their values in every text of it."""
    if isinstance(value, str):
        for old, new in table.items():
            value = value.replace(old, new)
    elif isinstance(value, dict):
        return type(value)({key: _replaced(item, table) for key, item in value.items()})
    elif isinstance(value, list):
        return [_replaced(item, table) for item in value]
    return value
