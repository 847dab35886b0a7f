"""A terminal's sweep in the sidebar: watched while it runs, and compared when it has ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.lab import Lab, notebook, open_lab, shoot

CELLS = (
    "lr = 0.5\ndepth = 3",
    "import os, time\nwhile os.path.exists('wait.flag') and depth > 4:\n    time.sleep(0.1)\naccuracy = 1 - lr / depth",
)


@pytest.fixture
def sweep(lab: Lab) -> Iterator[subprocess.Popen[bytes]]:
    """A sweep of six points, two of which wait for a file to go."""
    folder = lab.root / "swept"
    folder.mkdir(exist_ok=True)
    made = notebook(*CELLS)
    made.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(made, folder / "churn.ipynb")
    (folder / ".mm").mkdir(exist_ok=True)
    (folder / "wait.flag").touch()
    words = [
        "sweep",
        "churn.ipynb",
        "-p",
        "lr",
        "0.5,0.25",
        "-p",
        "depth",
        "2:6:2",
        "--best",
        "accuracy",
    ]
    child = subprocess.Popen(
        [sys.executable, "-c", "from mm_jupyter.cli import main; main()", *words, "--jobs", "2"],
        cwd=folder, env=lab.environment, start_new_session=True,
    )  # fmt: skip
    yield child
    (folder / "wait.flag").unlink(missing_ok=True)
    child.kill()
    child.wait()


def test_a_sweep_is_watched_stopped_gone_on_with_and_compared(
    page: Any, lab: Lab, sweep: subprocess.Popen[bytes]
) -> None:
    open_lab(page, lab, path="swept/churn.ipynb", width=440)
    page.locator("#mm-tab-replays").click()
    body = page.locator("#mm-history .mm-body")
    group = body.locator(".mm-batch")
    expect(group).to_contain_text("churn.ipynb, 6 points", timeout=60_000)
    expect(group).to_contain_text("4 of 6", timeout=60_000)
    expect(group).to_contain_text("depth 6, lr 0.25")
    shoot(page, "sweep-running")
    os.killpg(sweep.pid, signal.SIGINT)
    sweep.wait(timeout=60)
    expect(group).to_contain_text("interrupted, 4 of 6", timeout=20_000)
    expect(group).to_contain_text("mm resume sweep-")
    (lab.root / "swept" / "wait.flag").unlink()
    subprocess.run(
        [sys.executable, "-c", "from mm_jupyter.cli import main; main()", "resume"],
        cwd=lab.root / "swept", env=lab.environment, check=True, timeout=120, capture_output=True,
    )  # fmt: skip
    expect(group).to_have_count(0, timeout=20_000)
    expect(body).to_contain_text("best accuracy churn/")
    shoot(page, "sweep-ended")
    body.get_by_role("button", name="Compare 6").click()
    expect(page.locator(".mm-cmp").first).to_contain_text("depth", timeout=20_000)
    shoot(page, "sweep-compared")
