"""Noise: what chance does to a run's metrics, and what that does to judgements."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest

import mm_jupyter as mm
from mm_jupyter.api import runs
from mm_jupyter.cards import noise_card, run_page
from mm_jupyter.errors import BadInput, CannotReplay
from tests.browser.lab import execute, notebook


def ran(project: Path, *cells: str) -> None:
    nbformat.write(notebook("%load_ext mm_jupyter", *cells), project / "n.ipynb")
    execute(project / "n.ipynb", dict(os.environ))


def test_seeds_written_down_and_never_set_move_the_metrics_and_threads_do_not(
    project: Path,
) -> None:
    ran(
        project,
        "import random\nimport numpy as np\nrng = np.random.default_rng(4)",
        "%%track draws\nscore = rng.random() * 2\nerror = random.random() * 2\nfixed_loss = 3.0 * 2",
    )
    found = mm.noise("draws/1", seeds=3, threads=(1, 2))
    assert [one.seed for one in found.replays] == [1, 2, 3, None, None]
    assert [one.threads for one in found.replays] == [None, None, None, 1, 2]
    spreads = {one.metric: one for one in found.spreads}
    for name in ("score", "error"):
        seeded, threaded = spreads[name].values[:3], spreads[name].values[3:]
        assert len({*seeded, spreads[name].recorded}) == 4
        assert set(threaded) == {spreads[name].recorded}
        assert spreads[name].low <= spreads[name].mean <= spreads[name].high
        assert spreads[name].deviation > 0
    assert spreads["fixed_loss"].deviation == 0
    assert {"default_rng(4)", "random"} <= {one.removeprefix("np.random.") for one in found.seeds}
    # It is kept with the run, and measured again it gives the same: seeds are counted, not drawn.
    row = mm.show("draws/1").row
    assert row.noise["score"] == spreads["score"].deviation
    assert mm.last_noise("draws/1") == found
    assert mm.noise("draws/1", seeds=3).spreads[0].values == spreads["score"].values[:3]
    assert "+-" in run_page(mm.show("draws/1")).text
    assert noise_card(found).text.startswith("draws/1  Other seeds and threads move")


def test_a_difference_within_the_noise_is_no_judgement(project: Path) -> None:
    cell = "%%track draws\nimport random\nrandom.seed({})\nscore = 1 + random.random() / 1000 + {} * 1.0"
    ran(project, cell.format(1, 0), cell.format(3, 0))  # these two draws lie close together
    mm.noise("draws/1", seeds=4)
    assert "within noise" in run_page(mm.show("draws/2"), runs.card("draws/2")).text
    ran(project, cell.format(3, 1))
    assert "better" in run_page(mm.show("draws/3"), runs.card("draws/3")).text


def test_seeds_in_a_module_are_named_as_not_varied(project: Path) -> None:
    (project / "helper.py").write_text(
        "import random\ndef draw():\n    return random.Random(seed := 3).random()\n\nSEED = 4\n"
    )
    ran(project, "%%track m\nimport helper\nscore = helper.draw() * 2")
    found = mm.noise("m/1", seeds=2)
    assert [(one.name, one.why) for one in found.not_varied] == [
        ("SEED = 4", "it stands in helper.py")
    ]


def test_where_nothing_is_random_no_replay_is_wasted(project: Path) -> None:
    ran(project, "%%track calm\nscore = 3.0 * 2")
    found = mm.noise("calm/1")
    assert (found.replays, found.spreads) == ((), ())
    assert "Nothing random" in found.said


def test_replays_that_fail_are_counted_and_all_failing_is_an_error(project: Path) -> None:
    ran(
        project,
        "%%track odd\nimport random\nseed = 0\nscore = random.Random(seed).random()\n"
        "assert seed in (0, 2 * 1009), 'odd'",
    )
    found = mm.noise("odd/1", seeds=3)
    assert [one.failed for one in found.replays] == [
        "AssertionError: odd", None, "AssertionError: odd",
    ]  # fmt: skip
    assert found.said.endswith("2 of 3 replays failed.")
    with pytest.raises(CannotReplay, match="AssertionError: odd"):
        mm.noise("odd/1", seeds=1)


@pytest.mark.parametrize("asked", [{"seeds": 0}, {"seeds": -1}, {"threads": (0,)}])
def test_nothing_to_vary_is_a_sentence(project: Path, asked) -> None:
    with pytest.raises(BadInput):
        mm.noise("any/1", **asked)
