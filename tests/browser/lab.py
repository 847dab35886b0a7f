"""A real JupyterLab, and how a test walks in it. Screenshots go to SCREENSHOTS where it is set."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

FLAGS = (
    "--no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
TOKEN = "a-token-of-the-tests"
CHURN = """%%track churn -t stage=baseline
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.model_selection import train_test_split
X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
max_depth = {depth}
n_estimators = {trees}
model = GradientBoostingClassifier(max_depth=max_depth, n_estimators=n_estimators, random_state=0).fit(X_train, y_train)
accuracy = model.score(X_test, y_test)
"""

CURVE = """
import mm_jupyter as mm
for step in range(60):
    mm.log(step, log_loss=0.7 * 0.95**step + 0.01 * (step % 3))
import matplotlib.pyplot as plt
plt.figure(figsize=(4, 2))
plt.bar(range(5), model.feature_importances_[:5]);
"""
CELLS = (
    *(
        CHURN.format(depth=depth, trees=trees)
        for depth, trees in [(1, 20), (2, 20), (2, 40), (3, 40)]
    ),
    "%%track churn --note 'the data had a hole'\nraise ValueError('Input X contains NaN')",
    CHURN.format(depth=4, trees=40) + CURVE,
    """%%track segments
from sklearn.cluster import KMeans
km = KMeans(4, n_init=1, random_state=0).fit(X)
inertia = km.inertia_""",
)


def chromium() -> str | None:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    return None


@dataclass
class Lab:
    """A running JupyterLab over ``root``, which holds ``churn.ipynb`` and its store."""

    url: str
    root: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    port: int

    def ask(
        self, route: str, method: str = "GET", body: Any = None, token: str | None = TOKEN
    ) -> Any:
        """A request to a route of ours; returns status, headers, body."""
        request = urllib.request.Request(f"{self.url}mm/api/{route}", method=method)
        if token:
            request.add_header("Authorization", f"token {token}")
        if body is not None:
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read()

    def get(self, route: str) -> Any:
        status, _, said = self.ask(route)
        assert status == 200, said
        return json.loads(said)


def notebook(*cells: str) -> nbformat.NotebookNode:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    return made


def own_environment(home: Path, disabled: tuple[str, ...] = ()) -> dict[str, str]:
    """Variables that keep a Jupyter server and its kernels within ``home``; ``disabled`` are extensions it has not."""
    settings = home / "jupyter" / "labconfig"
    settings.mkdir(parents=True)
    named = dict.fromkeys(["@jupyterlab/apputils-extension:announcements", *disabled], True)
    (settings / "page_config.json").write_text(json.dumps({"disabledExtensions": named}))
    return {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_TOKEN": TOKEN,
        "XDG_CONFIG_HOME": str(home / "config"),
        "JUPYTER_CONFIG_DIR": str(home / "jupyter"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
    }


def execute(path: Path, environment: dict[str, str], order: Sequence[int] | None = None) -> None:
    """Run a notebook as JupyterLab does - each message names its cell - and save its outputs. ``order``: the places of
    the cells that are clicked, one after another; else all of them."""
    code = """
import json, sys, nbformat
from jupyter_client.manager import start_new_kernel
path = sys.argv[1]
notebook = nbformat.read(path, 4)
manager, client = start_new_kernel()
places = json.loads(sys.argv[2]) or range(len(notebook.cells))
for count, cell in enumerate((notebook.cells[place] for place in places), 1):
    cell.outputs = []
    content = {'code': cell.source, 'silent': False, 'store_history': True, 'user_expressions': {},
               'allow_stdin': False, 'stop_on_error': False}
    message = client.session.msg('execute_request', content, metadata={'cellId': cell.id})
    client.shell_channel.send(message)
    cell.execution_count = count
    while True:
        said = client.get_iopub_msg(timeout=120)
        if said['parent_header'].get('msg_id') != message['header']['msg_id']:
            continue
        if said['msg_type'] == 'status' and said['content']['execution_state'] == 'idle':
            break
        if said['msg_type'] in ('stream', 'display_data', 'execute_result', 'error'):
            cell.outputs.append(nbformat.v4.output_from_msg(said))
manager.shutdown_kernel()
nbformat.write(notebook, path)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), json.dumps(order)],
        cwd=path.parent,
        env={**environment, "JPY_SESSION_NAME": str(path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def start_lab(
    root: Path, environment: dict[str, str], port: int = 0, program: str = "jupyterlab"
) -> Lab:
    runtime = Path(environment["JUPYTER_RUNTIME_DIR"])
    log = (root.parent / "lab.log").open("ab")
    process = subprocess.Popen(
        [sys.executable, "-m", program, "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
         f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--LabApp.expose_app_in_browser=True",
         "--JupyterNotebookApp.expose_app_in_browser=True",
         "--LabApp.extension_manager=readonly", "--LanguageServerManager.autodetect=False",
         f"--ServerApp.root_dir={root}"],
        cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=log,
    )  # fmt: skip
    log.close()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for file in runtime.glob(f"jpserver-{process.pid}.json"):
            try:
                said = json.loads(file.read_text())
            except ValueError:
                continue
            return Lab(said["url"], root, environment, process, said["port"])
        assert process.poll() is None, (root.parent / "lab.log").read_text()[-3000:]
        time.sleep(0.1)
    raise TimeoutError((root.parent / "lab.log").read_text()[-3000:])


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server. At times a worker thread of anyio keeps Jupyter's process alive: that is nobody's failure here."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def open_lab(
    page: Any,
    lab: Lab,
    path: str = "churn.ipynb",
    *,
    theme: str = "JupyterLab Light",
    width: int | None = None,
) -> None:
    """JupyterLab with a notebook and our panel open."""
    page.goto(f"{lab.url}lab/tree/{path}?token={TOKEN}&reset")
    page.wait_for_function("window.jupyterapp && window.jupyterapp.restored")
    page.evaluate("window.jupyterapp.restored")
    page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})",
        theme,
    )
    page.evaluate("window.jupyterapp.commands.execute('mm:open')")
    page.wait_for_selector("#mm-history .mm-tabs")
    if path.endswith(".ipynb"):
        page.wait_for_selector(".jp-NotebookPanel .jp-Notebook")
        page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.ready")
    if width is not None:
        page.evaluate("""width => {
            const split = document.querySelector('#jp-main-split-panel');
            const shell = window.jupyterapp.shell;
            const panel = shell._hsplitPanel;
            const all = panel.node.clientWidth;
            panel.setRelativeSizes([width, all - width, 0]);
        }""", width)  # fmt: skip


def shoot(page: Any, name: str) -> None:
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def run_cell(page: Any, index: int, source: str) -> None:
    """Write a cell of the notebook in front, and run it to its end."""
    page.evaluate(
        """async ([index, source]) => {
            const app = window.jupyterapp;
            const panel = app.shell.currentWidget;
            await panel.sessionContext.ready;
            panel.content.activeCellIndex = index;
            panel.content.widgets[index].model.sharedModel.setSource(source);
            await app.commands.execute('notebook:run-cell');
        }""",
        [index, source],
    )
