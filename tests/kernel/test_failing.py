"""An exception is kept as the user saw it."""

from __future__ import annotations

import pytest

from mm_jupyter.analysis.secrets import Redactor
from mm_jupyter.kernel.failing import MAX_MESSAGE, MAX_TRACEBACK, failure_of
from mm_jupyter.records import Failure

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


class _Silent(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def _raised(error: BaseException, redactor: Redactor) -> Failure:
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001 - an interrupt is one, too
        return failure_of(caught, redactor.text)


def test_it_has_its_class_message_and_place(redactor: Redactor) -> None:
    failure = _raised(ValueError("too few\nrows"), redactor)
    assert (failure.name, failure.message) == ("ValueError", "too few\nrows")
    assert "in _raised" in failure.traceback
    assert failure.traceback.endswith("ValueError: too few\nrows\n")


def test_its_cause_is_told(redactor: Redactor) -> None:
    error = ValueError("second")
    error.__cause__ = KeyError("first")
    assert "KeyError: 'first'" in _raised(error, redactor).traceback


def test_secrets_are_redacted(redactor: Redactor) -> None:
    failure = _raised(ValueError(f"bad {TOKEN}"), redactor)
    assert TOKEN not in failure.message + failure.traceback
    assert "<redacted:" in failure.message


def test_one_whose_text_raises_keeps_its_class(redactor: Redactor) -> None:
    assert _raised(_Silent(), redactor).name == "_Silent"


def test_what_is_long_is_cut(redactor: Redactor) -> None:
    failure = _raised(ValueError("x " * MAX_TRACEBACK), redactor)
    assert len(failure.message) == MAX_MESSAGE
    assert len(failure.traceback) == MAX_TRACEBACK


def test_one_that_was_never_raised_has_no_place(redactor: Redactor) -> None:
    assert failure_of(KeyError("x"), redactor.text).traceback == "KeyError: 'x'\n"


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_one_too(kind: type[BaseException], redactor: Redactor) -> None:
    assert _raised(kind(), redactor).name == kind.__name__
