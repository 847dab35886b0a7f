"""Nothing that differs is called identical, and nothing that is equal is called different."""

from __future__ import annotations

import copy
import dataclasses
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate

from mm_jupyter.analysis.comparing import Side, UserRule, compare
from mm_jupyter.records import Item, Output

from .sides import side

X = np.random.default_rng(0).normal(size=(80, 4))
Y = (X[:, 0] > 0).astype(int)


def only(recorded: Side, replayed: Side, **options: Any) -> Item:
    """The one item of a comparison in which everything was compared."""
    found = compare(recorded, replayed, **options)
    assert found.not_compared == ()
    (item,) = found.items
    return item


def values(one: object, other: object, **options: Any) -> Item:
    return only(side(values={"x": one}), side(values={"x": other}), **options)


def outputs(one: list[Any], other: list[Any], **options: Any) -> Item:
    return only(side(outputs=one), side(outputs=other), **options)


# -- numbers and names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        (0.931, 0.931, "identical"),
        (float("nan"), float("nan"), "identical"),
        (float("inf"), float("inf"), "identical"),
        (0.931, 0.931 * (1 + 1e-12), "equivalent"),
        (0.0, -0.0, "equivalent"),
        (1e-16, 3e-15, "equivalent"),
        (0.931, 0.932, "diverged"),
        (0.931, 0.931 * (1 + 1e-8), "diverged"),
        (0.931, float("nan"), "diverged"),
        (float("inf"), float("-inf"), "diverged"),
        (0.931, None, "diverged"),
        (None, 0.931, "diverged"),
    ],
)
def test_metrics(one: float | None, other: float | None, verdict: str) -> None:
    sides = [side(metrics={} if number is None else {"a": number}) for number in (one, other)]
    item = only(*sides)
    assert (item.kind, item.name, item.verdict) == ("metric", "a", verdict)
    assert item.recorded == (None if one is None else repr(one))
    assert item.replayed == (None if other is None else repr(other))


def test_a_metric_that_a_clock_measured_proves_nothing_and_is_named() -> None:
    found = compare(side(metrics={"fit_time": 0.1}), side(metrics={"fit_time": 0.2}))
    assert found.items == ()
    assert [(note.kind, note.name) for note in found.not_compared] == [("metric", "fit_time")]


def test_a_bound_text_is_compared_also_where_it_looks_like_an_address() -> None:
    texts = [side(values={"checksum": text}) for text in ("0x7f8abd50ca40", "0x7f8abd50ca41")]
    assert only(*texts).verdict == "diverged"


@pytest.mark.parametrize("other", [2, 1.0, True, "1", None])
def test_params_are_exact(other: Any) -> None:
    assert only(side(params={"a": 1}), side(params={"a": 1})).verdict == "identical"
    assert only(side(params={"a": 1}), side(params={"a": other})).verdict == "diverged"


def test_a_param_that_is_the_repr_of_a_function_differs_by_its_name_only() -> None:
    reprs = ["<function f at 0x7f8abd50ca40>", "<function f at 0x7f8abcca9500>"]
    one, other = [side(params={"func": text}) for text in reprs]
    assert (only(one, other).verdict, only(one, other).rule) == ("identical", "addresses")
    another = side(params={"func": "<function g at 0x7f8abcca9500>"})
    assert only(one, another).verdict == "diverged"


@pytest.mark.parametrize(
    ("points", "verdict", "why"),
    [
        ([0.3, 0.2, 0.1], "identical", None),
        ([0.3, 0.2, 0.1 + 2**-46], "equivalent", "1 of 3 differ, by 1.42e-14 at most"),
        ([0.3, 0.2, 0.2], "diverged", "1 of 3 differ, by 0.1 at most"),
        ([0.3, 0.2], "diverged", "3 points, then 2, or other steps"),
    ],
)
def test_series(points: list[float], verdict: str, why: str | None) -> None:
    item = only(side(series={"loss": [0.3, 0.2, 0.1]}), side(series={"loss": points}))
    assert (item.verdict, item.why) == (verdict, why)


def test_a_value_that_a_metric_tells_is_not_told_twice() -> None:
    recorded = side(metrics={"a": 0.5}, values={"a": 0.5})
    assert only(recorded, side(metrics={"a": 0.5}, values={"a": 0.5})).kind == "metric"
    assert only(recorded, side(metrics={"a": 0.6}, values={"a": 0.6})).kind == "metric"
    found = compare(recorded, side(metrics={"a": 0.5}, values={"a": np.float32(0.5)}))
    assert [(item.kind, item.verdict) for item in found.items] == [
        ("metric", "identical"),
        ("value", "diverged"),
    ]


# -- values --------------------------------------------------------------------------------------------------------

FRAME = pd.DataFrame(
    {"price": np.arange(7043.0) / 7, "name": ["a", "b", "c", None, "e"] * 1408 + ["z"] * 3}
)


def changed(change: Callable[[pd.DataFrame], Any]) -> pd.DataFrame:
    frame = FRAME.copy()
    made = change(frame)
    return frame if made is None else made


def few(frame: pd.DataFrame) -> None:
    frame.loc[:411, "price"] += 0.5


@pytest.mark.parametrize(
    ("change", "verdict", "why"),
    [
        (lambda _: None, "identical", None),
        (few, "diverged", "412 of 7,043 differ, by 0.5 at most (['price'])"),
        (
            lambda frame: frame.__setitem__("price", frame["price"] * (1 + 1e-13)),
            "equivalent",
            None,
        ),
        (lambda frame: frame.astype({"price": "float32"}), "diverged", None),
        (lambda frame: frame[::-1], "diverged", None),
        (lambda frame: frame[::-1].reset_index(drop=True), "diverged", None),
        (lambda frame: frame[["name", "price"]], "diverged", None),
        (lambda frame: frame.drop(columns="name"), "diverged", None),
        (lambda frame: frame.assign(more=1), "diverged", None),
        (lambda frame: frame.rename(columns={"name": "Name"}), "diverged", None),
        (lambda frame: frame.loc.__setitem__((3, "name"), ""), "diverged", None),
        (lambda frame: frame.iloc[:-1], "diverged", None),
        (lambda frame: frame.set_index(frame.index + 1), "diverged", None),
    ],
)
def test_frames(change: Callable[[pd.DataFrame], Any], verdict: str, why: str | None) -> None:
    item = values(FRAME, changed(change))
    assert item.verdict == verdict
    if why is not None:
        assert item.why == why
    assert (item.why is None) == (verdict == "identical")


@pytest.mark.parametrize(
    ("one", "other", "verdict", "why"),
    [
        (0.1, 0.1 + 1e-18, "identical", None),
        (1.0, 1.0 + 1e-12, "equivalent", "differs by 1e-12"),
        (1, 2, "diverged", "1, then 2"),
        (1, 1.0, "diverged", "type int, then float"),
        ({"a": 1.5, "b": 2}, {"a": 1.5 + 1e-13, "b": 2}, "equivalent", None),
        ({"a": 1.5, "b": 2}, {"a": 1.5 + 1e-13, "b": 3}, "diverged", None),
        ({"a": [1, "x"]}, {"a": [1, "y"]}, "diverged", "['a'][1]: 'x', then 'y'"),
        ({"a": 1}, {"b": 1}, "diverged", "2 of 2 differ: ['a']: gone, ['b']: new"),
        ([1, "a"], ["a", 1], "diverged", None),
        ([1, "a"], [1, "a", 2], "diverged", "2 elements, then 3"),
        ({1, "a"}, {1, "b"}, "diverged", "1 elements gone, 1 new"),
        (np.arange(4), np.arange(5), "diverged", "shape 4, then 5"),
        (np.zeros(4), np.zeros(4, "f4"), "diverged", "type f8, then f4"),
        (np.array([1, 2]), np.array([1, 3]), "diverged", "1 of 2 differ, by 1 at most"),
        (np.array([0.0]), np.array([-0.0]), "equivalent", None),
        (np.array(["a", "b"]), np.array(["a", "c"]), "diverged", None),
        (np.array([1.0, np.nan]), np.array([np.nan, 1.0]), "diverged", None),
        (np.zeros(200_000), np.ones(200_000), "diverged", None),
        ("at 0x7f8abd50ca40", "at 0x7f8abcca9500", "identical", None),
    ],
)
def test_values(one: object, other: object, verdict: str, why: str | None) -> None:
    item = values(one, other)
    assert item.verdict == verdict
    if why is not None:
        assert item.why == why


LEAF = st.none() | st.booleans() | st.integers(-99, 99) | st.floats(-9, 9) | st.text(max_size=4)
TREE = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4)
        | st.dictionaries(st.text(max_size=2), inner, min_size=1, max_size=4)
    ),
    max_leaves=10,
)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for key, part in value.items() for leaf in leaves(part, (*path, key))]
    if isinstance(value, list):
        return [leaf for key, part in enumerate(value) for leaf in leaves(part, (*path, key))]
    return [path]


def with_leaf(value: Any, path: tuple[Any, ...], leaf: Any) -> Any:
    if not path:
        return leaf
    made = copy.copy(value)
    made[path[0]] = with_leaf(made[path[0]], path[1:], leaf)
    return made


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


@given(TREE, LEAF, st.data())
def test_one_changed_leaf_is_never_identical(value: Any, leaf: Any, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(leaves(value)))
    old = at(value, path)
    same = type(old) is type(leaf) and repr(old) == repr(leaf)
    assert (values(value, with_leaf(value, path, leaf)).verdict == "identical") == same


def test_a_value_that_cannot_be_read_whole_is_not_compared_whole() -> None:
    import threading

    lock = threading.Lock()
    same = compare(side(values={"x": [lock, 1]}), side(values={"x": [threading.Lock(), 1]}))
    assert same.items == ()
    assert [(part.name, part.why) for part in same.not_compared] == [
        ("x", "it holds a lock that cannot be read (TypeError); the rest is equal")
    ]
    other = compare(side(values={"x": [lock, 1]}), side(values={"x": [lock, 2]}))
    assert [item.verdict for item in other.items] == ["diverged"]


def test_bytes_that_are_gone_leave_a_difference_a_difference() -> None:
    replayed = side(values={"x": [1.0]}, files={"a.txt": b"1"}, outputs=[("stdout", "1")])
    recorded = side(values={"x": [2.0]}, files={"a.txt": b"2"}, outputs=[("stdout", "2")])
    found = compare(Side(recorded.outcome, {}.__getitem__), replayed)
    assert [(item.kind, item.verdict, item.why) for item in found.items] == [
        ("value", "diverged", "the recorded bytes are gone"),
        ("file", "diverged", "the recorded bytes are gone"),
    ]
    assert [(part.kind, part.why) for part in found.not_compared] == [
        ("output", "the recorded bytes are gone")
    ]


def test_models_by_state_and_not_by_how_they_were_made() -> None:
    recorded = side(models={"m": RandomForestClassifier(3, random_state=0, n_jobs=1).fit(X, Y)})
    same = side(models={"m": RandomForestClassifier(3, random_state=0, n_jobs=2).fit(X, Y)})
    other = side(models={"m": RandomForestClassifier(3, random_state=1).fit(X, Y)})
    assert only(recorded, same).verdict == "identical"
    assert only(recorded, other).verdict == "diverged"
    fitted = LogisticRegression().fit(X, Y)
    nearly = copy.deepcopy(fitted)
    nearly.coef_ = nearly.coef_ * (1 + 1e-13)
    item = only(side(models={"m": fitted}), side(models={"m": nearly}))
    assert item.verdict == "equivalent"
    assert "coef_" in str(item.why)


def test_measured_times_in_a_value_are_named() -> None:
    one, other = (cross_validate(LogisticRegression(), X, Y, cv=3) for _ in range(2))
    item = values(one, other)
    assert (item.verdict, item.rule) == ("identical", "time columns")
    other["test_score"] = other["test_score"] * 0.9
    assert values(one, other).verdict == "diverged"


# -- outputs -------------------------------------------------------------------------------------------------------


def picture(colour: str = "#3366cc", **metadata: str) -> bytes:
    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([1, 3, 2], color=colour)
    data = io.BytesIO()
    figure.savefig(data, format="png", metadata=metadata)
    return data.getvalue()


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ([("stdout", "a\n")], [("stdout", "a\n")], "identical"),
        ([("stdout", "a\nb\n")], [("stdout", "a\n"), ("stdout", "b\n")], "identical"),
        ([("stdout", "accuracy 0.931\n")], [("stdout", "accuracy 0.932\n")], "diverged"),
        ([("stdout", "a 0.5\n")], [("stdout", "a 0.50000000000001\n")], "equivalent"),
        ([("stdout", "seen 412\n")], [("stdout", "seen 413\n")], "diverged"),
        ([("stdout", "1000000001")], [("stdout", "1000000002")], "diverged"),
        ([("stdout", "a")], [("stdout", "a ")], "diverged"),
        ([("stdout", "a")], [("stderr", "a")], None),
        ([{"text/plain": "a"}], [], "diverged"),
        ([], [{"text/plain": "a"}], "diverged"),
        ([{"text/plain": "a"}], [{"text/plain": "a", "text/html": "<b>a</b>"}], "diverged"),
        ([{"text/html": "<td>1.5</td>"}], [{"text/html": "<td>1.6</td>"}], "diverged"),
        (
            [{"application/json": '{"a": 1, "b": [1.5]}'}],
            [{"application/json": '{"b":[1.5],"a":1}'}],
            "identical",
        ),
        ([{"application/json": '{"a": 1}'}], [{"application/json": '{"a": 2}'}], "diverged"),
        (
            [{"image/png": picture()}],
            [{"image/png": picture(Software="Matplotlib 3.8")}],
            "identical",
        ),
        ([{"image/png": picture()}], [{"image/png": picture("#3366cd")}], "equivalent"),
        ([{"image/png": picture()}], [{"image/png": picture("#3366d0")}], "diverged"),
        ([{"image/png": picture()}], [{"image/png": picture()[:500]}], "diverged"),
        ([{"image/png": b"no picture"}], [{"image/png": b"no image"}], "diverged"),
    ],
)
def test_outputs(one: list[Any], other: list[Any], verdict: str | None) -> None:
    found = compare(side(outputs=one), side(outputs=other))
    if verdict is None:
        assert {item.verdict for item in found.items} == {"diverged"}
        return
    assert [item.verdict for item in found.items] == [verdict]
    assert found.not_compared == ()


def test_a_changed_palette_is_a_changed_colour() -> None:
    def painted(red: int) -> bytes:
        image = Image.new("P", (4, 4), 1)
        image.putpalette([0, 0, 0, red, 0, 0])
        data = io.BytesIO()
        image.save(data, "PNG")
        return data.getvalue()

    assert (
        outputs([{"image/png": painted(200)}], [{"image/png": painted(200)}]).verdict == "identical"
    )
    assert (
        outputs([{"image/png": painted(200)}], [{"image/png": painted(90)}]).verdict == "diverged"
    )


def test_a_picture_of_another_size_or_length_is_another() -> None:
    def moving(colours: list[str], size: int = 4) -> bytes:
        frames = [Image.new("RGB", (size, size), colour) for colour in colours]
        data = io.BytesIO()
        frames[0].save(data, "GIF", save_all=True, append_images=frames[1:], duration=9)
        return data.getvalue()

    one = [{"image/gif": moving(["red", "blue"])}]
    assert outputs(one, [{"image/gif": moving(["red", "blue"])}]).verdict == "identical"
    assert outputs(one, [{"image/gif": moving(["red", "green"])}]).verdict == "diverged"
    assert outputs(one, [{"image/gif": moving(["red"])}]).why == "2 frames, then 1"
    larger = outputs(one, [{"image/gif": moving(["red", "blue"], 5)}])
    assert larger.why == "4 x 4 pixels, then 5 x 5"


def test_the_order_of_outputs_counts() -> None:
    one = [("stdout", "a"), {"text/plain": "b"}]
    found = compare(side(outputs=one), side(outputs=one[::-1]))
    assert [(item.name, item.verdict) for item in found.items] == [
        ("stdout", "identical"),
        ("output 1", "identical"),
        ("order", "diverged"),
    ]
    two = [{"text/plain": "a"}, {"text/plain": "b"}]
    found = compare(side(outputs=two), side(outputs=two[::-1]))
    assert [item.verdict for item in found.items] == ["diverged", "diverged"]


def test_our_own_card_and_live_widgets_are_no_outputs() -> None:
    card = {
        "application/vnd.mm_jupyter.run+json": "{}",
        "text/html": "<b>churn/7</b>",
        "text/plain": "churn/7",
    }
    other = {**card, "text/html": "<b>churn/8</b>", "text/plain": "churn/8"}
    assert compare(side(outputs=[card]), side(outputs=[other])) == compare(side(), side())
    widget = {"application/vnd.jupyter.widget-view+json": '{"model_id": "1"}', "text/plain": "bar"}
    other = {**widget, "application/vnd.jupyter.widget-view+json": '{"model_id": "2"}'}
    assert outputs([widget], [other]).verdict == "identical"


def test_what_was_cut_off_is_not_compared() -> None:
    sides = [side(outputs=[("stdout", "a")]) for _ in range(2)]
    cut = [
        Side(
            dataclasses.replace(
                one.outcome,
                outputs=tuple(
                    Output(kind=o.kind, name=o.name, data=o.data, truncated=5)
                    for o in one.outcome.outputs
                ),
            ),
            one.read,
        )
        for one in sides
    ]
    found = compare(cut[0], cut[1])
    assert [item.verdict for item in found.items] == ["identical"]
    assert [part.name for part in found.not_compared] == ["stdout"]
    assert only(cut[0], sides[1]).verdict == "diverged"


# -- files and artifacts -------------------------------------------------------------------------------------------


def archive(content: bytes, year: int) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr(zipfile.ZipInfo("a.csv", (year, 1, 1, 0, 0, 0)), content)
    return data.getvalue()


def document(colour: str) -> bytes:
    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([1, 3, 2], color=colour)
    data = io.BytesIO()
    with mpl.rc_context({"pdf.compression": 0}):
        figure.savefig(data, format="pdf")
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "one", "other", "verdict", "rule"),
    [
        ("a.csv", b"x,y\n1,2.5\n", b"x,y\n1,2.5\n", "identical", None),
        ("a.csv", b"x,y\n1,2.5\n", b"x,y\n1,2.6\n", "diverged", None),
        ("a.csv", b"x,y\n1,2.5\n", b"x,y\n1,2.5000000000001\n", "equivalent", None),
        (
            "a.csv.gz",
            gzip.compress(b"1", mtime=1),
            gzip.compress(b"1", mtime=2),
            "identical",
            "gzip time",
        ),
        ("a.csv.gz", gzip.compress(b"1", mtime=1), gzip.compress(b"2", mtime=2), "diverged", None),
        ("a.zip", archive(b"1", 2025), archive(b"1", 2026), "identical", "archive times"),
        ("a.zip", archive(b"1", 2025), archive(b"2", 2026), "diverged", None),
        ("a.json", b'{"a":1}', b'{"a": 1}', "identical", "JSON layout"),
        ("a.png", picture(), picture(Software="x"), "identical", "picture metadata"),
        ("a.bin", b"\0\1\2", b"\0\1\3", "diverged", None),
        ("a.bin", b"\0\1\2", b"\0\1", "diverged", None),
    ],
)
def test_files(name: str, one: bytes, other: bytes, verdict: str, rule: str | None) -> None:
    item = only(side(files={name: one}), side(files={name: other}))
    assert (item.kind, item.name, item.verdict, item.rule) == ("file", name, verdict, rule)


def test_pdf_files_by_what_they_draw() -> None:
    one, red = document("blue"), document("red")
    later = one.replace(b"/CreationDate (D:20", b"/CreationDate (D:19")
    assert later != one
    item = only(side(files={"a.pdf": one}), side(files={"a.pdf": later}))
    assert (item.verdict, item.rule) == ("identical", "dates in PDF")
    assert only(side(files={"a.pdf": one}), side(files={"a.pdf": red})).verdict == "diverged"


def test_a_figure_is_an_artifact_that_is_a_picture() -> None:
    one = side(artifacts={"curve": ("image/png", picture()), "notes": ("text/plain", b"a")})
    other = side(artifacts={"curve": ("image/png", picture("red")), "notes": ("text/plain", b"a")})
    assert [(item.kind, item.verdict) for item in compare(one, other).items] == [
        ("figure", "diverged"),
        ("artifact", "identical"),
    ]
    assert only(side(files={"a": b"1"}), side()).why == "gone"


# -- how it ended --------------------------------------------------------------------------------------------------

BAD = ("ValueError", "bad input")


@pytest.mark.parametrize(
    ("one", "other", "verdict", "recorded", "replayed"),
    [
        (BAD, BAD, "identical", "ValueError: bad input", "ValueError: bad input"),
        (BAD, ("ValueError", "worse"), "diverged", "ValueError: bad input", "ValueError: worse"),
        (
            BAD,
            ("KeyError", "bad input"),
            "diverged",
            "ValueError: bad input",
            "KeyError: bad input",
        ),
        (None, BAD, "failed", None, "ValueError: bad input"),
        (BAD, None, "failed", "ValueError: bad input", None),
        (
            ("E", "<object object at 0x7f8abd50ca40>"),
            ("E", "<object object at 0x7f8abcca9500>"),
            "identical",
            "E: <object object at 0x7f8abd50ca40>",
            "E: <object object at 0x7f8abcca9500>",
        ),
    ],
)
def test_failures(
    one: tuple[str, str] | None,
    other: tuple[str, str] | None,
    verdict: str,
    recorded: str | None,
    replayed: str | None,
) -> None:
    item = only(side(failure=one), side(failure=other))
    assert (item.kind, item.verdict, item.recorded, item.replayed) == (
        "error",
        verdict,
        recorded,
        replayed,
    )


def test_a_run_that_never_ended_cannot_be_compared() -> None:
    found = compare(side(status="interrupted", metrics={"a": 1.0}), side(metrics={"a": 1.0}))
    assert found.items == ()
    assert found.not_compared[0].why == "the run itself was interrupted"
    item = only(side(metrics={"a": 1.0}), side(status="crashed"))
    assert (item.verdict, item.replayed) == (
        "failed",
        "the replay was cut off when its kernel died",
    )


# -- the user's rules ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        (UserRule(name="loose", kind="metric", rtol=0.01), "equivalent"),
        (UserRule(name="loose", kind="metric", item="a*", rtol=0.01), "equivalent"),
        (UserRule(name="loose", kind="metric", item="b*", rtol=0.01), "diverged"),
        (UserRule(name="loose", kind="value", rtol=0.01), "diverged"),
        (UserRule(name="tight", rtol=1e-6), "diverged"),
        (UserRule(name="ignored", item="auc"), "equivalent"),
        (UserRule(name="a pattern needs a text", item="auc", pattern="x"), "diverged"),
    ],
)
def test_a_rule_of_the_user_makes_an_item_equivalent_at_best(rule: UserRule, verdict: str) -> None:
    item = only(side(metrics={"auc": 0.931}), side(metrics={"auc": 0.932}), rules=[rule])
    assert item.verdict == verdict
    assert item.rule == (rule.name if verdict == "equivalent" else None)
    assert (
        only(side(metrics={"auc": 0.9}), side(metrics={"auc": 0.9}), rules=[rule]).verdict
        == "identical"
    )


def test_a_pattern_is_left_out_of_texts() -> None:
    rule = UserRule(name="job ids", kind="output", pattern=r"job \d+")
    item = outputs([("stdout", "job 12: ok")], [("stdout", "job 13: ok")], rules=[rule])
    assert (item.verdict, item.rule) == ("equivalent", "job ids")
    item = outputs([("stdout", "job 12: ok")], [("stdout", "job 13: no")], rules=[rule])
    assert item.verdict == "diverged"


def test_values_and_metrics_come_before_outputs() -> None:
    one = side(
        params={"a": 1},
        metrics={"b": 1.0},
        series={"c": [1.0]},
        values={"d": [1]},
        models={"m": LogisticRegression().fit(X, Y)},
        files={"e": b"1"},
        artifacts={"f": ("text/plain", b"1")},
        outputs=[{"application/json": json.dumps([1])}],
    )
    found = compare(one, one)
    kinds = ["param", "metric", "series", "value", "model", "file", "artifact", "output"]
    assert [item.kind for item in found.items] == kinds
    assert {item.verdict for item in found.items} == {"identical"}
