"""A replay's clock that stands: ``time``, ``datetime`` and pandas tell when the recorded cell started.

Clocks that only measure (``perf_counter``, ``monotonic``, ``process_time``) go on, so that nothing waits for ever.
``numpy.datetime64("now")`` reads the real clock: its type cannot be told otherwise.
"""

from __future__ import annotations

import ctypes
import datetime as dates
import functools
import gc
import time
from collections.abc import Callable
from typing import Any

_now: list[float] = []
"""Seconds since the epoch that every clock shows; empty: the real ones do."""


def stand_at(seconds: float) -> None:
    """Let every clock show this time (seconds since the epoch) from now on."""
    if not _now:
        _install()
    _now[:] = [seconds]


def _install() -> None:
    time.time = lambda: _now[0]
    time.time_ns = lambda: round(_now[0] * 1e6) * 1000
    for name in ("localtime", "gmtime", "ctime"):
        setattr(time, name, _of_now(getattr(time, name)))
    real_strftime, real_asctime = time.strftime, time.asctime
    time.strftime = lambda form, *given: real_strftime(form, *(given or (time.localtime(),)))
    time.asctime = lambda *given: real_asctime(*(given or (time.localtime(),)))
    # The class itself is told, not replaced: what is made of it, pickled and compared is as ever. ``today()`` asks
    # ``time.time``, and pandas asks ``datetime``.
    _teach(dates.datetime, "now", lambda cls, tz=None: cls.fromtimestamp(_now[0], tz))
    _teach(
        dates.datetime,
        "utcnow",
        lambda cls: cls.fromtimestamp(_now[0], dates.UTC).replace(tzinfo=None),
    )


def _of_now(real: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(real)
    def told(seconds: float | None = None) -> Any:
        return real(_now[0] if seconds is None else seconds)

    return told


def _teach(cls: type, name: str, method: Callable[..., Any]) -> None:
    """Give a class of C another class method; Python itself refuses to (CPython alone keeps the dict so)."""
    (names,) = gc.get_referents(cls.__dict__)
    names[name] = classmethod(method)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(cls))
