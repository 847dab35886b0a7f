"""Nothing of ours may break a cell: what fails while recording is said once, in one sentence."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec

P = ParamSpec("P")

_said: set[str] = set()


def say_once(what: str, why: str) -> None:
    """Write one warning to the cell's standard error: ``what`` happened, and ``why``.

    The same ``why`` is said only once in this process, whatever else it then breaks: a store that is gone is met by
    every hook.
    """
    if why in _said:
        return
    _said.add(why)
    try:
        sys.stderr.write(f"mm_jupyter: {what}: {why}\n")
    except (OSError, ValueError):  # no stream left to say it on
        return


def guarded(what: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a hook that may fail: the cell goes on, and one warning says that ``what`` was not recorded, and why."""

    def decorate(hook: Callable[P, None]) -> Callable[P, None]:
        @functools.wraps(hook)
        def guard(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                hook(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is ours: the cell must not stop for it
                say_once(f"{what} was not recorded", short(error))

        return guard

    return decorate


def short(error: BaseException) -> str:
    """An exception as one line of at most 300 characters, also where its own text raises."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - a user's exception class whose __str__ raises
        text = ""
    name = type(error).__name__
    if getattr(error, "code", None) and text:  # one of ours is a sentence already
        return text[:300]
    return f"{name}: {text}"[:300] if text else name
