"""The subjects of cost.py, each run in a process of its own: prints one JSON list of figures on its last line."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

RUNS = 400
CELLS = 200
PARAMS = {f"param_{number}": number * 0.5 for number in range(10)}
METRICS = {f"metric_{number}": number * 0.25 for number in range(5)}
FLOOR_SCHEMA = """
CREATE TABLE runs (id INTEGER PRIMARY KEY, name TEXT, started REAL, status TEXT);
CREATE TABLE params (run INTEGER, name TEXT, value REAL);
CREATE TABLE metrics (run INTEGER, name TEXT, value REAL);
CREATE TABLE tags (run INTEGER, name TEXT, value TEXT);
"""


def floor_database() -> sqlite3.Connection:
    database = sqlite3.connect("floor.db", isolation_level=None)
    database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + FLOOR_SCHEMA)
    return database


def floor_run(database: sqlite3.Connection, number: int) -> None:
    database.execute("BEGIN IMMEDIATE")
    database.execute(
        "INSERT INTO runs VALUES (?, ?, ?, ?)", (number, "bench", time.time(), "completed")
    )
    database.executemany(
        "INSERT INTO params VALUES (?, ?, ?)", [(number, *one) for one in PARAMS.items()]
    )
    database.executemany(
        "INSERT INTO metrics VALUES (?, ?, ?)", [(number, *one) for one in METRICS.items()]
    )
    database.execute("INSERT INTO tags VALUES (?, ?, ?)", (number, "stage", "bench"))
    database.execute("COMMIT")


def disk(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def timed(work: Callable[[int], object], count: int) -> float:
    """CPU milliseconds of this process for one call, over ``count`` calls after a tenth as warm-up."""
    for number in range(count // 10):
        work(number)
    start = time.process_time()
    for number in range(count):
        work(count + number)
    return (time.process_time() - start) / count * 1000


def w1_floor() -> list[float]:
    database = floor_database()
    cpu = timed(lambda number: floor_run(database, number + 1), RUNS)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return [cpu, Path("floor.db").stat().st_size / (RUNS * 1.1)]


def w1_ours() -> list[float]:
    import mm_jupyter as mm

    def run(_: int) -> None:
        with mm.track("bench") as run:
            run.log_params(PARAMS)
            run.log_metrics(METRICS)
            run.set_tag("stage", "bench")

    run(0)
    store = Path(".mm/store.db")
    checkpoint = sqlite3.connect(store)
    checkpoint.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = store.stat().st_size
    cpu = timed(run, RUNS)
    checkpoint.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return [cpu, (store.stat().st_size - before) / (RUNS * 1.1)]


class Kernel:
    """A kernel that runs cells one after another."""

    def __init__(self) -> None:
        from jupyter_client.manager import KernelManager
        from traitlets.config import Config

        self.manager = KernelManager(config=Config({"KernelManager": {"transport": "ipc"}}))
        self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, source: str) -> str:
        """Run a cell; returns what it printed."""
        shown = []

        def hook(message: dict) -> None:
            if message["msg_type"] == "stream":
                shown.append(message["content"]["text"])

        reply = self.client.execute_interactive(source, output_hook=hook, timeout=120)
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(shown)

    def cpu(self, source: str, count: int) -> float:
        """CPU milliseconds of the kernel for one such cell, its share of the protocol included."""
        for _ in range(count // 10):
            self.run(source)
        clock = "import time as _t; print(_t.process_time())"
        start = float(self.run(clock).split()[-1])
        for _ in range(count):
            self.run(source)
        return (float(self.run(clock).split()[-1]) - start) / count * 1000

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


GAUGES = """
import resource as _r, time as _t
_pages = int(open("/proc/self/statm").read().split()[1])
print(_t.process_time(), _pages * _r.getpagesize() / 1e6)
"""


def gauges(kernel: Kernel) -> tuple[float, float]:
    """CPU seconds and resident megabytes of a kernel."""
    cpu, memory = kernel.run(GAUGES).split()
    return float(cpu), float(memory)


def cost_of(kernel: Kernel, work: Callable[[], object]) -> list[float]:
    """What some work in a kernel costs it: CPU seconds, megabytes that stay."""
    gauges(kernel)
    before = gauges(kernel)
    work()
    after = gauges(kernel)
    return [after[0] - before[0], after[1] - before[1]]


def w5_ours() -> list[float]:
    kernel = Kernel()
    found = cost_of(kernel, lambda: kernel.run("%load_ext mm_jupyter"))
    kernel.close()
    return found


def w5_cells() -> list[float]:
    kernel = Kernel()
    kernel.run("%load_ext mm_jupyter")
    for number in range(50):
        kernel.run(f"x = {number} + 1")
    found = cost_of(kernel, lambda: [kernel.run(f"x = {number} + 1") for number in range(1000)])
    kernel.close()
    return found[1:]


def flat() -> list[float]:
    """1,000 cells that bind, change in place and read; in a bare shell, for the cost to be seen beside the noise."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.run_cell("%load_ext mm_jupyter\nrows = []\nfirst = {'n': 0}")

    def cell(number: int) -> None:
        shell.run_cell(
            f"rows.append({number})\nfirst['n'] += 1\nname_{number} = [{number}]\nn = len(rows)"
        )

    def cpu(numbers: range) -> float:
        start = time.process_time()
        for number in numbers:
            cell(number)
        return (time.process_time() - start) / len(numbers) * 1000

    for number in range(50):
        cell(number)
    begin, size = cpu(range(50, 200)), disk(Path(".mm"))
    for number in range(200, 900):
        cell(number)
    end = cpu(range(900, 1050))
    time.sleep(2)  # what waits is sent
    return [end / begin, (disk(Path(".mm")) - size) / 850]


TRIVIAL = "x = sum([1, 2])"


def w8(prepare: str, tracked: str) -> list[float]:
    kernel = Kernel()
    plain = kernel.cpu(TRIVIAL, CELLS)
    kernel.run(prepare)
    cost = kernel.cpu(tracked, CELLS)
    kernel.close()
    return [cost - plain]


def w8_floor() -> list[float]:
    here = str(Path(__file__).resolve().parent)
    prepare = (
        f"import sys; sys.path.insert(0, {here!r}); import cost_subjects as c\n"
        "database = c.floor_database(); number = 0"
    )
    return w8(prepare, TRIVIAL + "\nnumber += 1\nc.floor_run(database, number)")


def w8_ours() -> list[float]:
    return w8("%load_ext mm_jupyter", "%%track bench\n" + TRIVIAL)


def plain_cell() -> list[float]:
    """In a bare IPython shell: a kernel's protocol costs ten times as much, and its noise hides the difference."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.run_cell("import numpy")
    shell.user_ns.update({f"name_{number}": [number] for number in range(500)})
    cell = "\n".join(f"a{number} = {number} + 1" for number in range(20))

    def best() -> float:
        return min(timed(lambda _: shell.run_cell(cell), CELLS) for _ in range(3))

    plain = best()
    shell.run_cell("%load_ext mm_jupyter")
    return [best() - plain]


def notebooks() -> list[Path]:
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    paths = []
    for number in range(10):
        cells = [new_code_cell(f"x{cell} = {cell} + {number}\nx{cell}") for cell in range(10)]
        metadata = {
            "kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}
        }
        path = Path(f"notebook{number}.ipynb")
        nbformat.write(new_notebook(cells=cells, metadata=metadata), path)
        paths.append(path)
    return paths


def seconds_of(work: Callable[[], object]) -> list[float]:
    """Wall and CPU seconds of some work, its kernels included."""

    def cpu() -> float:
        spent = [
            resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        ]
        return sum(one.ru_utime + one.ru_stime for one in spent)

    before, start = cpu(), time.perf_counter()
    work()
    return [time.perf_counter() - start, cpu() - before]


def w7_papermill() -> list[float]:
    import papermill

    paths = notebooks()
    papermill.execute_notebook(
        str(paths[0]), None, progress_bar=False
    )  # imports are not what is measured

    def one_by_one() -> None:
        for path in paths:
            papermill.execute_notebook(str(path), None, progress_bar=False)

    return seconds_of(one_by_one)


def w7_ours() -> list[float]:
    from mm_jupyter.api import notebooks as api
    from mm_jupyter.api import replays

    names = []
    for path in notebooks():
        names += [str(row.ref) for row in api.run_notebook(path).runs]
    replays.replay(names[:1])
    judgements = []
    spent = seconds_of(lambda: judgements.extend(replays.replay(names)))
    assert [one.verdict for one in judgements] == ["identical"] * 10, judgements
    return spent


if __name__ == "__main__":
    os.environ["JUPYTER_PLATFORM_DIRS"] = "1"
    print(json.dumps(globals()[sys.argv[1]]()))
