"""Identifiers, states and the name of a run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NewType

from mm_jupyter.errors import BadName, BadRunName

SessionId = NewType("SessionId", str)
RunId = NewType("RunId", int)
BlobDigest = NewType("BlobDigest", str)
"""Address of bytes in a sink, with its algorithm: ``blake3:...`` in a store, ``blake2b:...`` in a bundle."""
ContentDigest = NewType("ContentDigest", str)
"""Digest of a value or a file that any environment can derive again: ``blake2b:<32 hex digits>``."""

Scalar = str | int | float | bool | None

RunKind = Literal["cell", "notebook", "script"]
RunStatus = Literal["running", "completed", "failed", "interrupted", "crashed"]
SliceName = Literal["optimistic", "conservative", "whole", "minimal"]
Verdict = Literal["identical", "equivalent", "unstable", "diverged", "failed", "unverifiable"]

MAX_NAME = 100
_EXPERIMENT = re.compile(r"[^\W_][\w.\-]*")
_RUN = re.compile(r"(.+)/([1-9][0-9]{0,8})")


def experiment_name(text: str) -> str:
    """Return ``text`` if it may name an experiment.

    A name has 1 to 100 characters: letters and digits of any script, ``_``, ``-`` and ``.``; it starts with a letter
    or a digit. So it is never a path, markup or an option.

    Raises:
        BadName: says what is wrong with it.
    """
    if len(text) > MAX_NAME:
        raise BadName(text[:40] + "...", f"it has {len(text):,} characters, {MAX_NAME} are allowed")
    if not text:
        raise BadName(text, "it is empty")
    if not _EXPERIMENT.fullmatch(text):
        raise BadName(
            text, "use letters, digits, '_', '-' and '.', and start with a letter or a digit"
        )
    return text


@dataclass(frozen=True, slots=True, order=True)
class RunRef:
    """The name of a run: ``churn/7`` is version 7 of the experiment ``churn``."""

    experiment: str
    version: int

    def __str__(self) -> str:
        return f"{self.experiment}/{self.version}"

    @classmethod
    def parse(cls, text: str) -> RunRef:
        """Read ``churn/7``.

        Raises:
            BadRunName: the text is no run name.
        """
        match = _RUN.fullmatch(text.strip())
        if match is None:
            raise BadRunName(text[:120])
        try:
            return cls(experiment_name(match[1]), int(match[2]))
        except BadName as error:
            raise BadRunName(text[:120]) from error
