"""``pytest --mm-verify notebooks/``: each notebook is a test that fails where it does not give its saved outputs.

pytest loads this in every project of an environment that has us: nothing of ours is imported before it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mm_jupyter.records import NotebookJudgement

_GOOD = ("identical", "equivalent")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mm_jupyter", "notebooks judged by their saved outputs")
    group.addoption(
        "--mm-verify",
        action="store_true",
        help="Execute each notebook that is collected and compare every cell with its saved output.",
    )
    group.addoption(
        "--mm-allow",
        action="append",
        default=[],
        metavar="WHAT",
        help="What the notebooks may do: network, process, or a path that may be written.",
    )
    group.addoption(
        "--mm-timeout", type=float, metavar="SECONDS", help="For each execution of a notebook."
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix != ".ipynb" or not parent.config.getoption("--mm-verify"):
        return None
    if ".ipynb_checkpoints" in file_path.parts:
        return None
    made: pytest.Collector = NotebookFile.from_parent(parent, path=file_path)
    return made


class NotebookFile(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        yield NotebookTest.from_parent(self, name="outputs")


class NotebookTest(pytest.Item):
    """One notebook. One without outputs is skipped: there is nothing to compare with."""

    def runtest(self) -> None:
        from mm_jupyter.api.verifying import verify_notebook

        judged = verify_notebook(
            self.path,
            allow=self.config.getoption("--mm-allow"),
            timeout=self.config.getoption("--mm-timeout"),
        )
        if judged.verdict == "unverifiable":
            pytest.skip(judged.said)
        if judged.verdict not in _GOOD:
            raise OtherOutputs(judged)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any) -> Any:
        """Our errors are sentences, and a verdict is its card."""
        from mm_jupyter.errors import MmError

        if isinstance(excinfo.value, (OtherOutputs, MmError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self.path.name}: saved outputs"


class OtherOutputs(AssertionError):
    """A notebook did not give what it was saved with."""

    def __init__(self, judged: NotebookJudgement) -> None:
        from mm_jupyter.cards import notebook_card

        super().__init__(notebook_card(judged).text)
