"""What tracking costs, beside the SQLite floor and papermill: python benchmarks/cost.py [--rounds N] [--write]

Every figure is taken in a process of its own, the subjects alternating within a round; the table gives medians. With
``--write`` the table goes into docs/benchmarks.md, with the machine and the command.

  W1     one run through the Python API: 10 params, 5 metrics, 1 tag; opened, closed and audited
  W5     %load_ext mm_jupyter, and 1,000 plain cells after it
  session  what a cell of a session of 1,000 costs at its end against at its begin, and adds to the store
  W7     ten notebooks of ten cells each, re-executed in a fresh kernel each
  W8     a tracked trivial cell in a kernel, against the same cell plain
  plain  a plain cell of 20 lines with the extension loaded and 500 names bound, against the same without it; in a
         bare IPython shell, since the noise of a kernel's protocol is larger than what is measured
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUBJECTS = {
    "W1 floor": ("w1_floor", "CPU ms a run", "bytes a run"),
    "W1 mm_jupyter": ("w1_ours", "CPU ms a run", "bytes a run"),
    "W5 %load_ext mm_jupyter": ("w5_ours", "CPU s more", "MB more"),
    "W5 1,000 plain cells": ("w5_cells", "MB more"),
    "session of 1,000 cells": (
        "flat",
        "CPU of a cell at its end / at its begin",
        "bytes of store a cell",
    ),
    "W7 papermill, one by one": ("w7_papermill", "s", "CPU s"),
    "W7 mm_jupyter, with verdicts": ("w7_ours", "s", "CPU s"),
    "W8 sqlite3 in the cell": ("w8_floor", "CPU ms more than plain", ""),
    "W8 mm_jupyter": ("w8_ours", "CPU ms more than plain", ""),
    "plain cell, extension loaded": ("plain_cell", "CPU ms more than without", ""),
}
GOALS = {
    "W1 mm_jupyter": "<= 0.7 CPU ms, <= 1,500 bytes",
    "W5 %load_ext mm_jupyter": "<= 0.25 CPU s, <= 25 MB",
    "W5 1,000 plain cells": "<= 10 MB",
    "session of 1,000 cells": "flat",
    "W7 mm_jupyter, with verdicts": "<= 1/3 of papermill",
    "W8 mm_jupyter": "<= 1.5 CPU ms",
    "plain cell, extension loaded": "<= 0.3 CPU ms",
}


NOTES = """\
- What each row measures stands in `python benchmarks/cost.py --help`; *floor* is plain `sqlite3` in WAL mode with the
  same data in one transaction.
- CPU is that of the whole process, its threads included. A figure that is a difference of two cells in a kernel
  (W8) carries the noise of the kernel's own protocol, 3 to 5 ms a cell; a lowest value may be negative.
- W7 replays all ten in one call, each in a kernel of its own confined by the system, and judges them; papermill only
  executes, one by one. CPU is that of both sides and all kernels."""


def measure(subject: str) -> list[float]:
    """One subject once, in a process and a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        env = {name: value for name, value in os.environ.items() if not name.startswith("MM_")}
        env["PYTHONDONTWRITEBYTECODE"] = ""  # compiled modules are kept, as on anybody's machine
        env["IPYTHONDIR"] = str(Path(folder) / "ipython")
        done = subprocess.run(
            [sys.executable, str(HERE / "cost_subjects.py"), subject],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        sys.exit(f"{subject} failed:\n{done.stderr[-2000:]}")
    values: list[float] = json.loads(done.stdout.splitlines()[-1])
    return values


def machine() -> str:
    """The machine in a line."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":")[1].strip()
            for line in info.read_text().splitlines()
            if "model name" in line
        ]
        model = names[0] if names else model
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores of {model}, {platform.system()} {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}, load {load:.1f} at the start"
    )


def table(results: dict[str, list[list[float]]]) -> str:
    """The medians as a Markdown table."""
    lines = ["| work | median | lowest - highest | goal |", "|---|---|---|---|"]
    for name, rounds in results.items():
        units = SUBJECTS[name][1:]
        parts, ranges = [], []
        for column, unit in enumerate(units):
            values = [one[column] for one in rounds if len(one) > column]
            if unit and values:
                parts.append(f"{statistics.median(values):,.4g} {unit}")
                ranges.append(f"{min(values):,.4g} - {max(values):,.4g}")
        lines.append(
            f"| {name} | {'; '.join(parts)} | {'; '.join(ranges)} | {GOALS.get(name, '')} |"
        )
    return "\n".join(lines)


def by_hand(page: Path) -> str:
    """What people have written below the table and its notes: from the first heading on."""
    _, mark, rest = page.read_text().partition("\n## ")
    return mark + rest


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds, subjects alternating (5)")
    parser.add_argument("--only", default="", help="only subjects whose name starts so (W8)")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    if options.write and options.only:
        parser.error("--write makes the whole table: leave --only out")
    where = machine()
    chosen = [name for name in SUBJECTS if name.startswith(options.only)]
    results: dict[str, list[list[float]]] = {name: [] for name in chosen}
    for number in range(options.rounds):
        for name in chosen:
            print(f"round {number + 1} of {options.rounds}: {name}", file=sys.stderr)
            results[name].append(measure(SUBJECTS[name][0]))
    text = table(results)
    print(where, text, sep="\n\n")
    if options.write:
        command = f"python benchmarks/cost.py --rounds {options.rounds} --write"
        page = HERE.parent / "docs" / "benchmarks.md"
        heading = f"# What tracking costs\n\nMade by `{command}` on {where}."
        page.write_text(f"{heading}\n\n{text}\n\n{NOTES}\n{by_hand(page)}")


if __name__ == "__main__":
    main()
