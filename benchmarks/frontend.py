"""What the sidebar costs: the bytes it adds, how soon JupyterLab starts, and how soon 100,000 runs show and scroll.

    python benchmarks/frontend.py [--runs 100000] [--write]

Real JupyterLab servers and a real Chromium. ``--write`` puts the table into docs/frontend.md. The store is filled
through the writer, without blobs.
"""

from __future__ import annotations

import argparse
import gzip
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.lab import (  # noqa: E402
    FLAGS,
    TOKEN,
    chromium,
    notebook,
    own_environment,
    start_lab,
)
from tests.browser.many import fill  # noqa: E402

NOTE = """
The panel loads its first page while it is hidden, so a click finds the rows there. Asked for in the very moment in
which JupyterLab has restored itself, with everything else that a lab then asks its server for, the groups and the first
page of 100,000 runs took 724 ms (median of 5, once, by an earlier form of this script): above the budget.
Two full runs before it gave 36 and 32 ms more for the start, 157 and 159 ms for a finished cell, 6 and 0 of 120 frames
over 20 ms, 67 and 35 ms for the answer of a comparison and 189 and 243 ms for drawing one.
"""
"""What the table does not show."""

FRAMES = """async () => {
    const grid = document.querySelector('#mm-history .mm-grid');
    const times = [];
    let last = performance.now();
    for (let i = 0; i < 120; i++) {
        grid.scrollTop += 240;
        await new Promise(done => requestAnimationFrame(done));
        const now = performance.now();
        times.push(now - last);
        last = now;
    }
    return times;
}"""


OTHER_SCOPE = """async scope => {
    const select = document.querySelector('#mm-history select[aria-label=Scope]');
    const entries = () => performance.getEntriesByType('resource');
    const answers = () => entries().filter(one => one.name.includes('/mm/api/runs')).length;
    const [start, before] = [performance.now(), answers()];
    Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value').set.call(select, scope);
    select.dispatchEvent(new Event('change', {bubbles: true}));
    const shown = name => document.querySelector('#mm-history .mm-' + name);
    while (answers() === before || shown('ghost') || !shown('run'))
        await new Promise(done => setTimeout(done, 5));
    return performance.now() - start;
}"""


def environment(home: Path, *, with_us: bool) -> dict[str, str]:
    return own_environment(home, disabled=() if with_us else ("mm_jupyter",))


def start_times(browser: Any, url: str, rounds: int) -> list[float]:
    """Milliseconds from the request of the page to a restored lab, each in a fresh context."""
    times = []
    for _ in range(rounds):
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{url}lab?token={TOKEN}&reset")
        page.wait_for_function("window.jupyterapp && window.jupyterapp.restored")
        times.append(page.evaluate("window.jupyterapp.restored.then(() => performance.now())"))
        context.close()
    return times


def bytes_added() -> tuple[int, int]:
    static = ROOT / "mm_jupyter" / "labextension" / "static"
    lab = sum(len(gzip.compress(file.read_bytes())) for file in static.glob("*.js"))
    return lab, len(gzip.compress((ROOT / "mm_jupyter" / "static" / "widget.js").read_bytes()))


def measure(runs: int) -> list[tuple[str, str, str]]:
    from playwright.sync_api import sync_playwright

    rows: list[tuple[str, str, str]] = []
    lab_bytes, widget_bytes = bytes_added()
    rows.append(("labextension, gzipped", f"{lab_bytes / 1000:.0f} kB", "<= 150 kB"))
    rows.append(("widget bundle, gzipped", f"{widget_bytes / 1000:.0f} kB", "<= 60 kB"))
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        home = Path(name)
        root = home / "work"
        root.mkdir()
        nbformat.write(notebook("%load_ext mm_jupyter", "1 + 1"), root / "many.ipynb")
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        without = start_lab(root, environment(home / "a", with_us=False))
        lab = start_lab(root, environment(home / "b", with_us=True))
        try:
            pairs: dict[str, list[float]] = {"without": [], "with": []}
            for _ in range(5):
                pairs["without"] += start_times(browser, without.url, 1)
                pairs["with"] += start_times(browser, lab.url, 1)
            middle = {key: statistics.median(times) for key, times in pairs.items()}
            spread = f"{middle['with'] - middle['without']:+.0f} ms of {middle['without']:.0f} ms"
            rows.append(("JupyterLab's start, median of 5", spread, "<= 100 ms"))
            rows.append(finished_cell(browser, lab))
            fill(root, runs)
            rows += many(browser, lab, runs)
        finally:
            browser.close()
            for server in (without, lab):
                server.process.terminate()
                server.process.wait(20)
    return rows


def opened(browser: Any, lab: Any) -> Any:
    page = browser.new_context(viewport={"width": 1280, "height": 860}).new_page()
    page.goto(f"{lab.url}lab/tree/many.ipynb?token={TOKEN}&reset")
    page.wait_for_function("window.jupyterapp && window.jupyterapp.restored")
    page.wait_for_selector(".jp-NotebookPanel .jp-Notebook")
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.ready")
    return page


def finished_cell(browser: Any, lab: Any) -> tuple[str, str, str]:
    """From the end of a cell's execution to its row in the sidebar."""
    page = opened(browser, lab)
    page.evaluate("window.jupyterapp.commands.execute('mm:open')")
    times = []
    for number in range(6):
        took = page.evaluate(
            """async source => {
                const app = window.jupyterapp;
                const content = app.shell.currentWidget.content;
                if (source.number === 0) {
                    content.activeCellIndex = 0;
                    await app.commands.execute('notebook:run-cell');
                }
                content.activeCellIndex = 1;
                content.widgets[1].model.sharedModel.setSource('%%track quick\\nx = 1.5 * ' + source.number);
                await app.commands.execute('notebook:run-cell');
                const start = performance.now();
                const wanted = `.mm-run[aria-label^="quick/${source.number + 1},"]`;
                while (!document.querySelector(wanted) && performance.now() - start < 10000)
                    await new Promise(done => setTimeout(done, 5));
                return performance.now() - start;
            }""",
            {"number": number},
        )
        times.append(took)
    page.context.close()
    return (
        "a finished cell in the sidebar, median of 5",
        f"{statistics.median(times[1:]):.0f} ms",
        "<= 500 ms",
    )


def many(browser: Any, lab: Any, runs: int) -> list[tuple[str, str, str]]:
    rows = []
    opens = []
    for _ in range(5):
        page = opened(browser, lab)
        page.wait_for_timeout(2000)  # the lab's own start is another row
        took = page.evaluate(
            """async () => {
                const start = performance.now();
                await window.jupyterapp.commands.execute('mm:open');
                while (!document.querySelector('#mm-history .mm-run'))
                    await new Promise(done => setTimeout(done, 5));
                return performance.now() - start;
            }"""
        )
        opens.append(took)
        if len(opens) < 5:
            page.context.close()
    rows.append(
        (
            f"history of {runs:,} runs: from the click to its rows, median of 5",
            f"{statistics.median(opens):.0f} ms",
            "<= 300 ms",
        )
    )
    asked = [page.evaluate(OTHER_SCOPE, scope) for scope in ["workspace", "notebook"] * 3]
    rows.append(
        (
            f"the same, asked of the server then (another scope), median of {len(asked)}",
            f"{statistics.median(asked):.0f} ms",
            "<= 300 ms",
        )
    )
    frames = page.evaluate(FRAMES)
    late = sum(frame > 20 for frame in frames)
    rows.append(
        (
            f"scrolling {runs:,} runs, 120 frames",
            f"median {statistics.median(frames):.1f} ms, {late} over 20 ms",
            "60 frames a second",
        )
    )
    compared = []
    names = ",".join(f"sweep0/{i}" for i in range(1, 101))
    for _ in range(5):
        start = time.perf_counter()
        lab.ask(f"compare?path=many.ipynb&runs={names}")
        compared.append((time.perf_counter() - start) * 1000)
    rows.append(
        (
            "comparing 100 runs with 50 params: the answer, median of 5",
            f"{statistics.median(compared):.0f} ms",
            "<= 500 ms",
        )
    )
    start_page = page.evaluate(
        """async runs => {
            const start = performance.now();
            await window.jupyterapp.commands.execute('mm:compare', {runs});
            while (!document.querySelector('.mm-cmp')) await new Promise(done => setTimeout(done, 5));
            return performance.now() - start;
        }""",
        names.split(","),
    )
    rows.append(("the same, drawn in the main area, once", f"{start_page:.0f} ms", "<= 500 ms"))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    rows = measure(given.runs)
    table = "\n".join(
        [
            "| what | measured | budget |",
            "|---|---|---|",
            *(f"| {' | '.join(row)} |" for row in rows),
        ]
    )
    print(table)
    if given.write:
        version = subprocess.run(
            [chromium() or "", "--version"], capture_output=True, text=True, check=False
        ).stdout.strip()
        head = (
            "# What the sidebar costs\n\n"
            f"Made by `python benchmarks/frontend.py --runs {given.runs} --write` on {os.cpu_count()} cores, "
            f"{platform.system()}, Python {platform.python_version()}, {version}, "
            f"load {os.getloadavg()[0]:.1f} at the end.\n\n"
        )
        (ROOT / "docs" / "frontend.md").write_text(head + table + "\n" + NOTE, "utf-8")


if __name__ == "__main__":
    main()
