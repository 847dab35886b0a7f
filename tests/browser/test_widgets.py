"""The widgets in a real JupyterLab, drawn by its own widget manager."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.lab import Lab, notebook, open_lab, run_cell, shoot

SHOWN = [
    ("card('churn/2')", ".mm-card", "churn/2"),
    (
        "history('experiment == \"churn\" and metrics.accuracy > 0.9')",
        ".mm-cards .mm-card",
        "churn/",
    ),
    ("compare('churn/1', 'churn/2')", ".mm-cmp", "max_depth"),
    ("verdict('churn/2')", ".mm-widget", "identical"),
    ("curve('churn/6')", ".mm-plot canvas", ""),
]


@pytest.fixture
def ready(page: Any, lab: Lab) -> Any:
    cells = ["%load_ext mm_jupyter", *(["1 + 1"] * 6)]
    nbformat.write(notebook(*cells), lab.root / "widgets.ipynb")
    open_lab(page, lab, path="widgets.ipynb")
    page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    run_cell(page, 0, "%load_ext mm_jupyter\nfrom mm_jupyter import widgets")
    return page


def test_each_widget_is_drawn_live(ready: Any) -> None:
    for at, (call, place, says) in enumerate(SHOWN, 1):
        run_cell(ready, at, f"widgets.{call}")
        output = ready.locator(".jp-CodeCell").nth(at).locator(".mm-widget")
        expect(output).to_be_visible(timeout=15_000)
        found = ready.locator(".jp-CodeCell").nth(at).locator(place).first
        expect(found).to_be_visible()
        if says:
            expect(found).to_contain_text(says)
        ready.locator(".jp-CodeCell").nth(at).scroll_into_view_if_needed()
        shoot(ready, f"widget-{call.split('(')[0]}")
    ready.locator(".mm-widget .mm-cmp").get_by_role("button", name="as base").click()
    expect(ready.locator(".mm-widget .mm-cmp thead")).to_contain_text("against churn/2")


def test_a_curve_grows_while_points_are_logged(ready: Any) -> None:
    run_cell(
        ready,
        1,
        "%%track streaming\nimport time, mm_jupyter as mm\nfrom IPython.display import display\n"
        "mm.log(0, loss=1.0)\nview = widgets.curve('streaming/1')\ndisplay(view)\n"
        "seen = []\nfor step in range(1, 30):\n    time.sleep(0.1)\n    mm.log(step, loss=1 / step)\n"
        "    seen.append(len(view.data['series'][0]['steps']) if view.data['series'] else 0)\n",
    )
    expect(ready.locator(".jp-CodeCell").nth(1).locator(".mm-plot canvas")).to_be_visible()
    run_cell(ready, 2, "print('grew' if 1 < seen[-1] and len(set(seen)) > 2 else seen)")
    expect(ready.locator(".jp-CodeCell").nth(2).locator(".jp-OutputArea")).to_contain_text("grew")
