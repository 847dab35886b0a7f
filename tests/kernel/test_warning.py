"""Nothing of ours breaks a cell, and what fails is said once."""

from __future__ import annotations

import io
import sys

import pytest

from mm_jupyter.errors import StoreLocked
from mm_jupyter.kernel.warning import guarded, say_once, short


def test_one_cause_is_said_once_whatever_it_breaks(
    said: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    say_once("This cell was not recorded", "the disk is full")
    say_once("churn is not being tracked", "the disk is full")
    say_once("This cell was not recorded", "KeyError: 'x'")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "mm_jupyter: This cell was not recorded: the disk is full",
        "mm_jupyter: This cell was not recorded: KeyError: 'x'",
    ]


def test_a_hook_that_fails_is_said_and_the_cell_goes_on(
    said: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[int] = []

    @guarded("This cell")
    def hook(value: int) -> None:
        seen.append(value)
        raise StoreLocked("/data/.mm", 30)

    hook(1)
    hook(2)
    assert seen == [1, 2]
    assert capsys.readouterr().err == (
        "mm_jupyter: This cell was not recorded: "
        "The store /data/.mm was locked by another process for more than 30 s.\n"
    )


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_the_users(said: set[str], kind: type[BaseException]) -> None:
    @guarded("This cell")
    def hook() -> None:
        raise kind

    with pytest.raises(kind):
        hook()


def test_a_closed_stream_is_no_trouble(said: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    say_once("a", "b")


class _Silent(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("two\n  lines"), "ValueError: two lines"),
        (ValueError(), "ValueError"),
        (_Silent(), "_Silent"),
        (OSError(28, "No space left on device"), "OSError: [Errno 28] No space left on device"),
        (ValueError("x" * 999), "ValueError: " + "x" * 288),
    ],
)
def test_an_error_is_one_short_line(error: Exception, text: str) -> None:
    assert short(error) == text
