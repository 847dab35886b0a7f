"""Does any input end in a traceback or hang? python benchmarks/fuzz.py [--inputs N] [--seed N] [--write]

Real inputs are changed at random - bytes, texts, nodes of JSON, whole zip files under digests that fit - and given to
what reads them: names, queries (asked of a real store), sources of cells (names, slices, taint), notebooks and their
saved outputs, bundles of replays, packs of strangers, series, and the routes of the REST interface in a real Jupyter
server. What may come is success, or an error of ours: a sentence. Anything else is a fault: another exception, an
answer of 500 without a code of ours, a healthy store called damaged, more than ``--limit`` seconds. Not asked are the
stream of events, which never ends, and jobs that would run code; a body that might ask for one is replaced. An address
that is none of our routes is answered by Jupyter, and counts as refused.

A fault is printed with the number of its input: ``--only TARGET --from NUMBER --inputs 1`` gives it again.
"""

from __future__ import annotations

import argparse
import collections
import faulthandler
import random
import signal
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent))

from cost import machine  # noqa: E402
from fuzzing.rest import Rest  # noqa: E402
from fuzzing.seeding import seeded  # noqa: E402
from fuzzing.targets import TARGETS  # noqa: E402

from mm_jupyter.errors import MmError, StoreDamaged  # noqa: E402

PAGE = HERE.parent / "docs" / "faults.md"
HEADING = "## Fuzzed"
SHARES = {
    "names": 10, "queries": 20, "cells": 15, "notebooks": 10, "bundles": 10, "packs": 10, "series": 10, "rest": 15,
}  # fmt: skip
"""Of a hundred inputs."""


class Hang(BaseException):
    """An input took longer than it may."""


def _hang(*_: object) -> None:
    raise Hang


def fuzz(name: str, target: Any, numbers: range, seed: int, limit: float) -> dict[str, Any]:
    """Give a target its inputs; returns counts and, of each kind of fault, the first."""
    came: collections.Counter[str] = collections.Counter()
    faults: dict[str, tuple[int, str, str]] = {}
    slowest, started = 0.0, time.monotonic()
    for number in numbers:
        given = target.make(random.Random(f"{seed} {name} {number}"))
        begun = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, limit)
        try:
            target.try_(given)
            came["accepted"] += 1
        except MmError as error:
            damaged = isinstance(error, StoreDamaged) and name in ("queries", "names", "rest")
            if damaged or not str(error).strip():
                _note(faults, number, given, error)
            came["damaged" if damaged else "refused"] += 1
        except (Exception, Hang) as error:  # noqa: BLE001  # whatever it is, it is counted
            _note(faults, number, given, error)
            came["hang" if isinstance(error, Hang) else "traceback"] += 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        slowest = max(slowest, time.monotonic() - begun)
        if number % 500 == 0:
            print(f"\r{name}: {number}, {len(faults)} kinds of fault ", end="", file=sys.stderr)
    seconds = time.monotonic() - started
    print(f"\r{name}: {dict(came)}, {seconds:.0f} s, {len(faults)} kinds of fault", file=sys.stderr)
    return {"came": came, "faults": faults, "slowest": slowest, "seconds": seconds}


def _note(
    faults: dict[str, tuple[int, str, str]], number: int, given: Any, error: BaseException
) -> None:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "mm_jupyter/" in frame.filename] or frames
    where = f"{ours[-1].filename.rpartition('mm_jupyter/')[2]}:{ours[-1].lineno}"
    where = getattr(error, "where", where)
    key = f"{type(error).__name__} at {where}"
    said = "".join(traceback.format_exception(error)[-6:])
    faults.setdefault(key, (number, repr(given)[:300], said[-1500:]))


def table(results: dict[str, dict[str, Any]]) -> str:
    lines = [
        "| inputs to | given | accepted | refused with a sentence | tracebacks | hangs | slowest, s |"
    ]
    lines.append("|---|---|---|---|---|---|---|")
    total: collections.Counter[str] = collections.Counter()
    for name, result in results.items():
        total += result["came"]
        lines.append(_row(name, result["came"], result["slowest"]))
    lines.append(_row("all", total, max(result["slowest"] for result in results.values())))
    return "\n".join(lines)


def _row(name: str, came: collections.Counter[str], slowest: float) -> str:
    wrong = came["traceback"] + came["damaged"]
    cells = (came.total(), came["accepted"], came["refused"], wrong, came["hang"])
    return f"| {name} | {' | '.join(f'{cell:,}' for cell in cells)} | {slowest:.2f} |"


def write(text: str) -> None:
    """Put the table below its heading in docs/faults.md, before the next heading."""
    page = PAGE.read_text() if PAGE.exists() else "# Nothing lost\n"
    before, mark, after = page.partition(f"\n{HEADING}\n")
    _, next_, rest = after.partition("\n## ") if mark else ("", "", "")
    PAGE.write_text(f"{before.rstrip()}\n\n{HEADING}\n\n{text}\n{next_}{rest}")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=100_000, help="inputs in total (100000)")
    parser.add_argument("--seed", type=int, default=1, help="of all that is random (1)")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds an input may take (10)")
    parser.add_argument("--only", default="", help="one target, which gets all inputs (queries)")
    parser.add_argument("--from", type=int, default=0, dest="first", help="number of the first (0)")
    parser.add_argument("--write", action="store_true", help="write into docs/faults.md")
    options = parser.parse_args()
    if options.write and options.only:
        parser.error("--write makes the whole table: leave --only out")
    if options.only and options.only not in SHARES:
        parser.error(f"--only takes one of {', '.join(SHARES)}")
    return options


def main() -> int:
    """Give the inputs and print what came of them; status 1 where something was a fault."""
    options = parsed()
    faulthandler.enable()
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _hang)
    where, results = machine(), {}
    with tempfile.TemporaryDirectory(prefix="mm-fuzz-") as name:
        folder = Path(name)
        store = seeded(folder)
        for target, share in SHARES.items():
            if options.only not in ("", target):
                continue
            count = options.inputs if options.only else options.inputs * share // 100
            numbers = range(options.first, options.first + count)
            made = Rest(folder) if target == "rest" else TARGETS[target](folder, store)
            results[target] = fuzz(target, made, numbers, options.seed, options.limit)
            if target == "rest":
                made.close()
        store.close()
    for target, result in results.items():
        for key, (number, given, said) in result["faults"].items():
            print(f"\n{target} {number}: {key}\n{given}\n{said}")
    print(where, table(results), sep="\n\n")
    if options.write:
        command = (
            f"python benchmarks/fuzz.py --inputs {options.inputs} --seed {options.seed} --write"
        )
        about = (__doc__ or "").split("\n\n")[1]
        write(f"Made by `{command}` on {where}.\n\n{about}\n\n{table(results)}\n")
    return 1 if any(result["faults"] for result in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
