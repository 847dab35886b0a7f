"""A real Jupyter server, without a browser, over a folder with two runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.lab import TOKEN, Lab, execute, notebook, start_lab

CELLS = (
    "%load_ext mm_jupyter",
    "%%track churn\ndepth = 3\naccuracy = 0.5 + depth / 10",
    """%%track churn
import mm_jupyter as mm
for step in range(5000):
    mm.log(step, loss=1 / (step + 1))
depth = 4
accuracy = 0.5 + depth / 10""",
    "%%track churn\nraise ValueError('no')",
)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    import nbformat

    home = tmp_path_factory.mktemp("server")
    root = home / "work"
    root.mkdir()
    environment = {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_TOKEN": TOKEN,
        "XDG_CONFIG_HOME": str(home / "config"),
        "JUPYTER_CONFIG_DIR": str(home / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    nbformat.write(notebook(*CELLS), root / "churn.ipynb")
    execute(root / "churn.ipynb", environment)
    server = start_lab(root, environment, program="jupyter_server")
    yield server
    server.process.terminate()
    server.process.wait(20)


@pytest.fixture
def secret(server: Lab) -> Path:
    """A file beside the folder that the server serves."""
    place = server.root.parent / "secret.ipynb"
    place.write_text("{}")
    return place
