"""Two texts -> how equal they are: rules for noise first, numbers within tolerance second."""

from __future__ import annotations

import re

from mm_jupyter.analysis.comparing.matching import SAME, Match, Tolerance
from mm_jupyter.analysis.comparing.noise import without_noise

_NUMBER = re.compile(
    r"(?<![\w.])[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?(?![\w.]*\w)|\b(?:nan|inf)\b"
)
_WARNING = re.compile(r"^[^\n]*\.py(?::\d+)?: \w*Warning: [^\n]*\n?(?:  [^\n]*\n?)?", re.MULTILINE)
"""A warning as Python shows it, with the line of source below it. Each is shown once in the life of a process, or
again when something has changed the filters: whether a cell shows it depends on all that ran before."""
WARNINGS = "warnings shown once"
_SHOWN = 60


def match_texts(recorded: str, replayed: str, tolerance: Tolerance) -> Match:
    """Compare two texts.

    Identical: equal, rules of ours aside. Equivalent: equal but for numbers with a point or an exponent, and those are
    close; white space may then differ, because a printed number changes the width of its column.
    """
    if recorded == replayed:
        return SAME
    left, right, used = without_noise(recorded, replayed)
    rule = ", ".join(used) or None
    if left == right:
        return Match("identical", rule)
    if "Warning: " in left + right and _WARNING.sub("", left) == _WARNING.sub("", right):
        return Match("equivalent", WARNINGS, _first_difference(left, right))
    numbers = _numbers(left, right, tolerance)
    if numbers is None:
        return Match("diverged", None, _first_difference(left, right))
    differing, total, close, largest = numbers
    why = f"{differing:,} of {total:,} numbers differ, by {largest:.3g} at most"
    return Match("equivalent" if close else "diverged", rule if close else None, why)


def _numbers(left: str, right: str, tolerance: Tolerance) -> tuple[int, int, bool, float] | None:
    """How many numbers differ, of how many, whether all are close, the largest difference; None: words differ."""
    if [part.split() for part in _NUMBER.split(left)] != [
        part.split() for part in _NUMBER.split(right)
    ]:
        return None
    mine, theirs = _NUMBER.findall(left), _NUMBER.findall(right)
    if mine == theirs:
        return None  # white space alone differs
    differing, close, largest = 0, True, 0.0
    for one, other in zip(mine, theirs, strict=True):
        if one == other:
            continue
        differing += 1
        largest = max(largest, abs(float(one) - float(other)))
        close = (
            close
            and _is_float(one)
            and _is_float(other)
            and tolerance.close(float(one), float(other))
        )
    return differing, len(mine), close, largest


def _is_float(text: str) -> bool:
    return any(mark in text for mark in ".eEn")


def _first_difference(left: str, right: str) -> str:
    mine, theirs = left.split("\n"), right.split("\n")
    for number, (one, other) in enumerate(zip(mine, theirs, strict=False), 1):
        if one != other:
            return f"line {number}: {_around(one, other)}"
    if len(mine) != len(theirs):
        return f"{len(mine):,} lines, then {len(theirs):,}"
    return "the texts differ"


def _around(one: str, other: str) -> str:
    """Both lines from shortly before their first difference."""
    start = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    start = max(0, min(start - 20, max(len(one), len(other)) - _SHOWN))
    return f"{_cut(one, start)!r}, then {_cut(other, start)!r}"


def _cut(line: str, start: int) -> str:
    piece = line[start : start + _SHOWN].strip()
    return f"{'...' if start else ''}{piece}{'...' if len(line) > start + _SHOWN else ''}"
