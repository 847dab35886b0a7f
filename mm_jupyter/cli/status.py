"""Exit statuses: a promise to scripts."""

from __future__ import annotations

from collections.abc import Iterable

from mm_jupyter.errors import BadInput, CannotReplay, MmError, NotFound
from mm_jupyter.records import Verdict

FINE = 0
DIVERGED = 1
FAILED = 2
UNVERIFIABLE = 3
BAD_USAGE = 64
FAULTY = 70
"""A fault of ours (EX_SOFTWARE)."""
STORE = 74
"""The store could not be read or written, or may not be trusted (EX_IOERR)."""
INTERRUPTED = 130

_VERDICTS: dict[Verdict, int] = {
    "identical": FINE,
    "equivalent": FINE,
    "diverged": DIVERGED,
    "unstable": DIVERGED,
    "failed": FAILED,
    "unverifiable": UNVERIFIABLE,
}


def of_verdicts(verdicts: Iterable[Verdict]) -> int:
    """The worst of several; 0 for none."""
    return max((_VERDICTS[verdict] for verdict in verdicts), default=FINE)


def of_error(error: MmError) -> int:
    """64 for what the user can put right on the command line, 3 for a run that cannot be replayed, 74 for the rest."""
    if isinstance(error, (BadInput, NotFound)):
        return BAD_USAGE
    return UNVERIFIABLE if isinstance(error, CannotReplay) else STORE
