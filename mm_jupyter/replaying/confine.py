"""A process that can write nowhere but in its scratch directory, and reaches no network: Linux namespaces.

Its children inherit all of it. What stays open: the unix sockets of services that listen outside, signals to
processes of the same user, and whatever was opened before.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CONFINED = str(Path(__file__).with_name("confined.py"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What a confined process may still do: write below ``writable`` (absolute, existing), use the network or not."""

    writable: tuple[str, ...]
    network: bool = False

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command line that runs ``argv`` confined."""
        writes = [part for path in self.writable for part in ("--write", path)]
        network = ["--network"] if self.network else []
        return [sys.executable, "-I", "-S", CONFINED, *writes, *network, "--", *argv]


@cache
def can_confine() -> bool:
    """Whether this machine lets this user confine a process: tried once, in a child."""
    if sys.platform != "linux":
        return False
    probe = "import os, sys; sys.exit(not os.statvfs('/').f_flag & os.ST_RDONLY)"
    with tempfile.TemporaryDirectory(prefix="mm-") as scratch:
        command = Confinement(writable=(scratch,)).command(
            [sys.executable, "-I", "-S", "-c", probe]
        )
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
    return done.returncode == 0
