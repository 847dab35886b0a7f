"""The two screens: a terminal, and a notebook's output area."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from rich.progress import Progress

from mm_jupyter.cards import Rendered, runs_table
from mm_jupyter.cli import run_command
from mm_jupyter.cli.notebook import NotebookScreen
from mm_jupyter.cli.terminal import Segments, TerminalScreen


@pytest.fixture(scope="module")
def _shell() -> Iterator[None]:
    """A real shell, which is what displays."""
    InteractiveShell.instance()
    yield
    InteractiveShell.clear_instance()


@pytest.fixture
def displayed(_shell: None) -> Any:
    """``displayed(function)``: the MIME bundles that it displayed, and what it wrote to standard error."""

    def call(function: Any) -> tuple[list[dict[str, Any]], str]:
        with capture_output() as captured:
            function()
        return [output.data for output in captured.outputs], captured.stderr

    return call


def test_a_notebook_shows_html_with_its_text(displayed) -> None:
    view = runs_table([])
    bundles, _ = displayed(lambda: NotebookScreen().show(view))
    marker = {"application/vnd.mm_jupyter.view+json": {}}
    assert bundles == [{"text/plain": view.text, "text/html": view.html, **marker}]


def test_progress_turns_into_the_first_view_that_follows(displayed) -> None:
    screen = NotebookScreen()

    def work() -> None:
        with screen.progress() as step:
            step("churn/7", 1, 3)
            step("churn/7", 2, 3)
        screen.say("first")
        screen.say("second")

    bundles, _ = displayed(work)
    assert [bundle["text/plain"] for bundle in bundles] == [
        "churn/7: 1 of 3",
        "churn/7: 2 of 3",
        "first",
        "second",
    ]


def test_the_commands_serve_a_notebook(displayed, store) -> None:
    bundles, _ = displayed(lambda: run_command(["runs"], NotebookScreen()))
    assert "churn/3" in bundles[0]["text/html"]
    assert "churn/3" in bundles[0]["text/plain"]
    bundles, _ = displayed(lambda: run_command(["runs", "--json"], NotebookScreen()))
    assert len(json.loads(bundles[0]["text/plain"])) == 3


def test_an_error_in_a_notebook_is_one_sentence(displayed, store) -> None:
    bundles, err = displayed(lambda: run_command(["show", "churn/9"], NotebookScreen()))
    assert bundles == []
    assert err.startswith("There is no run churn/9.")
    assert "Traceback" not in err


def test_a_pipe_gets_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    view = Rendered(lines=((("a", "bad"), (" [b]b[/b] :smile: ", "strong")), ()), html="")
    TerminalScreen().show(view)
    assert capsys.readouterr().out == "a [b]b[/b] :smile:\n\n"


def test_a_long_line_is_never_cut_or_wrapped_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    TerminalScreen().show(Rendered(lines=((("x" * 500, "plain"),),), html=""))
    assert capsys.readouterr().out == "x" * 500 + "\n"


def test_no_progress_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalScreen().progress() as step:
        step("churn/7", 1, 3)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("done", "total", "full"), [(0, 5, 0), (2, 5, 2), (5, 5, 5), (50, 100, 20)]
)
def test_a_segment_a_cell(done: int, total: int, full: int) -> None:
    bar = Progress()
    bar.add_task("", total=total, completed=done)
    shown = Segments().render(bar.tasks[0])
    assert sum(span.style == "green" for span in shown.spans) == full
    assert len(shown.spans) == min(total, 40)
