"""Widgets hold wire data, and leave what they say in the file without themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mm_jupyter import widgets
from mm_jupyter.errors import BadInput, NotFound
from mm_jupyter.widgets import View


@pytest.fixture
def two(session: Callable[..., str]) -> None:
    log = "import mm_jupyter as mm\nfor i in range(3):\n    mm.log(i, loss=1 / (i + 1))\n"
    session(
        "%%track w\ndepth = 2\nscore = depth / 4",
        f"%%track w\n{log}depth = 3\nscore = depth / 4",
    )


def static(view: View) -> dict[str, Any]:
    bundle, _ = view._repr_mimebundle_()
    return dict(bundle)


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: widgets.card("w/2"), "w/2"),
        (lambda: widgets.history("experiment == 'w'"), "w/1"),
        (lambda: widgets.compare("w/1", "w/2"), "depth"),
        (lambda: widgets.curve("w/2"), "w/2"),
    ],
)
def test_a_widget_leaves_html_and_text_in_the_file(make: Callable[[], View], says: str) -> None:
    view = make()
    bundle = static(view)
    assert says in bundle["text/plain"]
    assert says in bundle["text/html"]
    assert "<script" not in bundle["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in bundle
    json.dumps(view.data, allow_nan=False)


@pytest.mark.usefixtures("two")
def test_the_data_is_that_of_the_wire() -> None:
    row = widgets.card("w/2").data["row"]
    (metric,) = [one for one in row["metrics"] if one["name"] == "score"]
    assert (metric["value"], metric["parent"], metric["better"]) == (0.75, 0.5, True)
    assert widgets.curve("w/2", "loss").data["series"][0]["values"] == [1, 1 / 2, 1 / 3]
    compared = widgets.compare("w/1", "w/2").data["compare"]
    assert [
        fact["name"] for fact in compared["rows"] if fact["differs"] and fact["kind"] == "params"
    ] == ["depth"]


@pytest.mark.usefixtures("two")
def test_what_cannot_be_shown_is_said() -> None:
    with pytest.raises(BadInput, match="two or more"):
        widgets.compare("w/1")
    with pytest.raises(NotFound, match="not replayed"):
        widgets.verdict("w/1")


@pytest.mark.usefixtures("two")
def test_rows_are_a_table_and_a_frame() -> None:
    import mm_jupyter as mm

    rows = mm.runs()
    frame = rows.to_pandas()
    assert list(frame.index) == ["w/2", "w/1"]
    assert frame.loc["w/1", "metrics.score"] == 0.5
    assert "w/1" in rows._repr_mimebundle_()["text/html"]
    assert mm.runs("params.depth > 9").to_pandas().empty


def test_values_of_our_verbs_show_themselves(session: Callable[..., str]) -> None:
    shown = session(
        "%%track w\nscore = 0.5",
        "import mm_jupyter as mm\nbundle = get_ipython().display_formatter.format(mm.show('w/1'))[0]\n"
        "print(sorted(bundle)[-2:], 'w/1' in bundle['text/html'])",
    )
    assert "['text/html', 'text/plain'] True" in shown
