"""What bends when a store grows? Stores of 10 thousand, 100 thousand and 1 million runs, made by the real writer.

    python benchmarks/scale.py [--sizes 10000,100000,1000000] [--folder DIR] [--write]

A run has 10 params, 5 metrics, 2 tags and, in two series, 100 points; one in ten has a verdict; 50 experiments of very
different size. ``--folder`` keeps the stores: a size that is there is not made again. Each question is asked five times
in one process, after once for nothing; the table gives medians, in milliseconds. With ``--write`` the table and a
picture go into docs/scale.md and docs/scale.svg.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ["PYTHONPATH"] = str(ROOT)

from mm_jupyter.api import groups, history, work  # noqa: E402
from mm_jupyter.api import runs as api  # noqa: E402
from mm_jupyter.records import (  # noqa: E402
    Judgement,
    Metric,
    Outcome,
    Param,
    RunOpening,
    RunRef,
    SeriesChunk,
    Session,
    SessionId,
)
from mm_jupyter.workspace import Workspace, find, open_or_create  # noqa: E402

POINTS = 50
"""Of each of a run's two series."""
EXPERIMENTS = 50
STARTED = 1.7e9
OPTIMISERS = ("adam", "sgd", "lion", "rmsprop")
NAMED = ("accuracy", "loss", "f1", "auc", "seconds_to_fit")


def fill(folder: Path, size: int) -> None:
    """A store with ``size`` runs, a second apart; its last version of an experiment says nothing of its size."""
    space = open_or_create(folder)
    writer = space.store.writer(who="benchmark")
    session = Session(
        id=SessionId("bench"), notebook="bench.ipynb", started=STARTED, user="benchmark", host="bench",
        pid=os.getpid(), cwd=".",
    )  # fmt: skip
    writer.open_session(session)
    dice = random.Random(size)
    began = time.monotonic()
    for number in range(size):
        _run(writer, session.id, number, dice)
        if number % 1000 == 999:
            took = time.monotonic() - began
            left = took / (number + 1) * (size - number - 1)
            print(
                f"\r{number + 1:,} of {size:,} runs, {left:.0f} s left   ", end="", file=sys.stderr
            )
    print(file=sys.stderr)
    space.store.close()


def _run(writer: object, session: SessionId, number: int, dice: random.Random) -> None:
    # The first experiments have most of the runs, the last ones a handful.
    experiment = f"experiment-{int(EXPERIMENTS * dice.random() ** 4):02}"
    opening = RunOpening(
        experiment=experiment, kind="cell", session=session, seq=None, cell_id=f"c{number % 7}",
        started=STARTED + number, source=f"model = fit(X, y, variant={number % 100})",
        environment=None, tags={"stage": "baseline" if number % 50 == 0 else "trial", "owner": f"user{number % 9}"},
    )  # fmt: skip
    run, ref = writer.open_run(opening, ())  # type: ignore[attr-defined]
    steps = tuple(range(POINTS))
    writer.add_points(  # type: ignore[attr-defined]
        run,
        [
            SeriesChunk(
                name=name, steps=steps, times=(float(number),) * POINTS,
                values=tuple(start / (step + 1) for step in steps),
            )
            for name, start in (("train_loss", dice.random()), ("valid_loss", dice.random()))
        ],
    )  # fmt: skip
    params = {
        "lr": dice.choice([0.1, 0.01, 0.001]), "depth": dice.randint(2, 12),
        "optimiser": dice.choice(OPTIMISERS), "seed": number, **{f"p{i}": i * 0.5 for i in range(6)},
    }  # fmt: skip
    outcome = Outcome(
        status="failed" if number % 97 == 0 else "completed",
        seconds=dice.random() * 10,
        params=tuple(Param(name=name, value=value) for name, value in params.items()),
        metrics=tuple(Metric(name=name, value=dice.random()) for name in NAMED),
    )
    writer.close_run(run, outcome, None)  # type: ignore[attr-defined]
    if number % 10 == 0:
        writer.add_verdict(_verdict(ref, "diverged" if number % 70 == 0 else "identical"))  # type: ignore[attr-defined]


def _verdict(ref: RunRef, verdict: str) -> Judgement:
    return Judgement(
        run=ref, verdict=verdict, said="The result is the same.", slice="optimistic", executions=1, of=1,  # type: ignore[arg-type]
        items=(), restored=(), not_compared=(), causes=(), replays=1, seconds=1.0, at=STARTED,
    )  # fmt: skip


def questions(space: Workspace, size: int) -> dict[str, Callable[[], object]]:
    """What is asked of a store, by how it is called in the table."""

    def find_(query: str, sort: str | None = None, limit: int = 20) -> Callable[[], object]:
        return lambda: api.find(query, sort=sort, limit=limit, workspace=space)

    middle = STARTED + size / 2
    day = time.strftime("%Y-%m-%d %H:%M", time.localtime(middle))
    return {
        "newest 50": find_("", None, 50),
        "one run, by name": lambda: api.get("experiment-00/1", workspace=space),
        "an experiment's newest 50": find_("experiment == 'experiment-00'", None, 50),
        "metric filter, top 20 by it": find_("metrics.accuracy > 0.9", "-metrics.accuracy"),
        "narrow metric filter, top 20 by it": find_(
            "metrics.accuracy > 0.9999", "-metrics.accuracy"
        ),
        "metric filter, newest 20": find_("metrics.accuracy > 0.9"),
        "two metrics, top 20": find_(
            "metrics.accuracy > 0.9 and metrics.loss < 0.1", "-metrics.accuracy"
        ),
        "param number": find_("params.seed == 77"),
        "param text, newest 20": find_("params.optimiser == 'lion'"),
        "tag, newest 20": find_("tags.stage == 'baseline'"),
        "or of two, newest 20": find_("metrics.accuracy > 0.999 or tags.stage == 'baseline'"),
        "verdict, newest 20": find_("verdict == 'diverged'"),
        "since the middle, oldest 20": find_(f"started > '{day}'", "started"),
        "nothing fits: every run looked at": find_("metrics.accuracy > 2 or params.depth > 99"),
        "count of a metric filter": lambda: api.count("metrics.accuracy > 0.9", workspace=space),
        "sidebar: experiments": lambda: groups.history(workspace=space),
        "sidebar: experiments of a search": lambda: groups.history(
            "metrics.accuracy > 0.9", workspace=space
        ),
        "sidebar: names to search by": lambda: history.names(workspace=space),
        "sidebar: first page": lambda: history.page(experiment="experiment-00", workspace=space),
        "sidebar: replays": lambda: (
            history.reproduced(workspace=space),
            work.work(workspace=space),
        ),
    }


def median(ask: Callable[[], object], times: int = 5) -> float:
    ask()
    took = []
    for _ in range(times):
        start = time.perf_counter()
        ask()
        took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took)


def opened(folder: Path) -> float:
    """Milliseconds to find and open the store in a fresh process, its imports aside."""
    code = (
        "import time; from pathlib import Path; from mm_jupyter.workspace import find\n"
        f"a = time.perf_counter(); find(Path({str(folder)!r})); print((time.perf_counter() - a) * 1000)"
    )
    found = [
        float(
            subprocess.run(
                [sys.executable, "-c", code], check=True, capture_output=True, text=True
            ).stdout
        )
        for _ in range(3)
    ]
    return statistics.median(found)


def measure(folder: Path, size: int) -> dict[str, float]:
    """Milliseconds by question; bytes a run; seconds of gc and fsck, as milliseconds too."""
    space = find(folder)
    assert space is not None
    found = {"bytes a run": _disk(folder) / size, "open": opened(folder)}
    for name, ask in questions(space, size).items():
        found[name] = median(ask)
        print(f"\r{size:,}: {name} {found[name]:.1f} ms          ", end="", file=sys.stderr)
    start = time.perf_counter()
    space.store.gc(dry_run=True)
    found["gc, nothing to collect"] = (time.perf_counter() - start) * 1000
    start = time.perf_counter()
    faults = space.store.fsck()
    found["fsck"] = (time.perf_counter() - start) * 1000
    assert not faults, faults[:3]
    space.store.close()
    print(file=sys.stderr)
    return found


def _disk(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def table(results: dict[int, dict[str, float]]) -> str:
    """A line for each question; how it grows from the smallest store to the largest, by the ratio of runs."""
    sizes = list(results)
    lines = [
        "| ms | " + " | ".join(f"{size:,} runs" for size in sizes) + " | grows |",
        "|---|" + "---|" * (len(sizes) + 1),
    ]
    for name in results[sizes[0]]:
        values = [results[size][name] for size in sizes]
        lines.append(
            f"| {name} | "
            + " | ".join(f"{one:,.1f}" for one in values)
            + f" | {_growth(sizes, values)} |"
        )
    return "\n".join(lines)


def _growth(sizes: list[int], values: list[float]) -> str:
    if len(sizes) < 2:
        return ""
    ratio, runs = values[-1] / max(values[0], 0.05), sizes[-1] / sizes[0]
    kind = "flat" if ratio < runs**0.25 else "with the runs" if ratio > runs**0.7 else "slowly"
    return f"{ratio:.1f} x, {kind}"


def picture(results: dict[int, dict[str, float]], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "scale"
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
    sizes = list(results)
    for name in results[sizes[0]]:
        if name != "bytes a run":
            values = [results[size][name] for size in sizes]
            quiet = values[-1] < 100
            axes.plot(
                sizes,
                values,
                color="0.75" if quiet else None,
                label=None if quiet else name,
                marker="o",
                ms=3,
            )
    axes.axhline(100, color="black", lw=0.8, ls=":")
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="runs",
        ylabel="ms",
        title="Grey: under 100 ms at the largest size",
    )
    axes.legend(fontsize=8, frameon=False)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--folder", type=Path, help="keeps the stores, and what was measured")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    load = os.getloadavg()[0]
    sizes = [int(one) for one in given.sizes.split(",")]
    with tempfile.TemporaryDirectory(prefix="mm-scale-") as aside:
        base = given.folder or Path(aside)
        results: dict[int, dict[str, float]] = {}
        for size in sizes:
            folder = base / str(size)
            if not (folder / "made").exists():
                folder.mkdir(parents=True, exist_ok=True)
                fill(folder, size)
                (folder / "made").touch()
            results[size] = measure(folder, size)
            (base / "measured.json").write_text(json.dumps(results))
    text = table(results)
    print(text)
    if given.write:
        page = ROOT / "docs" / "scale.md"
        _, mark, rest = page.read_text().partition("\n## ") if page.exists() else ("", "", "")
        head = (
            "# Scale\n\n"
            f"Made by `python benchmarks/scale.py --sizes {given.sizes} --write` on {os.cpu_count()} cores, "
            f"{platform.system()}, Python {platform.python_version()}, load {load:.1f} at the start. "
            f"A run has 10 params, 5 metrics, 2 tags and {2 * POINTS} points; medians of five.\n\n"
        )
        page.write_text(
            f"{head}{text}\n\n![How each question grows](scale.svg)\n{mark}{rest}", "utf-8"
        )
        picture(results, ROOT / "docs" / "scale.svg")


if __name__ == "__main__":
    main()
