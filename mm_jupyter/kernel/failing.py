"""An exception of the user's, as a run keeps it."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from mm_jupyter.records import Failure

MAX_MESSAGE = 10_000
MAX_TRACEBACK = 100_000
_SHELL_FILES = ("IPython/core/interactiveshell.py", "IPython\\core\\interactiveshell.py")


def failure_of(error: BaseException, redact: Callable[[str], str]) -> Failure:
    """Its class, message and traceback, secrets redacted, without the frames of the shell that ran the cell.

    Texts are empty where the exception's own ``__str__`` raises, and cut at ``MAX_MESSAGE`` and ``MAX_TRACEBACK``
    characters. The message of a syntax error goes without the cell's number and line: its traceback has them.
    """
    where = error.__traceback__
    while where is not None and where.tb_frame.f_code.co_filename.endswith(_SHELL_FILES):
        where = where.tb_next
    try:
        shown = "".join(traceback.format_exception(type(error), error, where))
        message = str(error.msg) if isinstance(error, SyntaxError) else str(error)
    except Exception:  # noqa: BLE001 - an exception class of the user's whose __str__ raises
        shown = message = ""
    return Failure(
        name=type(error).__name__,
        message=redact(message)[:MAX_MESSAGE],
        traceback=redact(shown)[-MAX_TRACEBACK:],
    )
