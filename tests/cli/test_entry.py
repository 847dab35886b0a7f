"""The way in: usage, errors, help, pipes and start-up."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mm_jupyter.cli.group import mm as group

START = "from mm_jupyter.cli import main; main()"


@pytest.mark.parametrize(
    "args",
    [
        ["frob"],
        ["--frob"],
        ["show"],
        ["show", "a/1", "b/1"],
        ["runs", "-n", "0"],
        ["runs", "-n", "many"],
        ["run", "x.ipynb", "-p", "name"],
        ["replay", "a/1", "--times", "0"],
        ["recipe", "a/1", "--slice", "best"],
        ["best", "churn"],
        ["tag", "a/1"],
        ["tag", "a/1", "novalue"],
        ["tag", "a/1", "=value"],
        ["delete"],
    ],
)
def test_bad_usage_is_one_sentence_and_status_64(mm, args: list[str]) -> None:
    said = mm(*args)
    assert said.status == 64
    assert said.out == ""
    assert said.err.strip()
    assert "Traceback" not in said.err


def test_with_json_an_error_is_json_too(mm) -> None:
    said = mm("runs", "--frob", "--json")
    assert said.status == 64
    assert said.json["error"]["code"] == "bad-option"
    assert "--frob" in said.json["error"]["message"]


def test_without_a_store_one_sentence_says_how_to_make_one(mm, empty) -> None:
    said = mm("runs", "--json")
    assert said.status == 64
    assert said.json["error"]["code"] == "no-workspace"
    assert "%load_ext mm_jupyter" in said.err


@pytest.mark.parametrize("name", sorted(group.commands))
def test_every_command_has_help_with_an_example_and_json(mm, name: str) -> None:
    said = mm(name, "--help")
    assert said.status == 0
    assert f"\n  mm {name}" in said.out
    assert "--json" in said.out


def test_without_arguments_it_says_what_there_is(mm) -> None:
    said = mm()
    assert said.status == 0
    assert all(f"\n  {name} " in said.out for name in group.commands)


def test_version(mm) -> None:
    assert mm("--version").out.startswith("mm_jupyter 0.")


def test_a_reader_that_leaves_is_no_error() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", START, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_looking_never_loads_what_replaying_needs(store) -> None:
    code = (
        "import sys; from mm_jupyter.cli import run_command; "
        "from mm_jupyter.cli.terminal import TerminalScreen; "
        "assert run_command(['runs', '--json'], TerminalScreen()) == 0; "
        "assert run_command(['show', 'churn/1', '--json'], TerminalScreen()) == 0; "
        "print([name for name in ('papermill', 'nbformat', 'nbclient', 'alembic', 'pandas') if name in sys.modules],"
        " file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=store
    )
    assert done.stderr.strip() == "[]"
