"""What a person who looks through a history gets."""

from __future__ import annotations

from mm_jupyter.api.history import sampled
from mm_jupyter.records import SeriesChunk


def test_a_sampled_series_keeps_its_ends_and_every_spike() -> None:
    values = [0.0] * 10_000
    values[4321], values[8765] = 9.0, -9.0
    steps = tuple(range(10_000))
    found = sampled(
        SeriesChunk(name="loss", steps=steps, values=tuple(values), times=tuple(values)), 200
    )
    assert len(found.steps) <= 202
    assert (found.steps[0], found.steps[-1]) == (0, 9999)
    points = dict(zip(found.steps, found.values, strict=True))
    assert (points[4321], points[8765]) == (9.0, -9.0)
