"""The same extension in Notebook 7."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.lab import TOKEN, Lab, shoot, start_lab, stop


@pytest.fixture
def seven(lab: Lab) -> Iterator[Lab]:
    server = start_lab(lab.root, lab.environment, program="notebook")
    yield server
    stop(server.process)


def test_notebook_seven_has_the_panel_the_badges_and_the_run(page: Any, seven: Lab) -> None:
    page.goto(f"{seven.url}notebooks/churn.ipynb?token={TOKEN}")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    expect(page.locator(".mm-badge", has_text="churn/2")).to_be_visible(timeout=20_000)
    page.wait_for_function("window.jupyterapp")
    page.evaluate("window.jupyterapp.commands.execute('mm:open')")
    expect(page.locator("#mm-history .mm-run").first).to_be_visible(timeout=20_000)
    shoot(page, "notebook-seven")
    page.locator(".mm-badge button", has_text="churn/2").click()
    expect(page.locator("#mm-history h2")).to_have_text("churn/2")
