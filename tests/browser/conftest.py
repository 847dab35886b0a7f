"""A JupyterLab over a notebook that was run and replayed, and a Chromium."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.browser.lab import (
    CELLS,
    FLAGS,
    Lab,
    chromium,
    execute,
    notebook,
    own_environment,
    start_lab,
    stop,
)


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("lab")
    root = home / "work"
    root.mkdir()
    environment = own_environment(home)
    nbformat.write(notebook("%load_ext mm_jupyter", *CELLS), root / "churn.ipynb")
    execute(root / "churn.ipynb", environment)
    mm = Path(sys.executable).with_name("mm")
    subprocess.run(
        [mm, "replay", "churn/2", "churn/4"],
        cwd=root,
        env=environment,
        check=True,
        capture_output=True,
    )
    lab = start_lab(root, environment)
    yield lab
    stop(lab.process)


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """Gone with these tests: as long as Playwright is there an event loop runs, and no other test could start one."""
    program = chromium()
    if program is None:
        pytest.skip("no Chromium here")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(
        timeout=20_000
    )  # what is to be seen, not how fast: a machine may have other work
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any, lab: Lab) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    yield page
    context.close()


@pytest.fixture(scope="session")
def axe(checkout: Path) -> str:
    """The accessibility checker's own source."""
    return (checkout / "js" / "node_modules" / "axe-core" / "axe.min.js").read_text()
