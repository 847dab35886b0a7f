"""The sidebar where things are not as usual: many runs, a running one, other themes, a store that cannot be read."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.lab import Lab, execute, notebook, open_lab, run_cell, shoot
from tests.browser.many import fill

HOLD = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("PRAGMA locking_mode = EXCLUSIVE")
held.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""
LONG = "a-name-of-an-experiment-that-goes-on-and-on-and-on-and-on-until-somebody-stops-it"


def text(page: Any) -> Any:
    return page.locator("#mm-history .mm-body")


def folder(lab: Lab, name: str, runs: int = 0) -> Path:
    """A folder with a notebook and, where it has runs, a store of its own below the lab's."""
    made = lab.root / name
    made.mkdir()
    nbformat.write(notebook("%load_ext mm_jupyter", "1 + 1"), made / "many.ipynb")
    if runs:
        with tempfile.TemporaryDirectory() as aside:
            fill(Path(aside), runs, started=time.time() - 90_000)
            shutil.move(Path(aside) / ".mm", made / ".mm")
    return made


def test_a_thousand_runs_are_virtual_rows_and_keys_reach_the_last(page: Any, lab: Lab) -> None:
    folder(lab, "thousand", 1000)
    open_lab(page, lab, path="thousand/many.ipynb", width=440)
    expect(page.locator("#mm-history .mm-run").first).to_be_visible()
    assert page.locator("#mm-history .mm-run").count() < 80
    expect(page.locator("#mm-history .mm-foot")).to_contain_text("1,000 runs, 5 experiments")
    shoot(page, "thousand")
    page.get_by_role("treegrid").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    expect(page.locator('#mm-history .mm-run[aria-label^="sweep0/1,"]')).to_be_visible()


def test_past_two_thousand_runs_the_thumb_says_where_one_is(page: Any, lab: Lab) -> None:
    folder(lab, "thousands", 2500)
    open_lab(page, lab, path="thousands/many.ipynb", width=440)
    expect(page.locator("#mm-history .mm-run").first).to_be_visible()
    expect(page.locator("#mm-history .mm-foot")).to_contain_text("compact rows")
    page.locator("#mm-history .mm-grid").hover()
    for _ in range(4):
        page.mouse.wheel(0, 1200)
        page.wait_for_timeout(120)
    expect(page.locator("#mm-history .mm-thumb")).to_contain_text("sweep")
    shoot(page, "compact")


@pytest.mark.parametrize(
    "theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"]
)
def test_axe_finds_no_serious_fault_in_any_theme(page: Any, lab: Lab, axe: str, theme: str) -> None:
    open_lab(page, lab, theme=theme, width=440)
    expect(page.locator("#mm-history .mm-run").first).to_be_visible()
    if "Contrast" in theme:
        shoot(page, "history-high-contrast")
    page.evaluate(axe)
    report = page.evaluate("() => axe.run('#mm-history')")
    assert [
        f"{one['id']}: {one['nodes'][0]['html'][:160]}"
        for one in report["violations"]
        if one["impact"] in ("serious", "critical")
    ] == []


def test_a_running_run_says_its_step_and_how_far_it_is(page: Any, lab: Lab) -> None:
    folder(lab, "going")
    open_lab(page, lab, path="going/many.ipynb", width=440)
    run_cell(page, 0, "%load_ext mm_jupyter")
    loop = (
        "%%track going\nimport time\nimport mm_jupyter as mm\nfor step in range(1, 41):\n"
        "    time.sleep({})\n    mm.log(step, loss=1 / step)"
    )
    run_cell(page, 1, loop.format(0.001))
    expect(page.locator('#mm-history .mm-run[aria-label^="going/1,"]')).to_be_visible()
    page.evaluate(
        """source => {
            const app = window.jupyterapp;
            const panel = app.shell.currentWidget;
            panel.content.activeCellIndex = 1;
            panel.content.widgets[1].model.sharedModel.setSource(source);
            void app.commands.execute('notebook:run-cell');
        }""",
        loop.format(0.15),
    )
    row = page.locator('#mm-history .mm-run[aria-label^="going/2,"]')
    expect(row).to_contain_text("of 40", timeout=10_000)
    expect(row.locator(".mm-progress")).to_be_visible()
    shoot(page, "running")
    expect(row.locator(".mm-progress")).to_be_hidden(timeout=20_000)


def test_names_that_go_on_and_on_leave_numbers_and_verdicts_in_place(page: Any, lab: Lab) -> None:
    folder(lab, "long")
    open_lab(page, lab, path="long/many.ipynb", width=300)
    run_cell(page, 0, "%load_ext mm_jupyter")
    for value in (1, 2):
        run_cell(
            page,
            1,
            f"%%track {LONG} -t {'t' * 60}={'v' * 60}\n{'p' * 70} = {value}\naccuracy = 0.5",
        )
    row = page.locator(f'#mm-history .mm-run[aria-label^="{LONG}/2,"]')
    expect(row).to_be_visible()
    inside = page.evaluate(
        """() => [...document.querySelectorAll('.mm-run .mm-value, .mm-run .mm-cell-verdict')].every(one => {
            const own = one.getBoundingClientRect();
            const panel = document.querySelector('#mm-history').getBoundingClientRect();
            return own.width > 10 && own.right <= panel.right + 1;
        })"""
    )
    assert inside
    shoot(page, "long-names")


@pytest.fixture
def broken(lab: Lab) -> Iterator[Callable[[str], Path]]:
    """A store of its own, whose file a test then spoils."""
    made: list[Path] = []

    def make(name: str) -> Path:
        made.append(folder(lab, name, 5))
        return made[-1]

    yield make
    for place in made:
        shutil.rmtree(place)


def test_a_store_of_a_newer_version_gets_a_sentence(
    page: Any, lab: Lab, broken: Callable[[str], Path]
) -> None:
    place = broken("newer")
    with sqlite3.connect(place / ".mm" / "store.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    open_lab(page, lab, path="newer/many.ipynb")
    expect(text(page)).to_contain_text("was written by a newer mm_jupyter")
    expect(text(page)).to_contain_text("store-too-new")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    shoot(page, "too-new")


def test_a_locked_store_gets_a_sentence_and_comes_back(
    page: Any, lab: Lab, broken: Callable[[str], Path]
) -> None:
    place = broken("locked")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place / ".mm" / "store.db")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    try:
        open_lab(page, lab, path="locked/many.ipynb")
        expect(text(page)).to_contain_text("The store is locked", timeout=30_000)
        shoot(page, "locked")
    finally:
        holder.communicate()
    # It is looked at again by itself.
    expect(page.locator("#mm-history .mm-run").first).to_be_visible(timeout=30_000)


def test_a_store_that_goes_while_it_is_shown_takes_its_runs_with_it(
    page: Any, lab: Lab, broken: Callable[[str], Path]
) -> None:
    place = broken("gone")
    open_lab(page, lab, path="gone/many.ipynb")
    expect(page.locator("#mm-history .mm-run").first).to_be_visible()
    shutil.rmtree(place / ".mm")
    expect(page.locator('#mm-history .mm-run[aria-label^="sweep"]')).to_have_count(
        0, timeout=15_000
    )


GROW = """%%track trees
model = RandomForestClassifier(n_estimators={}, random_state=1).fit(X_train, y_train)
accuracy = model.score(X_test, y_test)"""
NOISY = (
    """from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0)""",
    GROW.format(2),
    GROW.format(20),
)


def test_noise_stands_beside_what_it_moves(page: Any, lab: Lab) -> None:
    made = lab.root / "noisy"
    made.mkdir()
    nbformat.write(notebook("%load_ext mm_jupyter", *NOISY), made / "trees.ipynb")
    execute(made / "trees.ipynb", lab.environment)
    mm = Path(sys.executable).with_name("mm")
    measure = [mm, "noise", "trees/2", "--seeds", "4"]
    subprocess.run(measure, cwd=made, env=lab.environment, check=True, capture_output=True)
    open_lab(page, lab, path="noisy/trees.ipynb", width=440)
    line = page.locator('#mm-history .mm-run[aria-label^="trees/2,"]')
    expect(line).to_be_visible()
    expect(line.locator("line.mm-noise")).to_have_count(1)
    shoot(page, "noise-history")
    line.locator(".mm-main b").first.click()
    bar = text(page).get_by_role("img", name="plus or minus")
    expect(bar.first).to_be_visible()
    expect(bar.first).to_have_attribute("aria-label", re.compile(r"plus or minus .*; parent "))
    shoot(page, "noise-run")


LEVEL = """%%track level
import os
level = float(os.environ.get('SKLEARN_LEVEL', '4'))
accuracy = level / 10"""


def test_a_run_that_diverged_is_explained_by_a_click(page: Any, lab: Lab) -> None:
    made = lab.root / "other"
    made.mkdir()
    nbformat.write(notebook("%load_ext mm_jupyter", LEVEL), made / "level.ipynb")
    execute(made / "level.ipynb", {**lab.environment, "SKLEARN_LEVEL": "3"})
    mm = Path(sys.executable).with_name("mm")
    replay = [mm, "replay", "level/1"]
    done = subprocess.run(replay, cwd=made, env=lab.environment, check=False, capture_output=True)
    assert done.returncode == 1
    open_lab(page, lab, path="other/level.ipynb", width=440)
    page.locator('#mm-history .mm-run[aria-label^="level/1,"] .mm-main b').first.click()
    verdict = page.locator("#mm-verdict")
    expect(verdict).to_contain_text("suspected")
    page.get_by_role("button", name="Explain").click()
    told = page.locator("#mm-history .mm-done", has_text="explain")
    expect(told).to_contain_text("With variable SKLEARN_LEVEL as recorded", timeout=90_000)
    shoot(page, "explained")
    told.click()
    expect(verdict).to_contain_text("confirmed by a replay")
    shoot(page, "explained-run")
