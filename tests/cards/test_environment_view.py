"""Environments and explanations: the same facts as text and as HTML, and names from users are never markup."""

from __future__ import annotations

from mm_jupyter.cards import environment_diff_view, environment_view, explanation_card
from mm_jupyter.records import (
    Cause,
    DefaultChange,
    Environment,
    EnvironmentDiff,
    Experiment,
    Explanation,
    Fact,
    Package,
)
from tests.cards.test_views import EVIL, judgement


def test_an_environment_names_its_machine_and_every_package() -> None:
    made = Environment(
        python="3.11.7", implementation="cpython", platform="Linux", machine="x86_64", processor="P", cpus=2,
        packages=(Package(name="numpy", version="1.26.4"), Package(name="own", version="1", origin=EVIL)),
        threads={"openmp": 2}, variables={"TZ": EVIL},
    )  # fmt: skip
    shown = environment_view(EVIL, made)
    for fact in ("cpython 3.11.7", "2 CPUs", "numpy", "1.26.4", "openmp 2"):
        assert fact in shown.text
        assert fact in shown.html
    assert EVIL not in shown.html


def test_changed_defaults_come_before_the_facts() -> None:
    diff = EnvironmentDiff(
        old="churn/1",
        new="churn/2",
        facts=(Fact(kind="package", name="scikit-learn", old="1.3.2", new="1.4.2"),),
        defaults=(DefaultChange(call="sklearn.KMeans", parameter="n_init", old="10", new=EVIL),),
        same=12,
    )
    shown = environment_diff_view(diff)
    assert "1 fact differs, 12 are the same" in shown.text
    assert shown.text.index("KMeans(n_init)") < shown.text.index("scikit-learn")
    assert EVIL not in shown.html


def test_an_explanation_shows_the_replays_that_prove_it() -> None:
    cause = Cause(factor="input", name=EVIL, recorded="a", current="b", confirmed=True)
    experiments = (
        Experiment(
            put_back=("input a", "module b", "code c", "code d"), verdict="identical", seconds=1.0
        ),
        Experiment(put_back=(), verdict="diverged", seconds=1.0),
    )
    said = f"With input {EVIL} as recorded the result comes again."
    found = Explanation(
        judgement=judgement(causes=(cause,)), helped=False, said=said, experiments=experiments
    )
    shown = explanation_card(found)
    assert "input a, module b, code c and 1 more  = identical" in shown.text
    assert "nothing  != diverged" in shown.text
    assert "as the project is now" in shown.text
    assert EVIL not in shown.html
