"""A user's regular expression, with a limit to the time that it may take.

``re`` cannot be stopped once it runs, so it runs in a process of its own, which can.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

from mm_jupyter.errors import MmError

SECONDS = 5.0
"""For both texts of one item, the start of the process (20 ms) included."""
_PROGRAM = """
import json, re, sys
pattern, texts = json.load(sys.stdin)
print(json.dumps([re.sub(pattern, "", text) for text in texts]), flush=True)
"""


class TooSlow(MmError):
    """A pattern took longer than it may."""

    code = "slow-pattern"


def without(pattern: str, texts: Sequence[str], seconds: float = SECONDS) -> list[str]:
    """The texts without what the pattern matches.

    Raises:
        TooSlow: it took longer than ``seconds``.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _PROGRAM],
            input=json.dumps([pattern, list(texts)]),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise TooSlow(f"its pattern took longer than {seconds:g} s") from error
    except subprocess.CalledProcessError as error:
        raise TooSlow("its pattern could not be run to its end") from error
    found: list[str] = json.loads(done.stdout)
    return found
