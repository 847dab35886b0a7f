"""What a sweep goes through: values of parameters as people write them, and the points that they make."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mm_jupyter.errors import BadInput
from mm_jupyter.records import Scalar

MOST = 100_000
"""Points of one sweep: more is a slip of the pen."""

Point = dict[str, Scalar]


@dataclass(frozen=True, slots=True)
class Listed:
    """Values one by one."""

    values: tuple[Scalar, ...]

    def draw(self, chance: random.Random) -> Scalar:
        return chance.choice(self.values)


@dataclass(frozen=True, slots=True)
class Between:
    """Any number from ``low`` to ``high``; ``log``: equally often in each order of magnitude."""

    low: float
    high: float
    log: bool

    def draw(self, chance: random.Random) -> Scalar:
        if self.log:
            return math.exp(chance.uniform(math.log(self.low), math.log(self.high)))
        return chance.uniform(self.low, self.high)


Values = Listed | Between


def parse_values(name: str, text: str) -> Values:
    """Read ``0.1,0.01``, ``2:10`` (whole numbers, both ends included), ``2:10:2`` (by steps), ``0.001:1`` or
    ``0.001:1:log`` (to draw from).

    Raises:
        BadInput: what is wrong with it.
    """
    parts = text.split(":")
    if len(parts) in (2, 3) and all(_number(part) is not None for part in parts[:2]):
        return _range(name, text, parts)
    return Listed(tuple(value(part) for part in text.split(",")))


def _range(name: str, text: str, parts: Sequence[str]) -> Values:
    low, high = _number(parts[0]), _number(parts[1])
    assert low is not None
    assert high is not None
    if not (math.isfinite(low) and math.isfinite(high)) or low > high:
        raise BadInput(f"{name}: {text} goes from a smaller number to a larger one.")
    third = parts[2] if len(parts) == 3 else None
    if third == "log":
        if low <= 0:
            raise BadInput(f"{name}: {text} has orders of magnitude only above 0.")
        return Between(low, high, True)
    if third is None and not (isinstance(low, int) and isinstance(high, int)):
        return Between(low, high, False)
    step = 1 if third is None else _number(third)
    if step is None or not step > 0:
        raise BadInput(f"{name}: the step of {text} is a number above 0, or 'log'.")
    count = math.floor((high - low) / step + 1e-9) + 1
    if count > MOST:
        raise BadInput(f"{name}: {text} are {count:,} values; {MOST:,} are the most.")
    whole = isinstance(low, int) and isinstance(step, int)
    # Rounded: the third step of 0.1 is 0.3 and not 0.30000000000000004.
    return Listed(
        tuple(low + i * step if whole else float(f"{low + i * step:.12g}") for i in range(count))
    )


def value(text: str) -> Scalar:
    """A value as papermill's own ``-p`` reads it: ``True``, ``False``, ``None``, an integer, a float, else text."""
    named: dict[str, Scalar] = {"True": True, "False": False, "None": None}
    stripped = text.strip()
    if stripped in named:
        return named[stripped]
    found = _number(stripped)
    return stripped if found is None else found


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None


def grid(given: Mapping[str, Values]) -> list[Point]:
    """Every combination, the last name moving fastest.

    Raises:
        BadInput: there are too many, or a range has no end of values.
    """
    total = 1
    for name, values in given.items():
        if isinstance(values, Between):
            raise BadInput(
                f"{name}: between {values.low:g} and {values.high:g} lie too many values for a grid: "
                f"give a step ({values.low:g}:{values.high:g}:STEP), or say --random N."
            )
        total *= len(values.values)
        if total > MOST:
            raise BadInput(f"These are more than {MOST:,} points: say --random N to try some.")
    lists = [values.values for values in given.values() if isinstance(values, Listed)]
    return [dict(zip(given, point, strict=True)) for point in itertools.product(*lists)]


def sample(given: Mapping[str, Values], count: int, seed: int) -> list[Point]:
    """``count`` points drawn at random, no two alike where there are so many.

    Raises:
        BadInput: more than ``MOST`` are asked for.
    """
    if not 0 < count <= MOST:
        raise BadInput(f"--random takes a number from 1 to {MOST:,}, not {count:,}.")
    chance = random.Random(seed)
    points: dict[tuple[tuple[str, Scalar], ...], Point] = {}
    for _ in range(20 * count):  # where there are fewer points than that, all of them come up
        point = {name: values.draw(chance) for name, values in given.items()}
        points.setdefault(tuple(point.items()), point)
        if len(points) == count:
            break
    return list(points.values())


def listed(text: str, name: str) -> list[Point]:
    """The points in a file's text: CSV with a line of names, a JSON list of objects, or an object a line.

    ``name`` is how sentences call it.

    Raises:
        BadInput: it holds none, or something else.
    """
    start = text.lstrip()[:1]
    try:
        points = list(_json(text) if start in ("[", "{") else _csv(text))
    except (ValueError, csv.Error) as error:
        raise BadInput(f"{name} holds no points: {error}.") from error
    if not points:
        raise BadInput(f"{name} holds no points.")
    if len(points) > MOST:
        raise BadInput(f"{name} holds {len(points):,} points; {MOST:,} are the most.")
    return points


def _csv(text: str) -> Iterator[Point]:
    rows = csv.DictReader(io.StringIO(text), strict=True)
    for at, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise ValueError(f"line {at} has not as many values as there are names")
        yield {name.strip(): value(cell) for name, cell in row.items()}


def _json(text: str) -> Iterator[Point]:
    whole = (
        json.loads(text)
        if text.lstrip().startswith("[")
        else [json.loads(line) for line in text.splitlines() if line.strip()]
    )
    for at, one in enumerate(whole, 1):
        if not isinstance(one, dict) or not one:
            raise ValueError(f"entry {at} is no object of parameters")
        for name, given in one.items():
            if not isinstance(given, str | int | float | bool | None):
                raise ValueError(f"{name} of entry {at} is no text, number, true, false or null")
        yield one
