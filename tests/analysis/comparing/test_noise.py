"""Noise of real libraries is no difference, and a rule hides nothing beside it."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.animation import FuncAnimation
from matplotlib.figure import Figure
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from tqdm import tqdm

from mm_jupyter.analysis.comparing.matching import Tolerance
from mm_jupyter.analysis.comparing.noise import RULES, is_clock_name
from mm_jupyter.analysis.comparing.texts import match_texts

X = np.random.default_rng(0).normal(size=(120, 5))
Y = (X[:, 0] > 0).astype(int)


def printed(function: Callable[[], object]) -> str:
    """What a function prints."""
    text = io.StringIO()
    with redirect_stdout(text), redirect_stderr(text):
        function()
    return text.getvalue()


def in_shell(cell: str) -> str:
    shell = InteractiveShell()
    return printed(lambda: shell.run_cell(cell))


def svg() -> str:
    figure = Figure()
    axes = figure.subplots()
    axes.plot([1, 3, 2])
    axes.fill_between([0, 1], [1, 2], hatch="/")
    text = io.StringIO()
    figure.savefig(text, format="svg")
    return text.getvalue()


def animation() -> str:
    with mpl.rc_context({"backend": "agg"}):
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots(figsize=(0.5, 0.5))
        made = FuncAnimation(figure, lambda frame: axes.plot([frame]), frames=1)
        text = str(made.to_jshtml())
        plt.close(figure)
    return text


def progress() -> str:
    text = io.StringIO()
    bar = tqdm(total=3, file=text, desc="fit", mininterval=0, ncols=60)
    for _ in range(3):
        bar.update()
        bar.set_postfix(loss=0.25)
    bar.close()
    return text.getvalue()


def warned() -> str:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        LogisticRegression(max_iter=1).fit(X, Y)
    (warning,) = caught
    return warnings.formatwarning(
        warning.message, warning.category, warning.filename, warning.lineno
    )


def table() -> pd.DataFrame:
    return pd.DataFrame(cross_validate(LogisticRegression(), X, Y, cv=3))


def wide_table() -> str:
    frame = table().assign(**{f"another_column_{place}": place for place in range(4)})
    with pd.option_context("display.width", 80, "display.max_columns", 20):
        return repr(frame)


def search(verbose: int) -> Callable[[], object]:
    return GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=2, verbose=verbose).fit(X, Y).score


TREES: list[DecisionTreeClassifier] = []
"""Kept: a tree that is gone gives its address to the next."""


def tree_page() -> str:
    TREES.append(DecisionTreeClassifier(random_state=0).fit(X, Y))
    return str(TREES[-1]._repr_html_())


_alive: list[object] = []


def alive(value: object) -> object:
    """The value, kept until the end: the next one cannot get its address."""
    _alive.append(value)
    return value


REAL: dict[str, tuple[str, Callable[[], str]]] = {
    "repr": ("addresses", lambda: repr([alive(object()), LogisticRegression().fit])),
    "escaped repr": ("addresses", lambda: pd.DataFrame({"a": [alive(object())]}).to_html()),
    "estimator diagram": ("estimator ids", lambda: make_pipeline(StandardScaler())._repr_html_()),
    "Styler": ("Styler ids", lambda: pd.DataFrame({"a": [1, 2]}).style.highlight_max().to_html()),
    "SVG": ("SVG metadata, SVG ids", svg),
    "animation": ("animation ids", animation),
    "progress bar": ("progress bars, progress bars' times", progress),
    "forest": (
        "scikit-learn's times",
        lambda: printed(lambda: RandomForestClassifier(3, verbose=1, random_state=0).fit(X, Y)),
    ),
    "search": ("scikit-learn's times", lambda: printed(lambda: search(2))),
    "search with scores": ("scikit-learn's times", lambda: printed(lambda: search(3))),
    "pipeline": (
        "scikit-learn's times",
        lambda: printed(lambda: make_pipeline(StandardScaler(), verbose=True).fit(X)),
    ),
    "histogram boosting": (
        "scikit-learn's times",
        lambda: printed(
            lambda: HistGradientBoostingClassifier(verbose=2, max_iter=2, random_state=0).fit(X, Y)
        ),
    ),
    "t-SNE": (
        "scikit-learn's times",
        lambda: printed(
            lambda: TSNE(verbose=2, max_iter=250, random_state=0, perplexity=5).fit_transform(
                X[:30]
            )
        ),
    ),
    "boosting": (
        "scikit-learn's remaining time",
        lambda: printed(
            lambda: GradientBoostingClassifier(verbose=1, n_estimators=3, random_state=0).fit(X, Y)
        ),
    ),
    "tree's page": (
        "shortened addresses, estimator ids",
        tree_page,
    ),
    "search's page": (
        "estimator ids, scikit-learn's times in its pages",
        lambda: GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=2).fit(X, Y)._repr_html_(),
    ),
    "scores": ("time columns", lambda: repr(cross_validate(LogisticRegression(), X, Y, cv=3))),
    "scores as a frame": ("time columns", lambda: repr(table())),
    "scores as a frame in two blocks": ("time columns", wide_table),
    "scores as HTML": ("time columns", lambda: table().to_html()),
    "%%time": ("%%time", lambda: in_shell("%%time\nprint(sum(range(100000)))")),
    "%timeit": ("%timeit", lambda: in_shell("%timeit -n 10 -r 2 sum(range(1000))")),
}


def differing(make: Callable[[], str]) -> tuple[str, str]:
    """Two real outputs that differ: a short timing may be printed alike a few times."""
    first = make()
    for _ in range(50):
        second = make()
        if second != first:
            return first, second
    return first, re.sub(r"(\d)s\b", r"\g<1>7s", first)


@pytest.mark.parametrize("name", REAL)
def test_a_real_output_is_the_same_by_its_rule(name: str) -> None:
    rule, make = REAL[name]
    first, second = differing(make)
    assert first != second
    found = match_texts(first, second, Tolerance())
    assert (found.likeness, found.rule) == ("identical", rule)


@pytest.mark.parametrize("name", REAL)
def test_a_word_more_beside_the_noise_is_found(name: str) -> None:
    _, make = REAL[name]
    first, second = differing(make)
    for changed in (second + "\nanother line", "another line\n" + second):
        assert match_texts(first, changed, Tolerance()).likeness == "diverged"


# Kept as they were printed: statsmodels 0.15, lightgbm 4.6, keras 3.12, ipykernel 7.4, Python 3.11.
SUMMARY = """\
Method:                 Least Squares   F-statistic:                              15.04
Date:                Tue, 24 Nov 2026   Prob (F-statistic):                    1.38e-21
Time:                        21:13:22   Log-Likelihood:                         -256.00
"""
SUMMARY_HTML = """\
  <th>Date:</th>             <td>Tue, 24 Nov 2026</td> <th>  Prob (F-statistic):</th>          <td>1.38e-21</td>
</tr>
<tr>
  <th>Time:</th>                 <td>21:13:22</td>     <th>  Log-Likelihood:    </th>          <td> -256.00</td>
"""
SUMMARY_LATEX = r"""
\textbf{Date:}             & Tue, 24 Nov 2026 & \textbf{  Prob (F-statistic):} &  1.21e-40   \\
\textbf{Time:}             &     22:27:24     & \textbf{  Log-Likelihood:    } &   -31.634   \\
"""
LIGHTGBM = """\
[LightGBM] [Info] Number of positive: 147, number of negative: 153
[LightGBM] [Info] Auto-choosing col-wise multi-threading, the overhead of testing was 0.031864 seconds.
You can set `force_col_wise=true` to remove the overhead.
[LightGBM] [Info] Total Bins 1010
"""
LIGHTGBM_ROWS = """\
[LightGBM] [Info] Number of positive: 147, number of negative: 153
[LightGBM] [Info] Auto-choosing row-wise multi-threading, the overhead of testing was 0.000136 seconds.
You can set `force_row_wise=true` to remove the overhead.
And if memory is not enough, you can set `force_col_wise=true`.
[LightGBM] [Info] Total Bins 1010
"""
WARNING = "/tmp/ipykernel_4711/2236516223.py:3: UserWarning: careful\n  warnings.warn('careful')\n"
LIBRARY = (
    "/home/ann/env/lib/python3.11/site-packages/sklearn/linear_model/_logistic.py:473: "
    "ConvergenceWarning: lbfgs failed to converge after 1 iteration(s) (status=1):\n"
)
DIV = "0b64ae5c-1c4e-4f0b-9f0e-3f4f2c2d9a11"
PLOTLY = f'<div id="{DIV}"></div><script>Plotly.newPlot("{DIV}", [])</script>'


EPOCH = "2/2 - 2s - 903ms/step - accuracy: 0.2812 - loss: 0.7895\n"
BAR = "\x1b[32m━━━━━━━━━━\x1b[0m\x1b[37m━━━━━━━━━━\x1b[0m"
EPOCHS = (
    f"Epoch 1/2\n\r\x1b[1m1/2\x1b[0m {BAR} \x1b[1m1s\x1b[0m 1s/step - accuracy: 0.2812 - loss: 0.7527"
    + "\b" * 50
    + f"\r\x1b[1m2/2\x1b[0m {BAR} \x1b[1m2s\x1b[0m 633ms/step - accuracy: 0.2812 - loss: 0.7895\n"
)
ONE_STEP = f"Epoch 1/2\n\r\x1b[1m2/2\x1b[0m {BAR} \x1b[1m0s\x1b[0m 3ms/step - accuracy: 0.2812 - loss: 0.7895  \n"


@pytest.mark.parametrize(
    ("recorded", "replayed", "rule"),
    [
        (EPOCH, EPOCH.replace("2s - 903ms", "0s - 5ms"), "keras' times"),
        (EPOCHS, ONE_STEP, "progress bars, keras' times"),
        (
            SUMMARY,
            SUMMARY.replace("Tue, 24", "Wed, 25").replace("21:13:22", "09:00:01"),
            "statsmodels' date and time",
        ),
        (SUMMARY_HTML, SUMMARY_HTML.replace("21:13:22", "09:00:01"), "statsmodels' date and time"),
        (
            SUMMARY_LATEX,
            SUMMARY_LATEX.replace("Tue, 24", "Wed, 25").replace("22:27:24", "09:00:01"),
            "statsmodels' date and time",
        ),
        (LIGHTGBM, LIGHTGBM_ROWS, "LightGBM's times"),
        (WARNING, WARNING.replace("4711/2236516223", "9/17"), "cell's file"),
        (
            LIBRARY,
            LIBRARY.replace("/home/ann/env", "/tmp/x").replace(":473:", ":469:"),
            "warnings' paths",
        ),
        (PLOTLY, PLOTLY.replace("0b64ae5c", "11111111"), "HTML ids"),
        ("{'b', 'a'}\n", "{'a', 'b'}\n", "set order"),
        ("frozenset({('b', 1), ('a', 2)})", "frozenset({('a', 2), ('b', 1)})", "set order"),
        ("step 1\rstep 2\rdone  \n", "step 1\rdone  \n", "progress bars"),
        ("at 0x7f8abd50ca40>", "at 0x55aabbccddee>", "addresses"),
        ("0x7f8abd50ca40", "0x55aabbccddee", "bare addresses"),
    ],
)
def test_kept_outputs_are_the_same_by_their_rule(recorded: str, replayed: str, rule: str) -> None:
    found = match_texts(recorded, replayed, Tolerance())
    assert (found.likeness, found.rule) == ("identical", rule)
    assert match_texts(recorded, replayed + "x", Tolerance()).likeness == "diverged"


def test_every_rule_is_proven() -> None:
    proven = {name for rule, _ in REAL.values() for name in rule.split(", ")}
    proven |= {"statsmodels' date and time", "LightGBM's times", "cell's file", "warnings' paths"}
    proven |= {"HTML ids", "set order", "keras' times", "bare addresses"}
    assert {rule.name for rule in RULES} == proven


def test_a_real_warning_differs_by_its_place_only() -> None:
    text = warned()
    assert "ConvergenceWarning" in text
    moved = re.sub(
        r"^\S*/site-packages/(\S+):\d+:", r"/opt/env/lib/python3.12/site-packages/\1:7:", text
    )
    found = match_texts(text, moved, Tolerance())
    assert (found.likeness, found.rule) == ("identical", "warnings' paths")


@pytest.mark.parametrize(
    ("recorded", "replayed"),
    [
        ("colour 0xdeadbeef", "colour 0xdeadbeee"),
        ("[2, 1]", "[1, 2]"),
        ("{'a', 'b'}", "{'a', 'c'}"),
        ("{1: 'a', 2: 'b'}", "{2: 'b', 1: 'a'}"),
        ("latency: 5.2 ms", "latency: 5.3 ms"),
        ("took 3s", "took 4s"),
        ("arrival_time\n0 1.5\n", "arrival_time\n0 1.6\n"),
        ("Time: 3", "Time: 4"),
        (
            "fit: 100%|###| 3/3 [00:00<00:00, 9it/s, loss=0.2]",
            "fit: 100%|###| 3/3 [00:00<00:00, 9it/s, loss=0.3]",
        ),
        ("/data/a.py:1: note", "/data/b.py:1: note"),
        ("[CV] END C=1; total time=   0.1s", "[CV] END C=2; total time=   0.1s"),
        ("a\rb", "a\rc"),
        ("T_abcde", "T_abcdf"),
    ],
)
def test_what_only_looks_like_noise_is_found(recorded: str, replayed: str) -> None:
    assert match_texts(recorded, replayed, Tolerance()).likeness == "diverged"


def test_references_that_are_mixed_up_are_found() -> None:
    one = '<p id="T_aaaaa"></p><p id="T_bbbbb"></p><style>#T_aaaaa {}</style>'
    same = one.replace("aaaaa", "11111").replace("bbbbb", "22222")
    assert match_texts(one, same, Tolerance()).likeness == "identical"
    assert (
        match_texts(one, same.replace("#T_11111", "#T_22222"), Tolerance()).likeness == "diverged"
    )


@pytest.mark.parametrize(
    ("name", "measured"),
    [
        ("mean_fit_time", True),
        ("refit_time_", True),
        ("train_time", True),
        ("arrival_time", False),
        ("time", False),
        ("timeout", False),
    ],
)
def test_names_of_measured_times(name: str, measured: bool) -> None:
    assert is_clock_name(name) is measured


WARNED = "{}/cell.py:2: RuntimeWarning: Mean of empty slice\n  np.mean([])\n"


@pytest.mark.parametrize(
    ("recorded", "replayed", "likeness"),
    [
        (WARNED.format("/a") + "done\n", "done\n", "equivalent"),
        ("done\n", WARNED.format("/b") + "done\n", "equivalent"),
        (WARNED.format("/a") + "0.5\n", "0.6\n", "diverged"),
        ("a Warning: of mine\n", "", "diverged"),
    ],
)
def test_a_warning_shown_on_one_side_only_is_equivalent_by_its_rule(
    recorded: str, replayed: str, likeness: str
) -> None:
    found = match_texts(recorded, replayed, Tolerance())
    assert found.likeness == likeness
    assert found.rule == ("warnings shown once" if likeness == "equivalent" else None)
