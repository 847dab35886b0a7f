"""papermill, one notebook after another."""

from __future__ import annotations

from pathlib import Path

IMPORT = "import papermill"
_paths: list[Path] = []


def prepare_notebooks(paths: list[Path]) -> None:
    import papermill

    _paths.extend(paths)
    papermill.execute_notebook(str(paths[0]), None, progress_bar=False)


def execute_notebooks() -> None:
    import papermill

    for path in _paths:
        papermill.execute_notebook(str(path), None, progress_bar=False)
