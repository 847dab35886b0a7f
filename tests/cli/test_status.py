"""Exit statuses are a promise to scripts."""

from __future__ import annotations

import pytest

from mm_jupyter import errors
from mm_jupyter.cli import status


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([], 0),
        (["identical"], 0),
        (["identical", "equivalent"], 0),
        (["identical", "unstable"], 1),
        (["diverged"], 1),
        (["diverged", "failed"], 2),
        (["failed", "unverifiable", "identical"], 3),
    ],
)
def test_the_worst_of_several_verdicts_decides(verdicts, code: int) -> None:
    assert status.of_verdicts(verdicts) == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.BadOption("no"), 64),
        (errors.BadQuery("no", "x", 0), 64),
        (errors.NoSuchRun("a/1", ()), 64),
        (errors.NoWorkspace("here"), 64),
        (errors.CannotReplay("a/1", "no"), 3),
        (errors.StoreReadOnly("s", "no"), 74),
    ],
)
def test_an_error_has_a_status(error: errors.MmError, code: int) -> None:
    assert status.of_error(error) == code
