"""The documentation is true: README runs from top to bottom, and every command and option is written down."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import click
import nbformat
import pytest
from nbclient import NotebookClient

from mm_jupyter.kernel.options import USAGE

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUNS = {"python", "bash"}
SHOWS = {"text"}  # a part of what the block before it shows
VARYING = re.compile(r"\d[\d.,]*( ?(ms|s|min|B|kB|MB)\b)?")
INSTALLS = ("git clone ", "make ", "pip install ")
"""Lines that set a machine up. They are checked, and not run: the tests run in what they make."""


@dataclass(frozen=True)
class Block:
    language: str
    text: str


def blocks(markdown: str) -> list[Block]:
    return [Block(*found) for found in FENCE.findall(markdown)]


def shape(text: str) -> str:
    """``text`` without what differs from run to run: numbers, their units, and the width of columns."""
    return " ".join(VARYING.sub("N", text).split())


def shown(cell: nbformat.NotebookNode) -> str:
    """The text of everything that an executed cell shows."""
    outputs = cell.outputs
    return "\n".join(
        one.get("text") or one.get("data", {}).get("text/plain", "") for one in outputs
    )


def shell(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder,
        env={**os.environ, "PATH": path, "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def clone(checkout: Path, tmp_path: Path) -> Path:
    """A folder that looks like a fresh clone to the commands of the README."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    shutil.copytree(checkout / "notebooks", tmp_path / "notebooks")
    return tmp_path


def test_readme_runs_from_top_to_bottom_and_shows_what_really_comes(
    checkout: Path, clone: Path
) -> None:
    notebook = nbformat.v4.new_notebook()
    client = NotebookClient(notebook, kernel_name="python3", timeout=120)
    seen = ""
    with client.setup_kernel(cwd=str(clone)):
        for block in blocks((checkout / "README.md").read_text("utf-8")):
            if block.language == "python":
                cell = nbformat.v4.new_code_cell(block.text.rstrip("\n"))
                notebook.cells.append(cell)
                seen = shown(client.execute_cell(cell, len(notebook.cells) - 1))
            elif block.language == "bash":
                lines = block.text.splitlines()
                done = shell("\n".join(x for x in lines if not x.startswith(INSTALLS)), clone)
                assert done.returncode == 0, f"{block.text}\n{done.stdout}\n{done.stderr}"
                seen = done.stdout
            else:
                for line in block.text.splitlines():
                    assert shape(line) in shape(seen)
    assert len(notebook.cells) >= 5


def test_every_block_of_the_readme_says_what_it_is(checkout: Path) -> None:
    found = {block.language for block in blocks((checkout / "README.md").read_text("utf-8"))}
    assert found <= RUNS | SHOWS
    assert found >= RUNS


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_that_is_named_exists(checkout: Path, page: str) -> None:
    targets = re.findall(r"^\.PHONY: (.+)$", (checkout / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"(?:^|`)make (\w+)", (checkout / page).read_text("utf-8"), re.MULTILINE)
    assert named
    assert set(named) <= set(targets[0].split())


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/README.md"])
def test_every_link_to_a_file_leads_somewhere(checkout: Path, page: str) -> None:
    path = checkout / page
    targets = re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.fixture(scope="module")
def maker(checkout: Path) -> ModuleType:
    spec = spec_from_file_location("make_commands", checkout / "docs" / "make_commands.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_commands_is_what_the_commands_say(checkout: Path, maker: ModuleType) -> None:
    assert (checkout / "docs" / "commands.md").read_text("utf-8") == maker.page(), "make docs"


def test_every_command_has_help_and_stands_in_the_readme(checkout: Path, maker: ModuleType) -> None:
    readme = (checkout / "README.md").read_text("utf-8")
    names = dict(maker.commands())
    assert [name for name, command in names.items() if not command.help] == []
    assert [name for name in names if not re.search(rf"\b{re.escape(name)}\b", readme)] == []


def test_every_option_has_help(maker: ModuleType) -> None:
    bare = [
        f"{name} {option.opts[0]}"
        for name, command in maker.commands()
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert bare == []


def test_every_option_of_track_stands_in_the_readme(checkout: Path) -> None:
    options = set(re.findall(r"^  (--?[\w-]+)", USAGE, re.MULTILINE))
    readme = (checkout / "README.md").read_text("utf-8")
    assert options
    assert [option for option in options if f"[{option}" not in readme] == []
