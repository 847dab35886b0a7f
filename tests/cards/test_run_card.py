"""The slim card says the facts of a run in one order, in every form, and believes nothing that a user named."""

from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser

import pytest

from mm_jupyter.cards import RUN_MIME, run_card
from mm_jupyter.records import Change, Failure, RunRef

FOREST = ("model", "sklearn.ensemble._forest.RandomForestClassifier", 1_240_000)
MORE_TREES = Change(kind="params", name="n_estimators", old=100, new=200)
EVIL = "</style><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


class Page(HTMLParser):
    """What a browser would see: the tags, and the text outside the style sheet."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self._styled = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._styled = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._styled = self._styled and tag != "style"

    def handle_data(self, data: str) -> None:
        if not self._styled:
            self.words += data

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", self.words).strip()


def test_the_card_says_all_facts_in_order(card) -> None:
    shown = run_card(card(changes=(MORE_TREES,), models=(FOREST,), inputs=2))
    assert shown.text == (
        "churn/7  accuracy 0.931 (+0.012, better)  n_estimators 100 -> 200 since churn/6  "
        "RandomForestClassifier 1.2 MB  2 inputs  6.8 s  %mm replay churn/7"
    )
    assert Page(shown.html).text == (
        "churn/7 accuracy 0.931 ▲ +0.012 n_estimators 100 → 200 since churn/6 "
        "RandomForestClassifier 1.2 MB 2 inputs 6.8 s %mm replay churn/7"
    )


def test_the_card_is_static_and_carries_its_data(card) -> None:
    bundle = run_card(card(changes=(MORE_TREES,))).bundle()
    assert bundle.keys() == {"text/plain", "text/html", RUN_MIME}
    page = Page(bundle["text/html"])
    assert "script" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "src"]
    assert "http" not in bundle["text/html"]
    assert bundle[RUN_MIME]["run"] == "churn/7"
    assert bundle[RUN_MIME]["changes"] == [
        {"kind": "params", "name": "n_estimators", "old": 100, "new": 200}
    ]


@pytest.mark.parametrize(
    ("metric", "before", "after", "said", "triangle"),
    [
        ("accuracy", 0.9, 0.95, "(+0.05, better)", "▲ +0.05"),
        ("accuracy", 0.95, 0.9, "(-0.05, worse)", "▼ \N{MINUS SIGN}0.05"),
        ("log_loss", 0.42, 0.40, "(-0.02, better)", "▲ \N{MINUS SIGN}0.02"),
        ("rmse", 1.0, 1.5, "(+0.5, worse)", "▼ +0.5"),
        ("sharpe", 1.0, 1.5, "(+0.5)", "+0.5"),
        ("accuracy", 0.9, 0.9, "(0)", "0"),
    ],
)
def test_the_triangle_is_the_judgement_and_the_sign_the_arithmetic(
    card, row, metric: str, before: float, after: float, said: str, triangle: str
) -> None:
    shown = run_card(card(metrics={metric: after}, parent=row(6, metrics={metric: before})))
    assert said in shown.text
    words = Page(shown.html).text
    assert triangle in words
    assert ("▲" in words or "▼" in words) == (triangle[0] in "▲▼")


def test_the_metric_whose_better_way_is_known_stands_for_the_run(card) -> None:
    shown = run_card(card(metrics={"n_rows": 7043.0, "accuracy": 0.9}, parent=None))
    assert "accuracy 0.9" in shown.text
    chosen = run_card(card(metrics={"n_rows": 7043.0, "accuracy": 0.9}, metric="n_rows"))
    assert "n_rows 7,043" in chosen.text


def test_changes_are_ordered_and_counted(card) -> None:
    changes = (
        Change(kind="environment", name="numpy", old="1.26", new="2.4"),
        Change(kind="code", name="code", old=None, new="+4 -1"),
        MORE_TREES,
        Change(kind="data", name="customers.csv", old="7,032 rows", new="7,043 rows"),
    )
    shown = run_card(card(changes=changes))
    assert "customers.csv 7,032 rows -> 7,043 rows +3 more since churn/6" in shown.text
    assert " +3 since churn/6" in Page(shown.html).text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"parent": None}, "first run"),
        ({}, "same as churn/6"),
        ({"metrics": {}}, "no metric"),
        ({"verdict": "identical"}, "= identical"),
        ({"verdict": "unstable"}, "~? unstable"),
        ({"verdict": "unverifiable"}, "? unverifiable"),
    ],
)
def test_what_is_missing_or_known_is_said(card, given, said: str) -> None:
    assert said in run_card(card(**given)).text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"status": "failed"}, "the cell raised"),
        ({"status": "interrupted", "seconds": 38.0}, "interrupted after 38.0 s"),
        ({"status": "crashed", "seconds": None}, "the kernel died before the cell ended"),
        ({"status": "running", "seconds": None}, "running"),
    ],
)
def test_a_run_that_did_not_complete_says_what_happened(card, given, said: str) -> None:
    shown = run_card(card(metrics={}, **given))
    assert shown.text.startswith(f"churn/7  {said}")
    assert said in Page(shown.html).text


def test_a_failed_run_shows_the_first_line_of_its_exception(card) -> None:
    failure = Failure(name="ValueError", message="Input X contains NaN.\nMore.", traceback="...")
    shown = run_card(card(status="failed", metrics={}, failure=failure))
    assert "ValueError: Input X contains NaN." in shown.text
    assert "More." not in shown.text
    assert shown.json is not None
    assert shown.json["error"] == "ValueError: Input X contains NaN."


def test_whatever_a_user_named_is_escaped(card, row) -> None:
    change = Change(kind="params", name=EVIL, old=EVIL, new=EVIL)
    shown = run_card(
        card(
            metrics={EVIL: 1.0},
            parent=row(6, metrics={EVIL: 0.5}),
            changes=(change,),
            models=((EVIL, EVIL, 1),),
            failure=Failure(name="E", message=EVIL, traceback=EVIL),
        )
    )
    page = Page(shown.html)
    assert set(page.tags) <= {"div", "style", "b", "span", "i", "svg", "path", "circle", "rect"}
    assert "<script" not in shown.html.partition("</style>")[2]
    assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_the_text_form_is_one_line_whatever_the_values_hold(card) -> None:
    change = Change(kind="params", name="a\nb", old="x\ny", new="z\r\nw")
    assert "\n" not in run_card(card(changes=(change,), metrics={"m\nn": 1.0})).text


def test_a_long_name_is_cut_but_its_version_is_not(card) -> None:
    shown = run_card(card(ref=RunRef("x" * 100, 12)))
    assert "x" * 100 not in Page(shown.html).text
    assert "/12" in Page(shown.html).text
    assert f'title="{"x" * 100}/12: ' in shown.html


def test_numbers_that_json_cannot_hold_are_texts(card, row) -> None:
    shown = run_card(
        card(metrics={"loss": math.nan, "gain": -math.inf}, parent=row(6, metrics={"loss": 1.0}))
    )
    data = json.loads(json.dumps(shown.json, allow_nan=False))
    assert data["metrics"] == {"loss": "NaN", "gain": "-Infinity"}
    assert "loss NaN" in shown.text
