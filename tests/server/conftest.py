"""A real Jupyter server, without a browser, over a folder with two runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.lab import Lab, execute, notebook, own_environment, start_lab, stop

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
    environment = own_environment(home)
    nbformat.write(notebook(*CELLS), root / "churn.ipynb")
    execute(root / "churn.ipynb", environment)
    server = start_lab(root, environment, program="jupyter_server")
    yield server
    stop(server.process)


@pytest.fixture
def secret(server: Lab) -> Path:
    """A file beside the folder that the server serves."""
    place = server.root.parent / "secret.ipynb"
    place.write_text("{}")
    return place
