"""Where the CPU of a tracked trivial cell goes.

    python benchmarks/tracked_cell.py [--cells 200] [--write]

A tracked cell and the same cell plain run in turns in one kernel, one request after another as a front end sends them.
Around the parts of what we do stand clocks of the main thread's CPU; a part holds what is indented below it. The whole
is the CPU of the kernel's process, all threads: what is not in a part are the threads that send messages, and the
clocks themselves. ``--write`` puts the table into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cost import machine
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
HEADING = "## Where the CPU of a tracked cell goes\n"
PLAIN = "x = sum([1, 2])"
TRACKED = f"%%track bench\n{PLAIN}"
WARM = 20
PARTS = {
    "kernel.cells:CellRecorder._begin": "before the cell",
    "kernel.session:SessionLog.open_run": ". the run is opened",
    "store.write_runs:open_run": ". . its rows, and those of cells before it",
    "kernel.observing:Observer.begin": ". states of generators and names before",
    "kernel.cells:CellRecorder._end": "after the cell",
    "kernel.observing:Observer.end": ". what it changed: names, objects, generators, files, settings",
    "kernel.cell_run:CellRun.close": ". the run is closed: values, params, metrics, fingerprints",
    "kernel.session:SessionLog.close_run": ". . its transaction",
    "store.write_runs:close_run": ". . . its rows",
    "kernel.cells:CellRecorder._tell": ". the card",
    "api.closing:RememberingSink.card": ". . what changed since the version before",
    "display": ". . its message",
    "store.connect:Database._begin_immediate": "of both transactions: waiting for the lock, and taking it",
}
"""The function that a clock stands around, and what it does."""
CLOCKS = """
import importlib, json, time
from functools import wraps
spent = {{}}
def clock(owner, name, key):
    inside = getattr(owner, name)
    @wraps(inside)
    def timed(*args, **named):
        begun = time.thread_time()
        try:
            return inside(*args, **named)
        finally:
            spent[key] = spent.get(key, 0.0) + time.thread_time() - begun
    setattr(owner, name, timed)
for key in {keys!r}:
    if key == "display":
        clock(get_ipython().display_pub, "publish", key)
        continue
    module, _, path = key.partition(":")
    owner = importlib.import_module("mm_jupyter." + module)
    *classes, name = path.split(".")
    for one in classes:
        owner = getattr(owner, one)
    clock(owner, name, key)
del clock, importlib
"""


LOOP = """
import sys, time
from contextlib import redirect_stdout
from io import StringIO
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("%load_ext mm_jupyter")
def cost(source):
    begun = time.process_time()
    with redirect_stdout(StringIO()):
        for _ in range({cells}):
            shell.run_cell(source)
    return (time.process_time() - begun) / {cells} * 1e3
cost({tracked!r})
print("took", min(cost({tracked!r}) for _ in range(3)) - min(cost({plain!r}) for _ in range(3)))
"""
"""The same cells one right after the other, where nobody sends requests and the processor's caches stay warm."""


def in_a_loop(folder: str, cells: int) -> float:
    """CPU ms of a tracked cell more than of the plain one."""
    code = LOOP.format(cells=cells, tracked=TRACKED, plain=PLAIN)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    return float(done.stdout.split("took")[1])


class Kernel:
    """A kernel in a folder of its own, and what its process spends."""

    def __init__(self, folder: str) -> None:
        self._manager = KernelManager()
        self._manager.start_kernel(cwd=folder)
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)
        self._pid = self._manager.provisioner.pid

    def run(self, source: str) -> str:
        """What a cell printed."""
        said: list[str] = []
        reply = self._client.execute_interactive(
            source,
            output_hook=lambda message: said.append(message["content"].get("text") or ""),
            timeout=60,
        )
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(said)

    def cost(self, source: str) -> float:
        """CPU seconds of five cells, each."""
        begun = time.clock_gettime((~self._pid << 3) | 2)
        for _ in range(5):
            self.run(source)
        return (time.clock_gettime((~self._pid << 3) | 2) - begun) / 5

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


def whole(kernel: Kernel, rounds: int) -> float:
    """CPU ms of a tracked cell more than of the plain one: the median of rounds of five."""
    return 1e3 * statistics.median(
        -kernel.cost(PLAIN) + kernel.cost(TRACKED) for _ in range(rounds)
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPATH"] = str(ROOT)
    rounds = max(given.cells // 5, 1)
    with tempfile.TemporaryDirectory(prefix="mm-cell-") as folder:
        (Path(folder) / ".git").mkdir()
        warm = in_a_loop(folder, given.cells)
        kernel = Kernel(folder)
        try:
            kernel.run("%load_ext mm_jupyter")
            for _ in range(WARM):
                kernel.run(PLAIN)
                kernel.run(TRACKED)
            before = whole(kernel, rounds)
            kernel.run(CLOCKS.format(keys=list(PARTS)))
            for _ in range(WARM):
                kernel.run(TRACKED)
            kernel.run("spent.clear()")
            for _ in range(given.cells):
                kernel.run(TRACKED)
            lines = kernel.run(
                f"for key in {list(PARTS)!r}: print(spent.get(key, 0.0) / {given.cells} * 1e3)"
            )
        finally:
            kernel.close()
    figures = [float(line) for line in lines.split()]
    rows = [
        f"| {name.replace('. ', '&nbsp;&nbsp;&nbsp;')} | {figure:.2f} |"
        for name, figure in zip(PARTS.values(), figures, strict=True)
    ]
    said = [
        f"A tracked cell costs {before:.2f} CPU ms more than the same cell plain: requests of a front end,",
        f"no clocks, median of {rounds} rounds of five. In a bare shell, one right after the other, it is",
        f"{warm:.2f}. With the clocks, means of CPU ms of the kernel's main thread:",
    ]
    command = f"python benchmarks/tracked_cell.py --cells {given.cells} --write"
    text = "\n".join(
        [
            HEADING,
            f"Made by `{command}` on {machine()}.",
            *said,
            "",
            "| part | CPU ms |",
            "|---|---|",
            *rows,
            "",
        ]
    )
    print(text)
    if given.write:
        page = PAGE.read_text("utf-8")
        head, found, rest = page.partition(HEADING)
        after = rest[rest.index("\n## ") :] if "\n## " in rest else ""
        head = head if found else f"{head.rstrip()}\n\n"
        PAGE.write_text(head + text + after, "utf-8")


if __name__ == "__main__":
    main()
