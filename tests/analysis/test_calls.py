"""Which changed defaults touch a run: those of what it calls, where it does not give the parameter itself."""

from __future__ import annotations

import pytest

from mm_jupyter.analysis.calls import calls, changed_defaults

OLD = {"sklearn.cluster.KMeans": {"n_init": "10", "tol": "0.1"}, "pandas.read_csv": {"sep": "','"}}
NEW = {
    "sklearn.cluster.KMeans": {"n_init": "'auto'", "tol": "0.1"},
    "pandas.read_csv": {"sep": "None"},
}


def test_calls_are_dotted_names_with_their_keywords() -> None:
    found = {
        ".".join(call.path): call.keywords
        for call in calls("a.b.C(1, x=2)\nf()(3)\nd[0].g()\nh(**k)")
    }
    assert found == {"a.b.C": {"x"}, "f": frozenset(), "h": frozenset()}


@pytest.mark.parametrize("source", ["def (", "%%bash\necho 1", "\0"])
def test_what_is_no_python_calls_nothing(source: str) -> None:
    assert [call for call in calls(source) if call.path[0] != "get_ipython"] == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("km = KMeans(8)", ["KMeans(n_init)"]),
        ("km = cluster.KMeans(8, n_init=3)", []),
        ("KMeans(8, n_init=3)\nKMeans(4)", ["KMeans(n_init)"]),
        ("%%track a\npd.read_csv('x')", ["read_csv(sep)"]),
        ("x = 1", []),
    ],
)
def test_only_the_defaults_that_a_recipe_relies_on_are_named(source: str, said: list[str]) -> None:
    assert [one.short for one in changed_defaults(OLD, NEW, [source])] == said


def test_a_parameter_that_came_or_went_has_no_default_on_that_side() -> None:
    (one,) = changed_defaults({"m.f": {"a": "1"}}, {"m.f": {}}, ["f()"])
    assert (one.old, one.new) == ("1", None)
