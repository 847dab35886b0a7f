"""Does ``mm explain`` find what was changed? Sessions are recorded, one thing is changed in each, and it is asked.

    python benchmarks/causes.py [--each 5] [--packages 2] [--controls 20] [--keep FILE] [--write]

Of every kind ``--each`` sessions, of the two that need another environment ``--packages``; the controls are left as
they are. They come in a shuffled order, and Ctrl-C shows what was measured so far; with ``--keep`` another call goes on
where it stopped. A change is detected where the
verdict is no longer identical or equivalent; it is named where the first cause is the one that was changed. ``--write``
puts the table into docs/causes-measured.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mm_jupyter.analysis.secrets import Redactor  # noqa: E402
from mm_jupyter.api.explaining import explain  # noqa: E402
from mm_jupyter.kernel.environment import capture  # noqa: E402
from mm_jupyter.records import Explanation, Package  # noqa: E402
from mm_jupyter.replaying import environments  # noqa: E402
from mm_jupyter.replaying.kernels import running_kernel  # noqa: E402
from mm_jupyter.workspace import find  # noqa: E402
from tests.browser.lab import execute, notebook  # noqa: E402

Edit = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Session:
    """A project: its files, its cells, variables that hold while it is recorded (None: not set), and the places of the
    cells in the order in which they are run, where that is not from top to bottom."""

    files: dict[str, str]
    cells: list[str]
    recorded: dict[str, str | None]
    packages: dict[str, str]
    order: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A session, what is changed after it, and the cause that should be named first (None: a control)."""

    kind: str
    session: Session
    edit: Edit
    then: dict[str, str | None]
    cause: str | tuple[str, ...] | None


def session(dice: random.Random) -> Session:
    """A seeded model on data of the project, with a helper module; sizes and numbers differ from one to the next."""
    rows = [
        f"{dice.uniform(0, 9):.3f},{dice.uniform(0, 9):.3f},{dice.randint(0, 1)}" for _ in range(60)
    ]
    files = {
        "data.csv": "a,b,y\n" + "\n".join(rows) + "\n",
        "helper.py": f"def features(frame):\n    return frame[['a', 'b']] * {dice.randint(2, 9)}\n",
        "unused.csv": "nothing,reads,this\n",
    }
    model = dice.choice([
        "from sklearn.ensemble import RandomForestRegressor as Model\nmodel = Model(n_estimators=10, random_state=0)",
        "from sklearn.linear_model import Ridge as Model\nmodel = Model(alpha=0.5)",
        "from sklearn.tree import DecisionTreeRegressor as Model\nmodel = Model(max_depth=3, random_state=1)",
    ])  # fmt: skip
    cells = [
        "import os\nimport numpy as np\nimport pandas as pd\nimport helper\nframe = pd.read_csv('data.csv')",
        f"rng = np.random.default_rng({dice.randint(0, 99)})\nnoise = rng.normal(size=len(frame))",
        f"scale = {dice.randint(2, 50)}\nX = helper.features(frame) + noise[:, None]",
        f"%%track run\n{model}\nmodel.fit(X, frame['y'])\nscore = float(model.predict(X).sum()) * scale",
    ]
    return Session(files, cells, {}, {})


def text_edit(name: str, old: str, new: str) -> Edit:
    def edit(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text, (name, old)
        (folder / name).write_text(text.replace(old, new, 1))

    return edit


def nothing(_: Path) -> None:
    """The control's edit."""


def changed_row(folder: Path) -> None:
    lines = (folder / "data.csv").read_text().splitlines()
    lines[7] = "4.567,1.234,1" if lines[7].endswith("0") else "4.567,1.234,0"
    (folder / "data.csv").write_text("\n".join(lines) + "\n")


def new_file(folder: Path) -> None:
    (folder / "data.csv").write_text(session(random.Random(4711)).files["data.csv"])


def case(kind: str, dice: random.Random) -> Case:
    made = session(dice)
    cells, edit, then, cause = made.cells, nothing, {}, None
    match kind:
        case "seed removed":
            old = cells[1].partition("\n")[0]
            edit, cause = (
                text_edit("n.ipynb", old, "rng = np.random.default_rng()"),
                "code of execution 3",
            )
        case "input row changed":
            edit, cause = changed_row, "input data.csv"
        case "input file replaced":
            edit, cause = new_file, "input data.csv"
        case "local module edited":
            edit, cause = text_edit("helper.py", "'b']] *", "'b']] * 1.5 *"), "module helper.py"
        case "literal edited":
            edit, cause = text_edit("n.ipynb", "scale = ", "scale = 1"), "code of execution 4"
        case "environment variable":
            cells[2] += "\nscale *= int(os.environ['SKLEARN_SCALE'])"
            made = replace(made, recorded={"SKLEARN_SCALE": "3", "NPY_OTHER": "1"})
            then, cause = {"SKLEARN_SCALE": "4", "NPY_OTHER": "2"}, "variable SKLEARN_SCALE"
        case "thread count changed":
            cells[2] += (
                "\nfrom threadpoolctl import threadpool_info\n"
                "scale *= max(one['num_threads'] for one in threadpool_info())"
            )
            made = replace(made, recorded={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
            then, cause = (
                {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
                ("threads ", "variable O"),
            )
        case "hash seed":
            cells[2] += "\nscale *= list({'a', 'b', 'c', 'd', 'e', 'f', 'g'}).index('c') + 1"
            made, cause = (
                replace(made, recorded={"PYTHONHASHSEED": None}),
                "hash seed PYTHONHASHSEED",
            )
        case "hidden state":
            other, order = dice.choice([
                (f"scale = {dice.randint(51, 99)}", (0, 1, 2, 3, 5, 4)),  # below, and run before
                ("noise = noise + 1", (0, 1, 2, 5, 3, 4)),
                ("frame['a'] += 1", (0, 1, 5, 5, 2, 3, 4)),  # twice
            ])  # fmt: skip
            made = replace(made, cells=[*cells, other], order=order)
            cause = "order of execution"
        case "clock":
            cells[2] += (
                "\nimport time\nscale += time.time() // 2"  # a clock that stands shows when its cell began
            )
            cause = "clock read by a cell"
        case "package version" | "default changed":
            made, cause = built(kind, made, dice)
    return Case(kind, made, edit, then, cause)


def built(kind: str, made: Session, dice: random.Random) -> tuple[Session, str]:
    """A session that is recorded in an environment of its own, and the cause to be named."""
    cells = made.cells
    if kind == "package version":
        cells[3] += "\nimport six\nscore += sum(map(int, six.__version__.split('.')))"
        return replace(made, packages={"six": "1.16.0"}), "package six"
    cells[:3] = ["import numpy as np"]  # the pandas of today does not go with that numpy
    cells[1] = (
        "%%track run\nfrom sklearn.cluster import KMeans\nfrom sklearn.datasets import load_wine\n"
        f"km = KMeans(8, random_state={dice.randint(0, 99)}).fit(load_wine().data)\ninertia = km.inertia_"
    )
    old = {"scikit-learn": "1.3.2", "numpy": "1.26.4", "scipy": "1.11.4"}
    return replace(made, packages=old), "package scikit-learn"


KINDS = (
    "seed removed", "input row changed", "input file replaced", "local module edited", "literal edited",
    "environment variable", "thread count changed", "hash seed", "hidden state", "clock",
)  # fmt: skip
BUILT = ("package version", "default changed")


@contextmanager
def variables(given: dict[str, str | None]) -> Iterator[None]:
    before = dict(os.environ)
    for name, value in given.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


async def in_kernel(python: Path, folder: Path, cells: list[str]) -> None:
    env = {"PYTHONPATH": str(ROOT), "MM_REPLAY": None, "JPY_SESSION_NAME": str(folder / "n.ipynb")}
    async with running_kernel([str(python)], cwd=str(folder), env=env) as kernel:
        for cell in (*cells, "%unload_ext mm_jupyter"):
            kernel.client.execute(cell)
            while True:
                said = await kernel.client.get_iopub_msg(timeout=120)
                assert said["msg_type"] != "error", said["content"]
                if said["msg_type"] == "status" and said["content"]["execution_state"] == "idle":
                    break


def asked(case: Case, folder: Path) -> Explanation:
    """Record the session, change what the case changes, and ask."""
    for name, text in case.session.files.items():
        (folder / name).write_text(text)
    cells = ["%load_ext mm_jupyter", *case.session.cells]
    nbformat.write(notebook(*cells), folder / "n.ipynb")
    with variables(case.session.recorded):
        if case.session.packages:
            now = capture(Redactor(b"x" * 32))
            old = case.session.packages
            packages = tuple(one for one in now.packages if one.name not in old)
            packages += tuple(Package(name=name, version=old[name]) for name in old)
            python = environments.build(replace(now, packages=packages)).python
            asyncio.run(in_kernel(python, folder, cells))
        else:
            execute(folder / "n.ipynb", dict(os.environ), case.session.order)
    case.edit(folder)
    with variables({**case.session.recorded, **case.then}):
        space = find(folder)
        assert space is not None
        try:
            return explain("run/1", workspace=space)
        finally:
            space.store.close()


@dataclass(slots=True)
class Tally:
    """What came of the cases of one kind."""

    cases: int = 0
    detected: int = 0
    first: int = 0
    replays: int = 0
    seconds: float = 0.0
    timed: int = 0

    def add(
        self, *, detected: bool, first: bool, replays: int | None, seconds: float | None, **_: Any
    ) -> None:
        """``replays`` and ``seconds`` are None where they were not kept."""
        self.cases += 1
        self.detected += detected
        self.first += first
        if replays is not None and seconds is not None:
            self.timed += 1
            self.replays += replays
            self.seconds += seconds


def measure(given: argparse.Namespace) -> dict[str, Tally]:
    dice = random.Random(given.seed)
    plan = [kind for kind in KINDS for _ in range(given.each)]
    plan += [kind for kind in BUILT for _ in range(given.packages)] + ["control"] * given.controls
    dice.shuffle(plan)  # so that the part of a run that was interrupted speaks for all kinds
    lines = given.keep.read_text().splitlines() if given.keep and given.keep.exists() else []
    kept = {one["session"]: one for one in map(json.loads, lines)}
    cases = [case(kind, dice) for kind in plan]
    tallies: dict[str, Tally] = {kind: Tally() for kind in (*KINDS, *BUILT, "control")}
    for result in kept.values():
        tallies[result["kind"]].add(**result)
    with suppress(KeyboardInterrupt):
        for number, one in enumerate(cases, 1):
            if number in kept:
                continue
            result = {"session": number, **outcome(one)}
            if given.keep:
                with given.keep.open("a") as file:
                    file.write(json.dumps(result) + "\n")
            tallies[one.kind].add(**result)
            print(f"\r{number}/{len(plan)} {one.kind:24}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return {kind: tally for kind, tally in tallies.items() if tally.cases}


def outcome(one: Case) -> dict[str, Any]:
    """Record, change and ask; what came out is what a tally adds."""
    with tempfile.TemporaryDirectory(prefix="mm-causes-") as name:
        started = time.monotonic()
        found = asked(one, Path(name))
    causes = [f"{cause.factor} {cause.name}" for cause in found.judgement.causes if cause.confirmed]
    judged = found.judgement
    detected = judged.verdict not in ("identical", "equivalent") or any(
        "it read the clock" in one.why for one in judged.not_compared
    )
    right = one.cause is not None and bool(causes) and causes[0].startswith(one.cause)
    if detected != (one.cause is not None) or (one.cause and not right):
        print(
            f"  {one.kind}: {judged.verdict}, {causes or 'no cause'}: {found.said}", file=sys.stderr
        )
    return {
        "kind": one.kind, "detected": detected, "first": right, "replays": len(found.experiments),
        "seconds": time.monotonic() - started,
    }  # fmt: skip


def table(tallies: dict[str, Tally]) -> str:
    lines = [
        "| what was changed | sessions | detected | named first | replays put back | s each |",
        "|---|---|---|---|---|---|",
    ]
    for kind, tally in tallies.items():
        named = "-" if kind == "control" else str(tally.first)
        lines.append(
            f"| {kind} | {tally.cases} | {tally.detected} | {named} | {tally.replays / max(tally.timed, 1):.1f} "
            f"| {tally.seconds / max(tally.timed, 1):.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--each", type=int, default=5)
    parser.add_argument("--packages", type=int, default=2)
    parser.add_argument("--controls", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a file that keeps each outcome")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    os.environ["PYTHONHASHSEED"] = "0"
    text = table(measure(given))
    if given.packages:
        made = [sys.executable, str(ROOT / "benchmarks" / "rebuilding.py")]
        text += (
            "\n\n" + subprocess.run(made, capture_output=True, text=True, check=True).stdout.strip()
        )
    print(text)
    if given.write:
        head = (
            "# Causes, measured\n\n"
            f"Made by `python benchmarks/causes.py --each {given.each} --packages {given.packages} "
            f"--controls {given.controls} --seed {given.seed} --write` on {os.cpu_count()} cores, "
            f"{platform.system()}, Python {platform.python_version()}.\n\n"
        )
        (ROOT / "docs" / "causes-measured.md").write_text(head + text + "\n" + NOTE, "utf-8")


NOTE = """
*Detected*: the verdict is neither identical nor equivalent, or says of an item that the clock kept it from being
compared; of the controls that is a false alarm. *Named first*: the first confirmed cause is what was changed. *Replays
put back*: those that `mm explain` made beside the ones that found the difference. The time holds the recording of the
session, and the environments built (from a warm cache or not). *Hidden state*: cells further down that were run before,
or twice; *default changed*: a clustering recorded under an old scikit-learn, where the package is to be named.
"""

if __name__ == "__main__":
    main()
