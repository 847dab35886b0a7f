"""A notebook that was never tracked, executed again and judged by the outputs that it was saved with."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from mm_jupyter.analysis.comparing import Excuse, Judged, UserRule, judge
from mm_jupyter.analysis.tainting import Taint, taint
from mm_jupyter.errors import BadInput, KernelDied, ReplayTimeout, ScratchFull
from mm_jupyter.records import Cause, CellJudgement, NotebookJudgement, Verdict
from mm_jupyter.replaying.confine import Confinement, can_confine
from mm_jupyter.replaying.engine import EngineJob, execute
from mm_jupyter.replaying.job import executed
from mm_jupyter.replaying.saved_outputs import shows_something, side_of
from mm_jupyter.replaying.scratch import LIMIT, Scratch, lay_out
from mm_jupyter.replaying.trying import GOOD, RANK, Progress

_ASIDE = frozenset(
    {".git", ".mm", ".venv", "venv", "node_modules", "__pycache__", ".ipynb_checkpoints"}
)
_TOLERATED = "raises-exception"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A notebook to judge: ``path`` (absolute) and ``name`` (as it was asked for), the ``root`` of its project, which
    is copied, and how: ``allow`` and ``timeout`` as for a replay, rules for all cells and for one by its place."""

    path: Path
    name: str
    root: Path
    notebook: NotebookNode
    python: tuple[str, ...]
    allow: frozenset[str] = frozenset()
    timeout: float | None = None
    rules: tuple[UserRule, ...] = ()
    own_rules: Mapping[int, tuple[UserRule, ...]] = field(default_factory=dict)

    @property
    def cells(self) -> list[int]:
        """The places of the cells that are executed at all."""
        return [place for place, cell in enumerate(self.notebook.cells) if executed(cell)]


@dataclass(frozen=True, slots=True)
class _Replayed:
    """The cells that came back, by place, and why the end was not reached."""

    cells: Mapping[int, NotebookNode]
    broken: str | None


def verify_notebook(asked: Asked, progress: Progress) -> NotebookJudgement:
    """Execute a copy of a notebook's project from top to bottom, and judge each cell by its saved outputs.

    Where one differs it is executed once more, to tell unstable from diverged, and where it was saved with cells that
    ran in another order, in that order too.

    Raises:
        BadInput: the project holds more than a replay may lay out.
    """
    started = time.monotonic()
    cells = asked.cells
    ran = [place for place in cells if _count(asked, place) is not None]
    replays = [_run(asked, cells, "from top to bottom", progress)]
    judged = _judged(asked, cells, replays)
    if ran and _worst(judged) not in GOOD and not _gave_nothing(replays[0]):
        replays.append(_run(asked, cells, "once more", progress))
        judged = _judged(asked, cells, replays)
    causes, more = _causes(asked, ran, judged, progress)
    verdict = _worst(judged)
    return NotebookJudgement(
        notebook=asked.name,
        verdict=verdict,
        said=_sentence(judged, len(ran), replays[0].broken),
        cells=tuple(judged),
        causes=causes if verdict not in GOOD else (),
        replays=len(replays) + more,
        seconds=time.monotonic() - started,
    )


def _count(asked: Asked, place: int) -> int | None:
    count: int | None = asked.notebook.cells[place].execution_count
    return count


# -- running ---------------------------------------------------------------------------------------------------------


def _run(asked: Asked, order: Sequence[int], phase: str, progress: Progress) -> _Replayed:
    notebook = _in_order(asked.notebook, order)
    with lay_out(str(asked.root), (), cwd=str(asked.path.parent)) as scratch:
        _copy(asked.root, scratch.root)
        job = _job(asked, scratch, lambda done, of: progress(phase, done, of))
        try:
            done = execute(notebook, None, job)
        except (ReplayTimeout, KernelDied, ScratchFull) as error:
            return _Replayed({}, str(error))
    failure = done.failure
    found = {
        cell.metadata["mm_jupyter"]["place"]: cell
        for cell in done.notebook.cells
        if "place" in cell.metadata.get("mm_jupyter", {}) and cell.execution_count is not None
    }
    return _Replayed(found, None if failure is None else f"{failure.ename}: {failure.evalue}"[:300])


def _job(asked: Asked, scratch: Scratch, on_cell: Callable[[int, int], None]) -> EngineJob:
    """The order of sets is left to chance, as it was when the notebook was saved: what shows it is unstable."""
    paths = tuple(one for one in asked.allow if one not in ("network", "process"))
    confinement = Confinement(
        writable=(str(scratch.base), *paths), network="network" in asked.allow
    )
    return EngineJob(
        python=asked.python,
        cwd=str(scratch.cwd),
        env={
            **scratch.environment(),
            "PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED"),
            "MM_STORE": str(scratch.private / "store"),
        },
        timeout=asked.timeout,
        on_cell=lambda index, of, state: None if state == "running" else on_cell(index + 1, of),
        watch=scratch.check,
        confine=confinement if can_confine() else None,
        graceful=False,
    )


def _in_order(notebook: NotebookNode, order: Sequence[int]) -> NotebookNode:
    """A copy with the cells of ``order`` alone, without outputs; each keeps its place in its metadata. What raised when
    it was saved may raise again."""
    cells = []
    for place in order:
        cell = notebook.cells[place]
        metadata = NotebookNode({**cell.metadata, "mm_jupyter": NotebookNode(place=place)})
        if any(output.output_type == "error" for output in cell.outputs):
            metadata.tags = [*metadata.get("tags", ()), _TOLERATED]
        fresh = {**cell, "outputs": [], "execution_count": None, "metadata": metadata}
        cells.append(NotebookNode(fresh))
    return NotebookNode({**notebook, "cells": cells})


def _copy(root: Path, target: Path) -> None:
    size = sum(file.stat().st_size for file in _files(root))
    if size > LIMIT:
        raise BadInput(
            f"{root} holds {size / 1024**3:,.1f} GiB, and a replay may lay out {LIMIT / 1024**3:,.0f}: "
            f"move the notebook into a folder of its own, or leave data outside and name it by its whole path."
        )
    ignore = shutil.ignore_patterns(*_ASIDE)
    shutil.copytree(root, target, dirs_exist_ok=True, symlinks=True, ignore=ignore)


def _files(root: Path) -> Iterator[Path]:
    for folder, below, names in os.walk(root):
        below[:] = [name for name in below if name not in _ASIDE]
        for name in names:
            file = Path(folder, name)
            if file.is_file() and not file.is_symlink():
                yield file


# -- judging ---------------------------------------------------------------------------------------------------------


def _gave_nothing(replay: _Replayed) -> bool:
    return not replay.cells


def _judged(
    asked: Asked, order: Sequence[int], replays: Sequence[_Replayed]
) -> list[CellJudgement]:
    return [_cell(asked, place, replays) for place in sorted(order)]


def _cell(asked: Asked, place: int, replays: Sequence[_Replayed]) -> CellJudgement:
    cell = asked.notebook.cells[place]
    recorded = side_of(cell)
    sides = [side_of(one.cells[place]) for one in replays if place in one.cells]
    if cell.execution_count is None:
        judged = Judged("unverifiable", "It was saved without having run.", (), ())
    elif len(sides) < len(replays):
        judged = Judged("failed", "The replay did not reach it.", (), ())
    elif not any(shows_something(side) for side in (recorded, *sides)):
        judged = Judged("unverifiable", "It shows nothing.", (), ())
    else:
        rules = (*asked.own_rules.get(place, ()), *asked.rules)
        judged = judge(recorded, sides, rules=rules, excuse=_excuse(asked, place))
    return CellJudgement(
        place=place + 1,
        count=cell.execution_count,
        line=next((one.strip() for one in cell.source.splitlines() if one.strip()), "")[:80],
        verdict=judged.verdict,
        said=judged.said,
        items=judged.items,
        not_compared=judged.not_compared,
    )


def _excuse(asked: Asked, place: int) -> Excuse:
    """What the cells up to this one show to depend on the clock or on secret draws."""
    found: list[Taint] = []

    def excuse(kind: str, name: str, texts: tuple[str, str] | None) -> str | None:
        if not found:
            sources = [asked.notebook.cells[one].source for one in asked.cells if one <= place]
            found.append(taint(sources))
        return found[0].excuse(kind, name, texts)

    return excuse


def _deciding(cells: Sequence[CellJudgement]) -> list[CellJudgement]:
    return [cell for cell in cells if cell.count is not None and cell.verdict != "unverifiable"]


def _worst(cells: Sequence[CellJudgement]) -> Verdict:
    verdicts = [cell.verdict for cell in _deciding(cells)]
    return max(verdicts, key=RANK.__getitem__, default="unverifiable")


def _causes(
    asked: Asked, ran: Sequence[int], judged: Sequence[CellJudgement], progress: Progress
) -> tuple[tuple[Cause, ...], int]:
    """Why it came out otherwise, and the replays that showed it: its order, its hidden state, its Python."""
    if _worst(judged) in (*GOOD, "unverifiable"):
        return (), 0
    counts = [count for place in ran if (count := _count(asked, place)) is not None]
    found: list[Cause] = []
    more = 0
    if counts != sorted(counts):
        order = sorted(ran, key=lambda place: _count(asked, place) or 0)
        again = _run(asked, order, "in the order in which it was run", progress)
        more = 1
        helped = _worst(_judged(asked, order, [again])) in GOOD
        said = " ".join(f"[{count}]" for count in counts[:12])
        found.append(_cause("order of", "execution", said, "top to bottom", helped or None))
    saved = asked.notebook.metadata.get("language_info", {}).get("version")
    if saved and asked.python[0] == sys.executable and saved != platform.python_version():
        found.append(_cause("python", "python", saved, platform.python_version()))
    executions = max(counts, default=0) - min(counts, default=1) + 1
    if executions > len(counts) and not (found and found[0].confirmed):
        cells = f"{len(counts)} cells"
        found.append(_cause("state of", "cells run since", f"{executions} executions", cells))
    return tuple(found), more


def _cause(
    factor: str, name: str, recorded: str, current: str, confirmed: bool | None = None
) -> Cause:
    return Cause(factor=factor, name=name, recorded=recorded, current=current, confirmed=confirmed)


def _sentence(cells: Sequence[CellJudgement], ran: int, broken: str | None) -> str:
    if not ran:
        return "It was saved without having run: there is nothing to compare with."
    decide = _deciding(cells)
    bad = [cell for cell in decide if cell.verdict not in GOOD]
    idle = len(cells) - ran
    beside = f"; {idle} had not run" if idle else ""
    if bad:
        why = f" ({broken})" if broken and bad[0].said.startswith("The replay did not") else ""
        first = f"[{bad[0].count}] {bad[0].said.rstrip('.')}{why}"
        return f"{len(bad)} of {_cells(len(decide))} came out otherwise, first {first}{beside}."
    if not decide:
        return f"None of its {_cells(ran)} shows anything that could be compared{beside}."
    return (
        f"{_cells(len(decide))[:1].upper()}{_cells(len(decide))[1:]} gave what was saved{beside}."
    )


def _cells(number: int) -> str:
    return "1 cell" if number == 1 else f"{number:,} cells"
