"""What people write for a sweep becomes the points that they mean, or one sentence."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm_jupyter.analysis import grids
from mm_jupyter.analysis.grids import Between, Listed
from mm_jupyter.errors import BadInput


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.1,0.01", (0.1, 0.01)),
        ("2:5", (2, 3, 4, 5)),
        ("2:10:4", (2, 6, 10)),
        ("2:9:4", (2, 6)),
        ("0:0.3:0.1", (0.0, 0.1, 0.2, 0.3)),
        ("5:5", (5,)),
        ("-2:0", (-2, -1, 0)),
        ("relu, tanh", ("relu", "tanh")),
        ("True,False,None", (True, False, None)),
        ("a:b", ("a:b",)),
        ("data/2026.csv", ("data/2026.csv",)),
        ("", ("",)),
        ("12:30:45:1", ("12:30:45:1",)),
    ],
)
def test_values_are_read_as_written(text: str, values: tuple[object, ...]) -> None:
    found = grids.parse_values("p", text)
    assert isinstance(found, Listed)
    assert found.values == values
    assert [type(one) for one in found.values] == [type(one) for one in values]


def test_ranges_of_real_numbers_are_to_draw_from() -> None:
    assert grids.parse_values("p", "0.1:0.5") == Between(0.1, 0.5, False)
    assert grids.parse_values("p", "1:100:log") == Between(1, 100, True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("5:2", "from a smaller number to a larger"),
        ("0:1:log", "only above 0"),
        ("0:1:x", "a number above 0, or 'log'"),
        ("0:1:0", "a number above 0, or 'log'"),
        ("0:1:-1", "a number above 0, or 'log'"),
        ("nan:1", "from a smaller"),
        ("0:inf", "from a smaller"),
        ("0:1e9:1", "100,000 are the most"),
    ],
)
def test_a_range_that_is_none_is_said(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        grids.parse_values("p", text)


def test_a_grid_is_every_combination_the_last_moving_fastest() -> None:
    assert grids.grid({"a": Listed((1, 2)), "b": Listed(("x", "y"))}) == [
        {"a": 1, "b": "x"},
        {"a": 1, "b": "y"},
        {"a": 2, "b": "x"},
        {"a": 2, "b": "y"},
    ]


def test_a_grid_has_an_end() -> None:
    with pytest.raises(BadInput, match="too many values for a grid"):
        grids.grid({"a": Between(0, 1, False)})
    many = Listed(tuple(range(1000)))
    with pytest.raises(BadInput, match="more than 100,000 points"):
        grids.grid({"a": many, "b": many})


def test_a_sample_lies_within_and_comes_again_by_its_seed() -> None:
    given_ = {"lr": Between(0.001, 1, True), "w": Between(-1, 1, False), "n": Listed((1, 2, 3))}
    points = grids.sample(given_, 50, 7)
    assert len(points) == 50
    assert all(0.001 <= one["lr"] <= 1 and -1 <= one["w"] <= 1 for one in points)  # type: ignore[operator]
    assert {one["n"] for one in points} == {1, 2, 3}
    assert sum(one["lr"] < 0.03 for one in points) > 15  # type: ignore[operator]  # half of them, by orders of magnitude
    assert points == grids.sample(given_, 50, 7)
    assert points != grids.sample(given_, 50, 8)


def test_a_sample_of_few_values_has_each_once() -> None:
    points = grids.sample({"n": Listed((1, 2, 3))}, 10, 0)
    assert sorted(one["n"] for one in points) == [1, 2, 3]  # type: ignore[type-var]
    for wrong in (0, -1, 100_001):
        with pytest.raises(BadInput, match="--random takes a number"):
            grids.sample({"n": Listed((1,))}, wrong, 0)


@pytest.mark.parametrize(
    "text",
    [
        "lr,n\n0.1,2\n0.2,3\n",
        "lr,n\r\n0.1,2\r\n0.2,3",
        '[{"lr": 0.1, "n": 2}, {"lr": 0.2, "n": 3}]',
        '{"lr": 0.1, "n": 2}\n\n{"lr": 0.2, "n": 3}\n',
    ],
)
def test_points_of_a_file(text: str) -> None:
    assert grids.listed(text, "points") == [{"lr": 0.1, "n": 2}, {"lr": 0.2, "n": 3}]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no points"),
        ("lr,n\n", "holds no points"),
        ("lr,n\n0.1\n", "line 2 has not as many values"),
        ("lr\n0.1,0.2\n", "line 2 has not as many values"),
        ("[1, 2]", "entry 1 is no object"),
        ('[{"a": [1]}]', "a of entry 1 is no text"),
        ('[{"a": 1}', "holds no points"),
        ("{}", "entry 1 is no object"),
    ],
)
def test_a_file_without_points_is_said(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        grids.listed(text, "points.csv")


@given(st.text(max_size=40))
def test_any_text_is_values_or_a_sentence(text: str) -> None:
    try:
        found = grids.parse_values("p", text)
    except BadInput as error:
        assert str(error).startswith("p: ")  # noqa: PT017
    else:
        assert isinstance(found, Listed | Between)


@given(st.text(max_size=60))
def test_any_file_is_points_or_a_sentence(text: str) -> None:
    try:
        points = grids.listed(text, "f")
    except BadInput as error:
        assert str(error).startswith("f holds ")  # noqa: PT017
    else:
        assert json.dumps(points)
