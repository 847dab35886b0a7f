"""Calls whose answer is another one every time: of the clock, of secret randomness, of the process."""

from __future__ import annotations

import ast

CLOCK = frozenset(
    """
    time.time time.time_ns time.perf_counter time.perf_counter_ns time.monotonic time.monotonic_ns time.process_time
    time.process_time_ns time.thread_time time.localtime time.gmtime time.ctime time.asctime time.strftime
    datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today datetime.date.today timeit.default_timer
    timeit.timeit timeit.repeat pandas.Timestamp.now pandas.Timestamp.today pandas.Timestamp.utcnow uuid.uuid1
    """.split()
)
SECRET = frozenset(("os.urandom", "random.SystemRandom", "uuid.getnode"))
PROCESS = frozenset(("os.getpid", "os.getppid", "threading.get_ident", "threading.get_native_id"))
_TEXTS = {"numpy.datetime64": ("now", "today"), "pandas.to_datetime": ("now", "today")}

CLOCK_READ = "it read the clock"
"""How a reason begins that has to do with the time of day."""


def asks(path: str, call: ast.Call) -> str | None:
    """Why the value of a call is another one every time, as the end of a sentence; None: it is not known to be."""
    if path in CLOCK:
        return f"{CLOCK_READ} ({path})"
    if path in SECRET or path.startswith("secrets."):
        return f"it drew secret random bytes ({path})"
    if path in PROCESS:
        return f"it asked for a number of its process ({path})"
    words = _TEXTS.get(path, ())
    if words and any(isinstance(a, ast.Constant) and a.value in words for a in call.args):
        return f"{CLOCK_READ} ({path})"
    return None
