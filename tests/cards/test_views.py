"""Tables and pages: nothing hidden without being counted, the same facts as text and as HTML."""

from __future__ import annotations

import pytest

from mm_jupyter.cards import (
    diff_view,
    faults_view,
    log_view,
    recipe_view,
    run_page,
    runs_table,
    verdict_card,
    verdicts_table,
)
from mm_jupyter.cards.glyphs import SIGNS, verdict_html
from mm_jupyter.records import (
    AuditEntry,
    Cause,
    Change,
    Diff,
    Environment,
    Failure,
    FileUse,
    Item,
    Judgement,
    MetricChange,
    Model,
    ModuleChange,
    NotCompared,
    NotKept,
    Package,
    Param,
    Recipe,
    RecipeStep,
    Restored,
    Run,
    RunRef,
    TagChange,
)

EVIL = "<script>alert(1)</script>"


def judgement(**given) -> Judgement:
    fields = {
        "run": RunRef("churn", 7),
        "verdict": "diverged",
        "said": "two replays agree with each other, not with the run.",
        "slice": "optimistic",
        "executions": 4,
        "of": 31,
        "items": (
            Item(kind="value", name="X", recorded="a", replayed="a", verdict="identical"),
            Item(
                kind="figure", name="figure 1", recorded=None, replayed=None, verdict="equivalent"
            ),
            Item(kind="metric", name="auc", recorded="0.86", replayed="0.85", verdict="diverged"),
        ),
        "restored": (Restored(kind="random state", name="numpy.random"),),
        "not_compared": (NotCompared(kind="value", name="rates", why="read the network"),),
        "causes": (
            Cause(
                factor="package",
                name="scikit-learn",
                recorded="1.3.2",
                current="1.5.2",
                confirmed=True,
            ),
        ),
        "replays": 2,
        "seconds": 91.0,
        "at": 1_795_000_000.0,
    }
    return Judgement(**{**fields, **given})


def test_a_verdict_says_worst_first_and_never_folds_what_was_not_compared() -> None:
    assert verdict_card(judgement()).text.split("\n") == [
        (
            "churn/7  != diverged: two replays agree with each other, not with the run.  "
            "(2 replays, 1 min 31 s, optimistic recipe, 4 of 31 executions)"
        ),
        "  because       package scikit-learn 1.3.2 -> 1.5.2  confirmed",
        "  differ        != metric auc  0.86 -> 0.85",
        "                ~  figure 1",
        "  identical     1: X",
        "  not compared  value rates  read the network",
        "  restored      random state (numpy.random)",
    ]


def test_many_differing_items_are_counted_not_dropped() -> None:
    items = tuple(
        Item(kind="value", name=f"v{i}", recorded="1", replayed="2", verdict="diverged")
        for i in range(40)
    )
    shown = verdict_card(judgement(items=items))
    assert "28 more" in shown.text
    assert "28 more differ" in shown.html
    assert "40 of 40 items differ, 1 not compared" in shown.html


@pytest.mark.parametrize("verdict", SIGNS)
def test_every_verdict_has_a_shape_a_word_and_a_label(verdict) -> None:
    word = verdict or "not replayed"
    html = verdict_html(verdict)
    assert f'aria-label="verdict: {word}"' in html
    assert f"<span>{word}</span>" in html
    shapes = {verdict_html(other).partition("<svg")[2] for other in SIGNS}
    assert len(shapes) == len(SIGNS) == len(set(SIGNS.values()))


def test_several_verdicts_are_one_a_line_and_counted() -> None:
    shown = verdicts_table(
        [judgement(), judgement(run=RunRef("churn", 8), verdict="identical", causes=())]
    )
    lines = shown.text.split("\n")
    assert lines[0].startswith("churn/7  != diverged  package scikit-learn 1.3.2 -> 1.5.2")
    assert lines[-1] == "1 diverged, 1 identical"


def test_a_table_of_runs_shows_age_metric_delta_change_and_verdict(row) -> None:
    rows = [
        row(7, metrics={"accuracy": 0.931}, verdict="identical"),
        row(6, metrics={"accuracy": 0.9}, params=(Param(name="n_estimators", value=100),)),
        row(5, status="failed", metrics={}, params=()),
    ]
    lines = runs_table(rows, total=12, now=rows[0].started + 120).text.split("\n")
    assert lines[0].split() == (
        "churn/7 2 min accuracy 0.931 +0.031 better n_estimators 100 -> 200 = identical".split()
    )
    assert lines[1].split()[:5] == ["churn/6", "2", "min", "accuracy", "0.900"]
    assert lines[1].split()[-1] == "-"
    assert lines[2].split()[-1] == "failed"
    assert lines[3] == "3 of 12 runs"


def test_a_table_for_a_file_has_times_instead_of_ages(row) -> None:
    rows = [row(7)]
    assert "min" not in runs_table(rows).text
    assert "2 min" in runs_table(rows, now=rows[0].started + 120).text


def test_what_an_unfinished_cell_had_not_bound_was_not_removed(row) -> None:
    rows = [row(7, status="failed", params=(), metrics={}), row(6)]
    assert "removed" not in runs_table(rows).text


def test_an_empty_table_teaches_the_first_step() -> None:
    assert "%%track" in runs_table([]).text
    assert "No run fits" in runs_table([], query="metrics.x > 1").text


def test_a_diff_groups_what_differs_and_counts_the_rest() -> None:
    diff = Diff(
        old=RunRef("churn", 6),
        new=RunRef("churn", 7),
        changes=(
            Change(kind="environment", name="numpy", old="1.26", new="2.4"),
            Change(kind="params", name="scaler", old=None, new="robust"),
        ),
        metrics=(MetricChange(name="log_loss", old=0.42, new=0.40),),
        source=("-a = 1", "+a = 2"),
        tags=(TagChange(name="stage", old=None, new="baseline"),),
        modules=(
            ModuleChange(
                name="features", path="features.py", old=None, new=None, lines=("-b = 1",)
            ),
        ),
        same=119,
    )
    assert diff_view(diff).text.split("\n") == [
        "churn/6 -> churn/7  119 are the same",
        "  params",
        "    scaler  -  ->  robust",
        "  environment",
        "    numpy  1.26  ->  2.4",
        "  metrics",
        "    log_loss  0.42  ->  0.40  -0.02  better",
        "  tags",
        "    stage  -  ->  baseline",
        "  source",
        "    -a = 1",
        "    +a = 2",
        "  features.py",
        "    -b = 1",
    ]
    assert "▲ \N{MINUS SIGN}0.02" in diff_view(diff).html


def test_equal_runs_say_so() -> None:
    diff = Diff(old=RunRef("churn", 6), new=RunRef("churn", 7))
    assert "nothing differs" in diff_view(diff).text


def test_a_recipe_shows_its_cells_in_order() -> None:
    recipe = Recipe(
        run=RunRef("churn", 7),
        slice="optimistic",
        verified=False,
        steps=(
            RecipeStep(seq=1, source="import numpy as np", parameters=True),
            RecipeStep(seq=4, source="1 / 0", raises=True),
        ),
        of=9,
    )
    assert recipe_view(recipe).text.split("\n") == [
        "churn/7  recipe: 2 of 9 executions (optimistic, not verified)",
        "",
        "# [1]  parameters",
        "import numpy as np",
        "",
        "# [4]  raises",
        "1 / 0",
    ]


def whole(row, **given) -> Run:
    fields = {
        "row": row(note="a note", tags={"stage": "baseline"}),
        "source": "x = 1",
        "failure": None,
        "values": (),
        "models": (),
        "outputs": (),
        "artifacts": (),
        "files": (),
        "series": {},
        "not_kept": (),
        "environment": None,
        "git": None,
    }
    return Run(**{**fields, **given})


def test_a_page_shows_everything_that_a_run_kept(row, card) -> None:
    run = whole(
        row,
        failure=Failure(name="ValueError", message="no", traceback="Traceback"),
        models=(
            Model(
                name="m",
                type="a.B",
                state=None,
                form=None,
                format=None,
                content=None,
                size=0,
                why="too large",
            ),
        ),
        files=(FileUse(path="data.csv", role="input", digest=None, size=10),),
        series={"loss": 60},
        not_kept=(NotKept(kind="value", name="gen", why="a generator cannot be pickled"),),
        environment=Environment(
            python="3.11.7",
            implementation="CPython",
            platform="Linux",
            machine="x86_64",
            processor="",
            cpus=2,
            packages=(Package(name="numpy", version="2.4"),),
        ),
    )
    change = Change(kind="params", name="depth", old=6, new=8)
    shown = run_page(run, card(changes=(change,)))
    for fact in (
        "a note",
        "stage=baseline",
        "ValueError: no",
        "too large",
        "data.csv",
        "gone before it could be read",
        "60 points",
        "a generator cannot be pickled",
        "CPython 3.11.7",
    ):
        assert fact in shown.text
        assert fact in shown.html
    assert "depth 6 -> 8" in shown.text
    assert "x = 1" in shown.html


def test_what_a_user_wrote_is_escaped_on_every_page(row) -> None:
    evil_row = row(
        note=EVIL, tags={EVIL: EVIL}, metrics={EVIL: 1.0}, params=(Param(name=EVIL, value=EVIL),)
    )
    failure = Failure(name=EVIL, message=EVIL, traceback=EVIL)
    entry = AuditEntry(number=1, at=0.0, who=EVIL, what=EVIL, object=EVIL, before=None, after=None)
    item = Item(kind=EVIL, name=EVIL, recorded=EVIL, replayed="b", verdict="diverged", why=EVIL)
    cause = Cause(factor=EVIL, name=EVIL, recorded=EVIL, current=EVIL, confirmed=None)
    views = [
        run_page(whole(lambda **_: evil_row, source=EVIL, failure=failure, series={EVIL: 1})),
        runs_table([evil_row, row(6)]),
        verdict_card(judgement(said=EVIL, items=(item,), causes=(cause,))),
        verdicts_table([judgement(said=EVIL, causes=(cause,))]),
        log_view([entry]),
        faults_view([(EVIL, EVIL, EVIL)]),
        recipe_view(
            Recipe(
                run=RunRef("a", 1),
                slice="whole",
                verified=True,
                steps=(RecipeStep(seq=1, source=EVIL),),
                of=1,
            )
        ),
        diff_view(
            Diff(
                old=RunRef("a", 1),
                new=RunRef("a", 2),
                changes=(Change(kind="params", name=EVIL, old=EVIL, new=EVIL),),
                metrics=(MetricChange(name=EVIL, old=1.0, new=2.0),),
                source=("+" + EVIL,),
            )
        ),
    ]
    for view in views:
        assert "<script" not in view.html
        assert "alert(1)" in view.html
