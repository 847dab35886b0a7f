"""A notebook -> a session as people have them: out of order, repeated, edited, in-place, interrupted, half deleted.

A notebook is a Python file whose cells begin with ``# %% kind title``. Kinds: ``look`` (a cell that only looks),
``alias`` (a change in place, put in while the session goes on), ``result`` (a cell worth tracking), ``file`` (a file
of the project, named by the title), anything else is code.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from pathlib import Path

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.py"))
MAX_TRACKED = 2
_HEAD = re.compile(r"^# %% *(\S+) ?(.*)$", re.MULTILINE)
_NUMBER = re.compile(r"(?<![\w.\"'%\[{:])(\d+\.\d+|\d+)(?![\w.\"'\]}])")
_SEEDS = (
    (re.compile(r"default_rng\(\d+\)"), "default_rng()"),
    (re.compile(r"RandomState\(\d+\)"), "RandomState()"),
    (re.compile(r"random_state=\d+"), "random_state=None"),
    (re.compile(r"^(np\.random|random)\.seed\(\d+\)$", re.MULTILINE), "pass"),
)


@dataclass(frozen=True)
class Cell:
    """A cell of the notebook's file."""

    kind: str
    title: str
    source: str


@dataclass(frozen=True)
class Step:
    """One execution: the source as it ran, without ``%%track``; ``cell`` is its place in the file."""

    source: str
    what: str
    cell: int | None = None
    tracked: bool = False


@dataclass
class Session:
    """What happens, and the notebook's file as it is at the end (sources, with the place of the cell)."""

    number: int
    notebook: str
    unseeded: bool
    files: dict[str, str]
    steps: list[Step] = field(default_factory=list)
    saved: list[tuple[int | None, str]] = field(default_factory=list)


def load(path: Path) -> list[Cell]:
    """The cells of a notebook."""
    text = path.read_text()
    heads = list(_HEAD.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return [
        Cell(head[1], head[2].strip(), text[head.end() : end].strip("\n"))
        for head, end in zip(heads, ends, strict=True)
    ]


def notebook_of(number: int) -> str:
    """The notebook that session ``number`` plays, whatever the seed."""
    return NOTEBOOKS[number % len(NOTEBOOKS)].stem


def is_minimised(number: int, every: int) -> bool:
    """Whether the recipes of a session are minimised: of each notebook one session in ``every``."""
    return number // len(NOTEBOOKS) % every == 0


def generate(seed: int, number: int) -> Session:
    """Session ``number`` of a seed: always the same."""
    chance = random.Random(f"{seed}/{number}")
    path = NOTEBOOKS[number % len(NOTEBOOKS)]
    cells = load(path)
    session = Session(
        number,
        path.stem,
        chance.random() < 0.4,
        {cell.title: cell.source + "\n" for cell in cells if cell.kind == "file"},
    )
    if session.unseeded:
        cells = [Cell(cell.kind, cell.title, _without_seeds(cell.source)) for cell in cells]
    _Disturbed(chance, cells, session).play()
    return session


def changed_number(chance: random.Random, source: str) -> str | None:
    """The source with one number literal changed; None where there is none."""
    found = [one for one in _NUMBER.finditer(source) if not one.string[: one.start()].endswith("$")]
    if not found:
        return None
    one = chance.choice(found)
    old = one[1]
    new = (
        str(round(float(old) * chance.choice((0.5, 1.5, 2)), 4))
        if "." in old
        else str(int(old) + chance.choice((1, 2)))
    )
    return source[: one.start()] + new + source[one.end() :]


def _without_seeds(source: str) -> str:
    for pattern, instead in _SEEDS:
        source = pattern.sub(instead, source)
    return source


class _Disturbed:
    """Plays a notebook's cells from top to bottom, as a person does: with detours."""

    def __init__(self, chance: random.Random, cells: list[Cell], session: Session) -> None:
        self.chance = chance
        self.cells = cells
        self.session = session
        self.texts = {at: cell.source for at, cell in enumerate(cells) if cell.kind != "file"}
        self.deleted: set[int] = set()
        self.beside: dict[int, list[str]] = {}
        self.waiting: list[tuple[int, int]] = []

    def play(self) -> None:
        detours = (
            self._repeat, self._back, self._edit, self._edit, self._draws, self._fails, self._scratch,
            self._reverted_unseen,
        )  # fmt: skip
        for at, cell in enumerate(self.cells):
            if cell.kind == "file":
                continue
            if cell.kind == "alias":
                self._alias(at)
                continue
            if cell.kind == "look" and self.chance.random() < 0.4:
                continue
            self._run(at, "in order")
            if cell.kind != "look" and self.chance.random() < 0.4:
                self.chance.choice(detours)(at)
            if cell.kind != "result" and self.chance.random() < 0.12:
                self.deleted.add(at)
            self._due(at)
        self._track()
        for at, text in self.texts.items():
            if at not in self.deleted:
                self.session.saved.append((at, text))
            self.session.saved += [(None, one) for one in self.beside.get(at, [])]

    def _run(self, at: int, what: str, source: str | None = None) -> None:
        self.session.steps.append(Step(self.texts[at] if source is None else source, what, at))

    def _insert(self, at: int, source: str, what: str) -> None:
        self.session.steps.append(Step(source, what))
        if self.chance.random() < 0.3:
            self.beside.setdefault(at, []).append(source)

    def _alias(self, at: int) -> None:
        """Now or a little later, and half of the time the cell is gone afterwards; or it never happens."""
        if self.chance.random() < 0.5:
            self.deleted.add(at)
            return
        self.waiting.append((at + self.chance.choice((0, 0, 1, 3)), at))
        if self.chance.random() < 0.5:
            self.deleted.add(at)
        self._due(at)

    def _due(self, now: int) -> None:
        for due in [one for one in self.waiting if one[0] <= now]:
            self.waiting.remove(due)
            self._run(due[1], "in-place change through an alias")

    def _repeat(self, at: int) -> None:
        self._run(at, "repeated")

    def _back(self, at: int) -> None:
        start = max(0, at - self.chance.randint(1, 5))
        for again in range(start, at + 1):
            if self.cells[again].kind not in ("file", "alias") and self.chance.random() < 0.6:
                self._run(again, "run again after skipping back")

    def _edit(self, at: int) -> None:
        """A literal is edited and run; mostly it is put back and run again."""
        new = changed_number(self.chance, self.texts[at])
        if new is None:
            return
        self._run(at, "edited", new)
        if self.chance.random() < 0.6:
            self._run(at, "edit reverted")
        else:
            self.texts[at] = new

    def _reverted_unseen(self, at: int) -> None:
        """A literal is edited and run, then put back in the file and not run."""
        new = changed_number(self.chance, self.texts[at])
        if new is not None:
            self._run(at, "edited", new)

    def _draws(self, at: int) -> None:
        names = "\n".join(step.source for step in self.session.steps)
        draws = [
            draw
            for word, draw in (
                ("import numpy as np", "np.random.rand(3)"),
                ("import random", "random.random()"),
                ("rng = ", "rng.random()"),
            )
            if word in names
        ]
        if draws:
            self._insert(at, self.chance.choice(draws), "unseeded draw")

    def _fails(self, at: int) -> None:
        """The cell with a fault at its end: what it did before stays done."""
        end = self.chance.choice(("undefined_name", "raise KeyboardInterrupt", "1 / 0", "x = = 1"))
        self._run(at, "failed half-way", f"{self.texts[at]}\n{end}")
        if self.chance.random() < 0.6:
            self._run(at, "run again after it failed")

    def _scratch(self, at: int) -> None:
        source = self.chance.choice(
            (
                "tmp = [1, 2, 3]\nlen(tmp)",
                "print('here')",
                "%who str",
                "for i in range(3):\n    pass\ni",
            )
        )
        self._insert(at, source, "scratch")

    def _track(self) -> None:
        """Track some executions of result cells; the last one always."""
        steps = self.session.steps
        results = [
            place
            for place, step in enumerate(steps)
            if step.cell is not None and self.cells[step.cell].kind == "result"
        ]
        chosen = {results[-1], *self.chance.sample(results, min(len(results), MAX_TRACKED - 1))}
        for place in chosen:
            old = steps[place]
            steps[place] = Step(old.source, old.what, old.cell, tracked=True)
