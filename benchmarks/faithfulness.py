"""How faithful recipes are: python benchmarks/faithfulness.py [--sessions N] [--jobs N] [--write]

Generated sessions (``faithful/sessions.py``) of real notebooks (``notebooks/``) run in real kernels with cells out of
order, repeated, edited and reverted, deleted, failing half-way, with changes in place through aliases and draws in
between; two in five without any seed. Every tracked run is replayed. Then:

- the same sessions' saved notebooks are executed from top to bottom by papermill, and an oracle (a digest of what the
  tracked cell bound, no part of the product) says whether they give the recorded values;
- every replayed run's recipe is changed (a literal, a step left out, random states left out) until the oracle says that
  the result is another; the changed recipe is replayed and judged;
- of one session in ``--minimal-every`` of each notebook the recipes are minimised by delta debugging, by the oracle.

Results are kept line by line in build/faithfulness/, and a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from cost import machine  # noqa: E402
from faithful.judging import Case, changed, minimal  # noqa: E402
from faithful.oracle import Oracle  # noqa: E402
from faithful.recording import Tracked, record, top_to_bottom  # noqa: E402
from faithful.sessions import Session, generate, is_minimised, notebook_of  # noqa: E402

from mm_jupyter.api import recipes, replays  # noqa: E402
from mm_jupyter.errors import MmError  # noqa: E402
from mm_jupyter.records import Judgement  # noqa: E402
from mm_jupyter.workspace import Workspace, find  # noqa: E402

GOOD = ("identical", "equivalent")
_oracle: list[Oracle] = []


def measure(seed: int, number: int, *, minimise: bool) -> dict[str, Any]:
    """One session, from its generation to its verdicts."""
    started = time.monotonic()
    session = generate(seed, number)
    if not _oracle:
        _oracle.append(Oracle())
    with tempfile.TemporaryDirectory(prefix="mmf") as name:
        folder, other = Path(name, "project"), Path(name, "saved")
        folder.mkdir()
        other.mkdir()
        tracked = record(session, folder)
        saved = top_to_bottom(session, other, tracked)
        space = find(folder)
        assert space is not None
        runs = [_run(session, one, saved, space, seed, minimise=minimise) for one in tracked]
    return {
        "session": number,
        "notebook": session.notebook,
        "unseeded": session.unseeded,
        "executions": len(session.steps),
        "runs": runs,
        "seconds": round(time.monotonic() - started, 1),
    }


def _run(
    session: Session,
    tracked: Tracked,
    saved: dict[int, str],
    space: Workspace,
    seed: int,
    *,
    minimise: bool,
) -> dict[str, Any]:
    found: dict[str, Any] = {"run": tracked.run, "failed": tracked.failed}
    found["papermill"] = saved.get(tracked.cell) == tracked.values and not tracked.failed
    try:
        (judgement,) = replays.replay([tracked.run], workspace=space)
        first = recipes.recipe(tracked.run, how="optimistic", workspace=space)
    except MmError as error:
        return found | {"verdict": "error", "said": str(error), "first": False}
    steps = tuple(step.seq for step in first.steps)
    found |= {
        "verdict": judgement.verdict,
        "said": judgement.said,
        "slice": judgement.slice,
        "length": judgement.executions,
        "of": judgement.of,
        "first": judgement.verdict in GOOD and judgement.steps == steps,
        "why": _why(judgement),
    }
    if judgement.verdict in GOOD and not tracked.failed:
        case = Case(space, session, tracked, judgement)
        chance = random.Random(f"{seed}/{session.number}/{tracked.run}")
        found["changed"] = changed(case, _oracle[0], chance)
        if minimise:
            found["minimal"] = minimal(case, _oracle[0])
    return found


def _why(judgement: Judgement) -> list[str]:
    if judgement.verdict in GOOD:
        return []
    items = [f"{item.kind} {item.name}: {item.verdict}" for item in judgement.items]
    return [one for one in items if not one.endswith("identical")][:6]


def figures(sessions: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """The table: figure, value, goal."""
    runs = [run for one in sessions for run in one["runs"]]
    unseeded = [run for one in sessions if one["unseeded"] for run in one["runs"]]
    judged = [run["changed"] for run in runs if run.get("changed")]
    lengths = [run["length"] / run["minimal"] for run in runs if run.get("minimal")]
    good = [run for run in runs if run["verdict"] in GOOD]
    false = sum(verdict == "identical" for _, verdict in judged)
    kinds = collections.Counter(what for what, _ in judged)
    made = ", ".join(f"{count} {what}" for what, count in sorted(kinds.items()))
    rows = [
        (
            f"tracked runs that replay identical or equivalent, {len(sessions)} sessions",
            _share(good, runs),
            ">= 99%",
        ),
        (
            "the same runs, saved notebook re-executed by papermill from top to bottom",
            _share([run for run in runs if run["papermill"]], runs),
            "",
        ),
        (f"false identical, {len(judged)} changed recipes ({made})", str(false), "0"),
        (
            "optimistic slice right at the first try",
            _share([run for run in runs if run["first"]], runs),
            ">= 90%",
        ),
        (
            "unseeded runs that replay identical",
            _share([run for run in unseeded if run["verdict"] == "identical"], unseeded),
            ">= 95%",
        ),
    ]
    if lengths:
        mean = statistics.mean(run["length"] / run["of"] for run in good)
        rows.insert(
            3,
            (
                f"recipe length against the minimum by delta debugging, {len(lengths)} runs: median (mean, longest)",
                f"{statistics.median(lengths):.3g} ({statistics.mean(lengths):.3g}, {max(lengths):.3g})",
                "<= 1.1 median",
            ),
        )
        rows.append(("recipe length against the session up to the run, mean", f"{mean:.0%}", ""))
    return rows


def _share(some: list[Any], all_of_them: list[Any]) -> str:
    share = len(some) / len(all_of_them) if all_of_them else 0
    return f"{share:.1%} ({len(some):,} of {len(all_of_them):,})"


def rest(sessions: list[dict[str, Any]]) -> list[str]:
    """The runs that did not replay, each with what was said."""
    found = []
    for one in sessions:
        for run in one["runs"]:
            if run["verdict"] not in GOOD:
                what = (
                    f"session {one['session']} ({one['notebook']}), {run['run']}: {run['verdict']}"
                )
                found.append(f"{what}. {run['said']} {'; '.join(run.get('why', ()))}".rstrip())
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sessions", type=int, default=500, help="how many (500)")
    parser.add_argument("--seed", type=int, default=1, help="of the generator (1)")
    parser.add_argument("--session", type=int, help="only this one, shown in full")
    parser.add_argument("--notebook", help="only the sessions of this notebook (project)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="at once (all cores)")
    parser.add_argument(
        "--minimal-every",
        type=int,
        default=4,
        help="minimise every N-th session of each notebook (4)",
    )
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    parser.add_argument("--write", action="store_true", help="write docs/faithfulness.md")
    options = parser.parse_args()
    if options.session is not None:
        _show(options.seed, options.session)
        return
    where = machine()
    folder = HERE.parent / "build" / "faithfulness"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"seed-{options.seed}.jsonl"
    if options.fresh:
        path.unlink(missing_ok=True)
    known = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    done = {one["session"]: one for one in known}
    chosen = [
        number
        for number in range(options.sessions)
        if options.notebook in (None, notebook_of(number))
    ]
    wanted = [number for number in chosen if number not in done]
    with ProcessPoolExecutor(options.jobs) as pool, path.open("a") as file:
        waiting = {
            pool.submit(
                measure, options.seed, number, minimise=is_minimised(number, options.minimal_every)
            ): number
            for number in wanted
        }
        for future in as_completed(waiting):
            try:
                one = future.result()
            except Exception as error:  # noqa: BLE001 - of the benchmark itself: said, and tried again next time
                print(f"session {waiting[future]} was not measured: {error!r}", file=sys.stderr)
                continue
            done[one["session"]] = one
            print(json.dumps(one), file=file, flush=True)
            _progress(done, len(chosen))
    _report([done[number] for number in chosen if number in done], where, options)


def _progress(done: dict[int, Any], of: int) -> None:
    runs = [run for one in done.values() for run in one["runs"]]
    good = sum(run["verdict"] in GOOD for run in runs)
    print(
        f"\r{len(done)} of {of} sessions, {good} of {len(runs)} runs good", end="", file=sys.stderr
    )


def _report(sessions: list[dict[str, Any]], where: str, options: argparse.Namespace) -> None:
    lines = ["| figure | measured | goal |", "|---|---|---|"]
    lines += [f"| {what} | {value} | {goal} |" for what, value, goal in figures(sessions)]
    missing = rest(sessions)
    text = "\n".join(lines)
    if missing:
        text += "\n\nThe rest:\n\n" + "\n".join(f"- {line}" for line in missing)
    print("\n" + where, text, sep="\n\n")
    if options.write:
        command = (
            f"python benchmarks/faithfulness.py --sessions {options.sessions} --seed {options.seed} "
            f"--minimal-every {options.minimal_every} --write"
        )
        page = HERE.parent / "docs" / "faithfulness.md"
        about = __doc__.partition("\n\n")[2].strip()
        made = f"Made by `{command}` on {where}."
        page.write_text(f"# How faithful recipes are\n\n{made}\n\n{about}\n\n{text}\n")


def _show(seed: int, number: int) -> None:
    session = generate(seed, number)
    for place, step in enumerate(session.steps, 1):
        mark = " TRACKED" if step.tracked else ""
        print(f"--- {place} [{step.what}, cell {step.cell}]{mark}\n{step.source}")
    found = measure(seed, number, minimise=True)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
