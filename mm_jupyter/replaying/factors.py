"""What may be put back to what the record had, and the settings that do so."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mm_jupyter.analysis.comparing import Judged
from mm_jupyter.analysis.tainting import CLOCK_READ
from mm_jupyter.records import Cause, Environment, Package, Recipe, RecipeStep
from mm_jupyter.replaying import environments
from mm_jupyter.replaying.attempt import Settings
from mm_jupyter.replaying.causes import suspects
from mm_jupyter.replaying.inputs import digest_file
from mm_jupyter.replaying.record import Record, slice_of

RANDOM = "random state"
CLOCK = "clock"
ORDER = "order of"
THREADS = {
    "openblas": "OPENBLAS_NUMTHREADS",
    "openmp": "OMP_NUMTHREADS",
    "mkl": "MKL_NUMTHREADS",
    "blis": "BLIS_NUMTHREADS",
}
_COUNTS = 12
_BUILT = ("package", "python")


@dataclass(frozen=True, slots=True)
class Factor:
    """One thing that is another one now. ``cause`` says it for people; of code alone ``seq`` is the execution and
    ``source`` what its cell holds now."""

    cause: Cause
    seq: int | None = None
    source: str | None = None

    @property
    def name(self) -> str:
        """``package scikit-learn``."""
        return f"{self.cause.factor} {self.cause.name}"


def of_environment(record: Record, current: Environment | None) -> list[Factor]:
    """What the replay's environment has otherwise and can be put back; what the code names comes first."""
    words = {word for step in record.executions for word in step.source.replace(".", " ").split()}
    found = [
        Factor(cause)
        for cause in suspects(record.run.environment, current)
        if cause.factor in (*_BUILT, "variable")
        or (cause.factor == "threads" and cause.name in THREADS)
    ]
    return sorted(found, key=lambda one: not _imported(one.cause.name, words))


def _imported(package: str, words: set[str]) -> bool:
    usual = {"scikit-learn": "sklearn", "pillow": "PIL", "pyyaml": "yaml", "opencv-python": "cv2"}
    return usual.get(package, package.replace("-", "_")) in words


def of_clock(judged: Judged) -> list[Factor]:
    """The clock, where it is why something was not compared."""
    if any(CLOCK_READ in one.why for one in judged.not_compared):
        return [Factor(_cause(CLOCK, "read by a cell", None, None))]
    return []


def of_project(
    record: Record, recipe: Recipe, top: Recipe, root: Path, cells: Mapping[str, str]
) -> list[Factor]:
    """What is another thing in the project by now: cells (``cells``: sources by id), modules, inputs, random states,
    and the order, where ``top``, the notebook from top to bottom, repeats other executions than ``recipe``.

    Without ``--restore`` generators start anew: a recipe that needs their states has them as a factor.
    """
    steps = record.steps(recipe)
    found = _edited(record, [*recipe.steps, *top.steps], cells)
    if top is not recipe:
        counts = [f"[{step.count}]" for step in recipe.steps]
        more = " ..." if len(counts) > _COUNTS else ""
        order = " ".join(counts[:_COUNTS]) + more
        found.append(Factor(_cause(ORDER, "execution", order, "top to bottom")))
    told: dict[str, tuple[str, str | None]] = {}
    for step in steps:
        told.update((one.path, ("module", one.digest)) for one in step.modules)
        for use in step.files:
            if use.role == "input":
                told.setdefault(use.path, ("input", use.digest))
    digests = {path: digest_file(root / path) for path in told}
    found += [
        Factor(_cause(kind, path, _short(digest), _short(digests[path])))
        for path, (kind, digest) in told.items()
        if digest is not None and digest != digests[path]
    ]
    if any(step.restores or step.entropy for step in recipe.steps):
        names = dict.fromkeys(state.generator for step in recipe.steps for state in step.restores)
        names |= dict.fromkeys(draw.source for step in recipe.steps for draw in step.entropy)
        found.append(Factor(_cause(RANDOM, ", ".join(names), None, None)))
    return found


def _edited(record: Record, steps: Sequence[RecipeStep], cells: Mapping[str, str]) -> list[Factor]:
    """The last execution of each cell that holds something else now."""
    known = {execution.seq: execution.cell_id for execution in record.executions}
    newest = {known[step.seq]: step for step in sorted(steps, key=lambda step: step.seq)}
    found = []
    for cell, step in newest.items():
        now = cells.get(cell or "")
        if now is not None and not _same(now, step.source):
            cause = _cause("code", f"of execution {step.seq}", None, _counted(step.source, now))
            found.append(Factor(cause, seq=step.seq, source=now))
    return found


def top_to_bottom(record: Record, recipe: Recipe, cells: Mapping[str, str]) -> Recipe:
    """The cells of the notebook as it is now (``cells``: in its order), down to the tracked one, each once, as the
    session last executed them; ``recipe`` itself where the session did nothing else, or the cell is gone."""
    whole = slice_of(record, "whole") if record.run.row.kind == "cell" else recipe
    target = record.steps(whole)[-1]
    last = {
        step.cell_id: step.seq
        for step in record.steps(whole)
        if (step.cell_id is not None and step.status == "ok") or step is target
    }
    if target.cell_id is None or target.cell_id not in cells:
        return recipe
    order: list[int] = []
    for cell in cells:
        if cell in last:
            order.append(last[cell])
        if cell == target.cell_id:
            break
    by_seq = {step.seq: step for step in whole.steps}
    if order == list(by_seq):
        return recipe
    return replace(whole, steps=tuple(by_seq[seq] for seq in order))


def _same(now: str, recorded: str) -> bool:
    return now.strip() == recorded.strip()


def _counted(old: str, new: str) -> str:
    """``+1 -1``: lines that came and went."""
    lines = list(difflib.ndiff(old.strip().splitlines(), new.strip().splitlines()))
    return f"+{sum(one[0] == '+' for one in lines)} -{sum(one[0] == '-' for one in lines)}"


def _short(digest: str | None) -> str | None:
    return digest.partition(":")[2][:10] if digest else None


def _cause(factor: str, name: str, recorded: str | None, current: str | None) -> Cause:
    return Cause(factor=factor, name=name, recorded=recorded, current=current, confirmed=None)


def with_cells(recipe: Recipe, cells: Mapping[int, str]) -> Recipe:
    """The recipe with other sources for some of its executions."""
    steps = tuple(
        replace(step, source=cells[step.seq]) if step.seq in cells else step
        for step in recipe.steps
    )
    return replace(recipe, steps=steps)


def settings_with(
    factors: Sequence[Factor],
    settings: Settings,
    recorded: Environment | None,
    current: Environment | None,
    told: Callable[[str], None],
) -> Settings:
    """Settings that put these factors back. Raises CannotRebuild."""
    put_back = {one.cause.name for one in factors if one.cause.factor in ("module", "input")}
    put_back |= {RANDOM for one in factors if one.cause.factor == RANDOM}
    extra = dict(settings.extra)
    for cause in (one.cause for one in factors):
        if cause.factor == "variable":
            extra[cause.name] = cause.recorded
        elif cause.factor == "threads":
            extra[THREADS[cause.name]] = cause.recorded
    found = replace(
        settings,
        put_back=settings.put_back | put_back,
        extra=extra,
        freeze_time=settings.freeze_time or any(one.cause.factor == CLOCK for one in factors),
    )
    names = {one.cause.name for one in factors if one.cause.factor in _BUILT}
    if not names or recorded is None or current is None:
        return found
    built = environments.build(mixed(recorded, current, names), told=told)
    return replace(found, python=(str(built.python),), environment="mixed")


def mixed(recorded: Environment, current: Environment, names: set[str]) -> Environment:
    """The current environment with these packages (``python``: the interpreter) as they were recorded."""
    old = {package.name: package for package in recorded.packages}
    packages: dict[str, Package] = {package.name: package for package in current.packages}
    for name in names - {"python"}:
        packages[name] = old[name]
    python = recorded.python if "python" in names else current.python
    return replace(current, python=python, packages=tuple(packages.values()))
