"""The notebook's front door: the line above a cell, and the commands."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from mm_jupyter.api import runs
from mm_jupyter.magics import split_track_line
from mm_jupyter.workspace import find

Cells = Callable[..., str]


def _transformed(cell: str) -> str:
    manager = TransformerManager()
    manager.cleanup_transforms.append(split_track_line)
    return str(manager.transform_cell(cell))


def _track(line: str) -> str:
    return f"get_ipython().run_line_magic('track', {line!r})\n"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("%%track churn\nx = 1\n", _track("churn") + "x = 1\n"),
        ("%%track\nx = 1\n", _track("") + "x = 1\n"),
        ("\n\n%%track churn -t a=b\nx = 1\n", _track("churn -t a=b") + "x = 1\n"),
        ("%%track churn\n", _track("churn")),
        ("%%track churn", _track("churn")),
        ("%%track churn --note 'why?'\nx\n", _track("churn --note 'why?'") + "x\n"),
        ("%%track churn --note $HOME {x}\nx\n", _track("churn --note $HOME {x}") + "x\n"),
        ("%%track   churn  \n!ls\n", _track("churn") + "get_ipython().system('ls')\n"),
        (
            "%%track churn\n%%time\nx = 1\n",
            _track("churn") + "get_ipython().run_cell_magic('time', '', 'x = 1\\n')\n",
        ),
        ("%%tracker churn\nx\n", "get_ipython().run_cell_magic('tracker', 'churn', 'x\\n')\n"),
        ("%%track_me\nx\n", "get_ipython().run_cell_magic('track_me', '', 'x\\n')\n"),
        ("x = 1\ny = '''\n%%track churn\n'''\n", "x = 1\ny = '''\n%%track churn\n'''\n"),
        ("", "\n"),
    ],
)
def test_the_first_line_becomes_a_line_magic_and_the_rest_stays_a_cell(
    cell: str, expected: str
) -> None:
    assert _transformed(cell) == expected


def test_every_line_keeps_its_number() -> None:
    cell = "%%track churn\na = 1\n\ndef f():\n    return (\n        2)\nf()"
    tree = ast.parse(_transformed(cell))
    assert [node.lineno for node in tree.body] == [1, 2, 4, 7]


def test_a_question_is_answered_as_without_us() -> None:
    for question in ("%%track?", "%%track??\n"):
        assert "'pinfo" in _transformed(question)
    assert _transformed("%%track churn\nx?\n").endswith("run_line_magic('pinfo', 'x')\n")


def test_loading_twice_changes_nothing_and_unloading_stops(session: Cells) -> None:
    shown = session(
        "%load_ext mm_jupyter",
        "%reload_ext mm_jupyter",
        "%%track churn\nx = sum([1])",
        "print('transformers', sum(getattr(t, '__name__', '') == 'split_track_line' "
        "for t in get_ipython().input_transformers_cleanup))",
        "%unload_ext mm_jupyter\nprint('unloaded')",
        "y = 1",
        "%load_ext mm_jupyter",
        "%%track churn\nx = sum([2])",
    )
    assert "transformers 1" in shown
    assert "unloaded" in shown
    assert "Traceback" not in shown
    space = find(Path.cwd())
    assert space is not None
    with closing(space.store):
        found = runs.find(sort="started", workspace=space)
        assert [row.metrics for row in found] == [{"x": 1.0}, {"x": 2.0}]
        sources = [
            one.source for each in space.store.sessions() for one in space.store.executions(each.id)
        ]
        # Twice executed; and the second session knows what ran before it by its text.
        assert sum(source.startswith("%%track churn") for source in sources) == 3


def test_what_is_wrong_is_one_sentence_and_the_cell_does_not_run(session: Cells) -> None:
    shown = session(
        "%%track a/b\nprint('ran')",
        "x = 1\n%track churn",
        "if True:\n    get_ipython().run_cell_magic('track', 'churn', 'print(1)')",
        "%mm 'open",
        "%mm autotrack",
        "%mm autotrack on a/b",
    )
    assert "ran" not in re.sub(r"must be .*", "", shown).replace("transform", "")
    for sentence in (
        "'a/b' cannot name an experiment",
        "%%track must be the first line of its cell",
        "has an open quote",
        "%mm autotrack on [EXPERIMENT] | off",
    ):
        assert sentence in shown
    assert "Traceback" not in shown


def test_the_help_of_the_magic_is_its_usage(session: Cells) -> None:
    assert "Run the cell as the next version of an experiment" in session(
        "print(get_ipython().find_cell_magic('track').__doc__)"
    )


def test_where_the_store_cannot_be_opened_cells_work_and_log_into_nothing(session: Cells) -> None:
    Path(".mm").mkdir()
    Path(".mm/store.db").mkdir()
    shown = session(
        "import mm_jupyter as mm",
        "%%track churn\nmm.log(loss=0.5)\nmm.set_tag('a', 'b')\nprint('one')",
        "with mm.track('block') as run:\n    run.log(loss=1.0)\n    print('two')",
        "%mm autotrack on",
    )
    assert "one" in shown
    assert "two" in shown
    assert "Traceback" not in shown
    assert shown.count("mm_jupyter: ") == 1, shown


def test_autotrack_in_a_process_without_a_notebook(session: Cells) -> None:
    session("%mm autotrack on auto", "x = sum([1])", "%mm autotrack off", "y = sum([2])")
    space = find(Path.cwd())
    assert space is not None
    with closing(space.store):
        assert [row.metrics for row in runs.find(workspace=space)] == [{"x": 1.0}]
