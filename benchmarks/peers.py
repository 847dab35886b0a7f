"""What the same work costs this project and its peers.

    python benchmarks/peers.py [--only W1,W8] [--share 0.5] [--write]

Each subject works in an environment of its own, which is made on demand in build/peers, in a process and a folder of
its own; the subjects take turns, one round each. The table gives medians and, in brackets, 10th percentiles. CPU is
that of the process and of those that it starts. A subject that fails is listed with its error. With ``--write`` table
and plots go into docs/benchmarks.md.

  W1  one run through the Python API: 10 params, 5 metrics, 1 tag
  W2  100,000 points, one call each (MLflow: batches of 1,000; the floor: executemany), and reading them
  W3  of up to 10,000 runs the newest 50, a filter with its top 20, the whole table in pandas
  W4  8 processes of 50 runs each into one store
  W5  the import, for this project %load_ext in an IPython shell
  W6  an array of 50 MB kept 20 times, a hundredth of it changed before each
  W7  ten notebooks of ten cells each re-executed; this project also judges them
  W8  a tracked trivial cell in a kernel, against the same cell plain
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from cost import machine

ROOT = Path(__file__).resolve().parents[1]
PEERING = Path(__file__).resolve().parent / "peering"
ENVIRONMENTS = ROOT / "build" / "peers"
TOOLS = ("ipykernel==7.1.0", "pandas==2.3.3", "nbformat==5.10.4")
"""What the harness needs in a subject's environment; added after the size on disk was taken."""
PACKAGES = {
    "sqlite": (),
    "mlflow": ("mlflow==3.17.2",),
    "aim": ("aim==3.29.1",),
    "trackio": ("trackio==0.43.0",),
    "sacred": ("sacred==0.8.7", "setuptools<81"),  # it asks for pkg_resources
    "wandb": ("wandb==0.31.0",),
    "papermill": ("papermill==2.7.0",),
}
ALL = ("mm_jupyter", *PACKAGES)
MOST = ("mm_jupyter", "sqlite", "mlflow", "aim", "trackio", "sacred", "wandb")
SUBJECTS = {
    "W1": MOST,
    "W2": MOST,
    "W3": ("mm_jupyter", "sqlite", "mlflow", "aim", "trackio", "sacred"),
    "W4": MOST,
    "W5": ALL,
    "W6": ("mm_jupyter", "mlflow", "aim", "trackio", "sacred", "wandb"),
    "W7": ("mm_jupyter", "papermill"),
    "W8": MOST,
}
ROUNDS = {"W1": 50, "W2": 3, "W3": 5, "W4": 3, "W5": 5, "W6": 2, "W7": 3, "W8": 20}
GOALS = {
    ("W1", "CPU ms"): "<= 0.7",
    ("W1", "bytes"): "<= 1,500",
    ("W2", "points/s"): ">= 500,000",
    ("W2", "bytes/point"): "<= 12",
    ("W2", "read s"): "<= 0.01",
    ("W3", "newest ms"): "<= 5",
    ("W3", "top ms"): "<= 10",
    ("W3", "pandas ms"): "<= 400",
    ("W4", "s"): "<= 0.5",
    ("W4", "lost"): "0",
    ("W5", "CPU s"): "<= 0.25",
    ("W5", "MB"): "<= 25",
    ("W6", "MB"): "<= 65",
    ("W6", "s each"): "<= 0.3",
    ("W7", "s"): "<= 1/3 of papermill",
    ("W8", "CPU ms more"): "<= 1.5",
}
HEADING = "## Beside the peers\n"


@dataclass
class Subject:
    """A process that does one work for one subject, a round at a time."""

    name: str
    work: str
    folder: tempfile.TemporaryDirectory[str]
    process: subprocess.Popen[str] | None = None
    rounds: list[dict[str, float]] = field(default_factory=list)
    error: str = ""

    def round(self) -> None:
        """One more round; an error ends the subject."""
        if self.error:
            return
        self.process = self.process or self._begin()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if answer:
            self.rounds.append(json.loads(answer))
        else:
            said = (Path(self.folder.name) / "errors").read_text().strip().splitlines()
            self.error = said[-1][:200] if said else "it ended without a word"

    def end(self) -> None:
        """Let the process end, and take its folder away."""
        if self.process is not None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.folder.cleanup()

    def _begin(self) -> subprocess.Popen[str]:
        home = Path(self.folder.name)
        work = home / "work"
        work.mkdir()
        env = {key: value for key, value in os.environ.items() if not key.startswith("MM_")}
        env |= {
            "HOME": str(home),
            "TRACKIO_DIR": str(work / "trackio"),
            "IPYTHONDIR": str(home / "ipython"),
            "PYTHONDONTWRITEBYTECODE": "",
            "DO_NOT_TRACK": "1",
        }
        if self.name == "mm_jupyter":
            env["PYTHONPATH"] = str(ROOT)
        return subprocess.Popen(
            [python_of(self.name), str(PEERING / "harness.py"), f"with_{self.name}", self.work],
            cwd=work,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(home / "errors").open("w"),
            text=True,
        )


def python_of(name: str) -> str:
    """The interpreter of a subject's environment, which is made if it is not there."""
    if name == "mm_jupyter":
        return sys.executable
    environment = ENVIRONMENTS / name
    python = environment / "bin" / "python"
    done = environment / "bytes"
    if not done.exists():
        print(f"making the environment of {name}", file=sys.stderr)
        uv = str(Path(sys.executable).with_name("uv"))
        settings = _settings()
        _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(environment)])
        install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)]
        if PACKAGES[name]:
            _run([*install, *PACKAGES[name]], settings)
        size = sum(one.lstat().st_size for one in environment.rglob("*") if one.is_file())
        _run([*install, *TOOLS, *PACKAGES[name]], settings)
        done.write_text(str(size))
    return str(python)


def _settings() -> dict[str, str]:
    """pip's index and certificates, for uv: as .ci/install gives them."""
    found = {}
    for variable, name in (("UV_DEFAULT_INDEX", "index.url"), ("SSL_CERT_FILE", "cert")):
        asked = subprocess.run(
            ["sh", ".ci/setting", str(Path(sys.prefix)), name],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.stdout.strip():
            found[variable] = asked.stdout.strip()
    return found


def _run(command: list[str], more: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command, env={**(more or {}), **os.environ}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:3])} failed:\n{done.stderr[-2000:]}")


def measure(work: str, rounds: int) -> list[Subject]:
    """All subjects at one work, in turns."""
    subjects = [Subject(name, work, tempfile.TemporaryDirectory()) for name in SUBJECTS[work]]
    try:
        for number in range(rounds):
            for subject in subjects:
                print(
                    f"\r{work}: round {number + 1} of {rounds}, {subject.name}\033[K",
                    end="",
                    file=sys.stderr,
                )
                subject.round()
    finally:
        print(file=sys.stderr)
        for subject in subjects:
            subject.end()
    return subjects


def values(subject: Subject, figure: str) -> list[float]:
    """A figure of each round that has it."""
    found = [one[figure] for one in subject.rounds if figure in one]
    return found[-1:] if figure == "bytes" else found  # a sum over all rounds before


def shown(found: list[float]) -> str:
    """Median and 10th percentile."""
    if not found:
        return "-"
    low = statistics.quantiles(found, n=10, method="inclusive")[0] if len(found) > 1 else found[0]
    median = statistics.median(found)
    return f"{_number(median)} ({_number(low)})" if low != median else _number(median)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(results: dict[str, list[Subject]]) -> str:
    """All figures as Markdown, and what failed below."""
    names = [
        name for name in ALL if any(one.name == name for each in results.values() for one in each)
    ]
    lines = [f"| work | {' | '.join(names)} | goal |", "|---" * (len(names) + 2) + "|"]
    for work, subjects in results.items():
        by_name = {one.name: one for one in subjects}
        figures = list(
            dict.fromkeys(key for one in subjects for each in one.rounds for key in each)
        )
        for figure in figures:
            cells = [
                shown(values(by_name[name], figure)) if name in by_name else "-" for name in names
            ]
            lines.append(
                f"| {work} {figure} | {' | '.join(cells)} | {GOALS.get((work, figure), '')} |"
            )
    sizes = [ENVIRONMENTS / name / "bytes" for name in names]
    if any(one.exists() for one in sizes):
        cells = [_number(int(one.read_text()) / 1e6) if one.exists() else "-" for one in sizes]
        lines.append(f"| MB on disk | {' | '.join(cells)} | |")
    failed = [one for each in results.values() for one in each if one.error]
    if failed:
        lines.append("")
    for one in failed:
        after = f"{one.name} at {one.work} after {len(one.rounds)} rounds"
        lines.append(f"Failed: {after}: `{one.error}`")
    return "\n".join(lines)


def draw(results: dict[str, list[Subject]], work: str, figure: str, path: Path) -> None:
    """A figure of each subject as a bar, on a logarithmic axis, with the goal as a line."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "mm_jupyter"
    import matplotlib.pyplot as plt

    found = {one.name: values(one, figure) for one in results[work]}
    rows = [(name, statistics.median(each)) for name, each in found.items() if each]
    rows.sort(key=lambda row: -row[1])
    picture, axes = plt.subplots(figsize=(7, 0.4 * len(rows) + 1.2))
    colours = ["#1f6feb" if name == "mm_jupyter" else "#9aa4b2" for name, _ in rows]
    bars = axes.barh(
        [name for name, _ in rows], [max(value, 0.01) for _, value in rows], color=colours
    )
    axes.bar_label(bars, [_number(value) for _, value in rows], padding=3)
    axes.axvline(
        float(GOALS[work, figure].split()[-1]), color="#d1242f", linestyle="--", label="goal"
    )
    axes.set(xscale="log", title=f"{work}: {figure} (medians, lower is better)")
    axes.margins(x=0.15)
    axes.legend(frameon=False, loc="upper right")
    axes.spines[["top", "right"]].set_visible(False)
    picture.tight_layout()
    picture.savefig(path, metadata={"Date": None})
    plt.close(picture)


def write(results: dict[str, list[Subject]], said: str) -> None:
    """Table and plots into docs/benchmarks.md, in place of those that were there."""
    page = ROOT / "docs" / "benchmarks.md"
    for work, figure in (("W1", "CPU ms"), ("W8", "CPU ms more")):
        draw(results, work, figure, page.with_name(f"peers-{work.lower()}.svg"))
    pictures = "![W1 beside the peers](peers-w1.svg)\n\n![W8 beside the peers](peers-w8.svg)"
    text = f"{HEADING}\n{said}\n\n{table(results)}\n\n{pictures}\n"
    before, mark, after = page.read_text().partition(HEADING)
    rest = after[after.index("\n## ") :] if "\n## " in after else ""
    kept = before if mark else before.rstrip("\n") + "\n\n"
    page.write_text(kept + text + rest)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(SUBJECTS), help="works, with commas (all)")
    parser.add_argument("--share", type=float, default=1.0, help="share of the rounds (1)")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    works = options.only.split(",")
    unknown = [one for one in works if one not in SUBJECTS]
    if unknown:
        parser.error(f"no such work: {', '.join(unknown)}; there are {', '.join(SUBJECTS)}")
    if options.write and not {"W1", "W8"} <= set(works):
        parser.error("--write draws W1 and W8: leave them in --only")
    for name in {name for work in works for name in SUBJECTS[work]}:
        python_of(name)
    rounds = {work: max(1, round(ROUNDS[work] * options.share)) for work in works}
    where = machine()
    results = {work: measure(work, rounds[work]) for work in works}
    command = "python benchmarks/peers.py"
    command += f" --only {options.only}" if len(works) < len(SUBJECTS) else ""
    command += f" --share {options.share:g}" if options.share != 1 else ""
    counts = ", ".join(f"{work} {count}" for work, count in rounds.items())
    said = (
        f"Made by `{command} --write` on {where}. Medians, in brackets 10th percentiles; rounds in turns: {counts}.\n"
        "What each row is says `python benchmarks/peers.py --help`; *sqlite* is the floor, plain `sqlite3`.\n"
        "One run, in turn with those of others, meets cold caches: in a loop, as in the first table, it costs about "
        "half.\nW3 makes runs for 20 seconds, at most 10,000: who writes slowly is asked about fewer."
    )
    print(said, table(results), sep="\n\n")
    if options.write:
        write(results, said)


if __name__ == "__main__":
    main()
