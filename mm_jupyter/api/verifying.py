"""Judging what was never tracked: notebooks, by the outputs that they were saved with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mm_jupyter.analysis.comparing import user_rules
from mm_jupyter.api.notebooks import interpreter_of, read_notebook
from mm_jupyter.api.replays import allowed
from mm_jupyter.configuration import configured
from mm_jupyter.errors import BadInput
from mm_jupyter.records import NotebookJudgement
from mm_jupyter.replaying import environments
from mm_jupyter.replaying.notebooks import Asked
from mm_jupyter.replaying.notebooks import verify_notebook as judged
from mm_jupyter.workspace import project_root


@dataclass(frozen=True, slots=True)
class VerifyProgress:
    """Where it is: ``cell`` of ``cells`` of a notebook have ended in this ``phase``."""

    notebook: str
    phase: str
    cell: int
    cells: int


def verify_notebook(
    path: str | Path,
    *,
    allow: Sequence[str] = (),
    timeout: float | None = None,
    environment: str = "current",
    progress: Callable[[VerifyProgress], None] | None = None,
) -> NotebookJudgement:
    """Execute a notebook in a fresh kernel and judge each cell by its saved output.

    ``mm.verify_notebook("eda.ipynb")``: a copy of its project is executed, from top to bottom; the notebook and its
    files stay as they are, and nothing is recorded.

    Args:
        allow: ``network``, ``process``, or paths outside the copy that may be written.
        timeout: seconds for one execution; none by default.
        environment: ``current`` (the notebook's kernel), or the path of another interpreter that has ipykernel.
        progress: told after every cell.

    Raises:
        BadNotebook: it cannot be read, holds no code, or its kernel is not there or speaks no Python.
        BadInput: its project holds more than a replay may lay out, or a noise rule is none.
        CannotRebuild: ``environment`` is no interpreter that has ipykernel.
    """
    source = Path(path).absolute()
    notebook = read_notebook(source)
    root = project_root(source)
    if environment == "recorded":
        raise BadInput(
            "A notebook has no recorded environment: name an interpreter, or leave it out."
        )
    python = (
        interpreter_of(source, notebook)
        if environment == "current"
        else (str(environments.named(environment)),)
    )
    asked = Asked(
        path=source,
        name=str(source.relative_to(Path.cwd()))
        if source.is_relative_to(Path.cwd())
        else str(path),
        root=root,
        notebook=notebook,
        python=python,
        allow=frozenset(allowed(one) for one in allow),
        timeout=timeout,
        rules=user_rules(configured(root).noise, "pyproject.toml"),
        own_rules={
            place: user_rules(
                cell.metadata["mm_jupyter"]["noise"], f"The metadata of cell {place + 1}"
            )
            for place, cell in enumerate(notebook.cells)
            if "noise" in cell.metadata.get("mm_jupyter", {})
        },
    )

    def tell(phase: str, cell: int, cells: int) -> None:
        if progress is not None:
            progress(VerifyProgress(asked.name, phase, cell, cells))

    return judged(asked, tell)


def notebooks_in(paths: Iterable[Path]) -> list[Path]:
    """The notebooks among ``paths`` and, of folders, those below them, in order of their names; no checkpoints.

    Raises:
        BadInput: a folder holds none.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        below = [
            one
            for one in sorted(path.rglob("*.ipynb"))
            if not any(part.startswith(".") for part in one.relative_to(path).parts)
        ]
        if not below:
            raise BadInput(f"There is no notebook in {path}.")
        found += below
    return list(dict.fromkeys(found))
