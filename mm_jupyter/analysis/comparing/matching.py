"""How equal two things are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from mm_jupyter.records import Verdict

RTOL = 1e-10
"""Relative tolerance, ten digits. One more than ``math.isclose`` (PEP 485) asks: at nine, two readings of the clock in
seconds since the epoch would be equivalent."""
ATOL = 1e-12
"""Absolute tolerance, for what is left of a cancellation: numbers of order 1 carry 16 digits."""
CHANNEL = 2
"""Steps of 255 by which a channel of a pixel may differ within tolerance: the rounding of antialiased edges."""

Likeness = Literal["identical", "equivalent", "diverged"]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Numbers are close when they differ by at most ``max(rtol * the larger, atol)``."""

    rtol: float = RTOL
    atol: float = ATOL

    def close(self, left: float, right: float) -> bool:
        if left == right or (left != left and right != right):
            return True
        return math.isclose(left, right, rel_tol=self.rtol, abs_tol=self.atol)

    def __str__(self) -> str:
        return f"{self.rtol:g}"


@dataclass(frozen=True, slots=True)
class Match:
    """``rule`` names what had to be ignored, ``why`` says what differs."""

    likeness: Likeness
    rule: str | None = None
    why: str | None = None


SAME = Match("identical")
ORDER: tuple[Verdict, ...] = ("identical", "equivalent", "unstable", "diverged", "failed")


def worst(verdicts: list[Verdict]) -> Verdict:
    """The worst of some verdicts in the order of the words.

    Raises:
        ValueError: there are none.
    """
    return max(verdicts, key=ORDER.index)
