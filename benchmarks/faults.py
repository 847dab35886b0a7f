"""Is anything lost? python benchmarks/faults.py [--kills N] [--full N] [--flips N] [--seed N] [--write]

Real stores in real processes meet what machines do to them. A writer opens sessions and runs, adds points, keeps bytes
in rows and packs, closes, deletes and collects garbage, and says over a pipe what it had committed *after* each verb
returned. After each fault:

- everything that was said to be committed is there, whole: rows, points in their order, bytes against what they were
  made from; no run is in a state between two of its verbs; versions and the audit log have no gaps;
- ``fsck`` finds nothing (or, where bytes were flipped, what was flipped);
- the next writer works.

The faults: kill -9 at random moments, also while a store is made and garbage is collected; 8 and 64 writers at once; a
file system that is full at a random byte (a small tmpfs in a mount namespace of its own; where mounting is not allowed
a limit of the size of files); a read-only mount; a clock that jumps; an older version of this software and this one on
one store, also killed while it brings the store up to date; one byte flipped in the database, its write-ahead log or a
pack; a place without locks.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from cost import by_hand, machine  # noqa: E402
from faulty import flipping, full, killing, states, versions  # noqa: E402
from faulty.page import notes, table  # noqa: E402

PAGE = HERE.parent / "docs" / "faults.md"
Part = tuple[str, Callable[[Path, random.Random, Callable[[str], None]], dict[str, Any]]]


def parts(options: argparse.Namespace) -> Iterator[Part]:
    """Name and work of each part, with a random generator of its own."""
    yield "kills", lambda folder, rng, say: killing.kills(folder, options.kills, rng, say)
    for writers in options.writers:
        yield (
            f"{writers} writers",
            lambda folder, _, __, count=writers: killing.crowd(folder, count, options.runs),
        )
    yield "full", lambda folder, rng, say: full.fulls(folder, options.full, rng, say)
    yield "read-only", lambda folder, _, __: states.read_only(folder)
    yield "clock", lambda folder, rng, _: states.clock(folder, rng, options.clocks)
    yield "versions", lambda folder, rng, _: versions.versions(folder, options.versions, rng)
    yield "flips", lambda folder, rng, say: flipping.flips(folder, options.flips, rng, say)
    yield (
        "network",
        lambda folder, rng, _: states.network(folder, options.network, 8, rng),
    )
    yield "no locks", lambda folder, _, __: states.unlocked(folder, options.unlocked)


def in_own_mounts() -> None:
    """Start again where what is mounted is seen by nobody else, and goes when this process goes."""
    if os.environ.get("MM_FAULTS_MOUNTS") or not shutil.which("unshare"):
        return
    os.environ["MM_FAULTS_MOUNTS"] = "1"
    for how in (["--mount"], ["--mount", "--map-root-user"]):
        if (
            subprocess.run(["unshare", *how, "true"], capture_output=True, check=False).returncode
            == 0
        ):
            os.execvp("unshare", ["unshare", *how, sys.executable, *sys.argv])


def told(text: str) -> None:
    print(f"\r{text:<100}", end="", file=sys.stderr, flush=True)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default, what in (
        ("kills", 1000, "writers killed"),
        ("full", 200, "times that the disk is full"),
        ("flips", 1000, "bytes flipped, one at a time"),
        ("runs", 20, "runs of each of many writers at once"),
        ("clocks", 50, "writers whose clocks jump"),
        ("versions", 20, "times that this version takes over what an older one writes"),
        ("network", 100, "writers killed where our locks, and in half SQLite's too, fail"),
        ("unlocked", 10, "pairs of writers at once where SQLite has no locks"),
        ("seed", 1, "of all that is random"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{what} ({default})")
    parser.add_argument(
        "--writers", type=int, nargs="*", default=[8, 64], help="writers at once (8 64)"
    )
    parser.add_argument("--only", default="", help="only parts whose name starts so (kills)")
    parser.add_argument("--write", action="store_true", help="write docs/faults.md")
    options = parser.parse_args()
    if options.write and options.only:
        parser.error("--write makes the whole table: leave --only out")
    return options


def main() -> int:
    """Make the faults and print what came of them; status 1 where something was lost or untrue."""
    options = parsed()
    in_own_mounts()
    where, results = machine(), {}
    for name, work in parts(options):
        if not name.startswith(options.only):
            continue
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="mm-faults-") as folder:
            results[name] = work(Path(folder), random.Random(f"{options.seed} {name}"), told)
        told("")
        seconds = time.monotonic() - started
        wrong = results[name]["wrong"]
        print(f"\r{name}: {seconds:.0f} s, {len(wrong)} wrong", file=sys.stderr)
        print(*wrong[:20], sep="\n", end="\n" if wrong else "", file=sys.stderr)
    text = table(results)
    print(where, text, notes(results), sep="\n\n")
    if options.write:
        command = " ".join(["python benchmarks/faults.py", *sys.argv[1:]])
        heading = f"# Nothing lost\n\nMade by `{command}` on {where}."
        about = (__doc__ or "").partition("\n\n")[2].strip()
        made = f"{heading}\n\n{about}\n\n{text}\n\n{notes(results)}\n"
        PAGE.write_text(made + (by_hand(PAGE) if PAGE.exists() else ""))
    return 1 if any(result["wrong"] for result in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
