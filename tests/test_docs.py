"""The documentation is true: its pages run from top to bottom, and what can be said is written down."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import click
import nbformat
import pytest
from nbclient import NotebookClient

import mm_jupyter
from mm_jupyter.analysis.comparing.noise import RULES
from mm_jupyter.cli import status
from mm_jupyter.kernel.options import USAGE
from mm_jupyter.records import RunKind, RunStatus, Verdict

CHECKOUT = Path(__file__).resolve().parents[1]
TOUR = (
    "README.md",
    "docs/jupyter.md",
    "docs/tracking.md",
    "docs/replay.md",
    "docs/causes.md",
    "docs/noise.md",
    "docs/sweeps.md",
    "docs/notebooks.md",
    "docs/data.md",
    "docs/packs.md",
    "docs/search.md",
    "docs/store.md",
    "docs/secrets.md",
    "docs/machine-readable.md",
)
"""Their blocks run in this order, in one kernel and one store."""
PAGES = sorted(
    {"README.md", "CONTRIBUTING.md", "CHANGELOG.md"}
    | {path.relative_to(CHECKOUT).as_posix() for path in (CHECKOUT / "docs").glob("*.md")}
)
MEASURED = {CHECKOUT / "docs" / "benchmarks.md", CHECKOUT / "docs" / "faithfulness.md"}
"""Measured, not written: a link to them may be there before they are."""
FENCE = re.compile(r"^```(\w*)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The first test of a page does every block of every page: minutes on a slow machine.
pytestmark = pytest.mark.timeout(900)
VARYING = re.compile(r"\d[\d.,]*( ?(ms|s|min|B|kB|MB)\b)?")
INSTALLS = ("git clone ", "make ", "pip install ")
"""Lines that set a machine up. They are checked, and not run: the tests run in what they make."""
MAPS = {
    "parameters",
    "params",
    "metrics",
    "noise",
    "tags",
    "packages",
    "threads",
    "variables",
    "before",
    "after",
}
"""Keys of objects whose own keys are names of the user's."""


@dataclass(frozen=True)
class Block:
    """``word`` follows the language: ``raises``, or the name of the file that the block is."""

    language: str
    word: str
    text: str


@dataclass(frozen=True)
class Ran:
    """A block with what the last command before it showed. ``fault`` says why it did not run."""

    block: Block
    shown: str
    fault: str | None = None


def read(page: str) -> str:
    return (CHECKOUT / page).read_text("utf-8")


def blocks(markdown: str) -> list[Block]:
    return [Block(*found) for found in FENCE.findall(markdown)]


def shape(text: str) -> str:
    """``text`` without what differs from run to run: numbers, their units, and the width of columns."""
    return " ".join(VARYING.sub("N", text).split())


class Reader:
    """Does what a page says, in one kernel and one folder."""

    def __init__(self, client: NotebookClient, folder: Path) -> None:
        self._client, self._folder = client, folder
        self._seen = ""

    def follow(self, block: Block) -> Ran:
        if block.language == "bash":
            return self._shell(block)
        if block.language == "python" and block.word.endswith(".py"):
            (self._folder / block.word).write_text(block.text, "utf-8")
        elif block.language == "python":
            return self._cell(block)
        return Ran(block, self._seen)

    def _cell(self, block: Block) -> Ran:
        cell = nbformat.v4.new_code_cell(block.text.rstrip("\n"))
        self._client.nb.cells.append(cell)
        self._client.execute_cell(cell, len(self._client.nb.cells) - 1)
        errors = [one for one in cell.outputs if one.output_type == "error"]
        texts = [
            one.get("text") or one.get("data", {}).get("text/plain", "") for one in cell.outputs
        ]
        texts += [f"{one.ename}: {one.evalue}" for one in errors]
        self._seen = "\n".join(texts)
        raised = bool(errors) or "UsageError" in self._seen
        expected = block.word == "raises"
        return Ran(block, self._seen, None if raised == expected else self._seen or "did not raise")

    def _shell(self, block: Block) -> Ran:
        lines = [line for line in block.text.splitlines() if not line.startswith(INSTALLS)]
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
            cwd=self._folder,
            env={**os.environ, "PATH": path, "COLUMNS": "100"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        self._seen = done.stdout
        fault = f"{done.stdout}\n{done.stderr}" if done.returncode else None
        return Ran(block, self._seen, fault)


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[Ran]]]:
    """Every block of the pages, done in what looks like a fresh clone."""
    folder = tmp_path_factory.mktemp("clone")
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    shutil.copytree(CHECKOUT / "notebooks", folder / "notebooks")
    notebook = nbformat.v4.new_notebook()
    client = NotebookClient(notebook, kernel_name="python3", timeout=120, allow_errors=True)
    with client.setup_kernel(cwd=str(folder)):
        reader = Reader(client, folder)
        yield {page: [reader.follow(block) for block in blocks(read(page))] for page in TOUR}


@pytest.mark.parametrize("page", TOUR)
def test_every_block_of_a_page_runs(tour: dict[str, list[Ran]], page: str) -> None:
    assert tour[page]
    assert [f"{ran.block.text}\n{ran.fault}" for ran in tour[page] if ran.fault is not None] == []


@pytest.mark.parametrize("page", TOUR)
def test_what_a_page_shows_is_what_really_comes(tour: dict[str, list[Ran]], page: str) -> None:
    missing = [
        f"{line}\n  is not in\n{ran.shown}"
        for ran in tour[page]
        if ran.block.language == "text"
        for line in ran.block.text.splitlines()
        if shape(line) not in shape(ran.shown)
    ]
    assert not missing, "\n".join(missing)


def test_every_documented_key_is_in_the_real_answer_and_every_real_key_is_documented(
    tour: dict[str, list[Ran]],
) -> None:
    pairs = [
        (json.loads(ran.block.text), json.loads(ran.shown))
        for ran in tour["docs/machine-readable.md"]
        if ran.block.language == "json"
    ]
    assert len(pairs) >= 9
    assert [fault for documented, real in pairs for fault in differing(documented, real)] == []


def differing(documented: Any, real: Any, where: str = "$") -> Iterator[str]:
    """Keys that one has and the other has not. Of a list the elements of the real one count together."""
    if isinstance(documented, list):
        if documented and not isinstance(documented[0], dict):
            return
        if not isinstance(real, list) or (documented and not real):
            yield f"{where} is empty or no list"
            return
        for element in documented:
            yield from differing(element, together(real), f"{where}[]")
    elif isinstance(documented, dict):
        if not isinstance(real, dict):
            yield f"{where} is no object"
            return
        yield from (f"{where}.{key} is not there" for key in documented.keys() - real.keys())
        if where.rpartition(".")[2] not in MAPS:
            yield from (f"{where}.{key} is new" for key in real.keys() - documented.keys())
        for key in documented.keys() & real.keys():
            yield from differing(documented[key], real[key], f"{where}.{key}")


def together(elements: list[Any]) -> Any:
    """One object with the keys of all; lists in it are joined."""
    whole: dict[str, Any] = {}
    for element in elements:
        for key, value in element.items():
            known = whole.get(key)
            if isinstance(known, list) and isinstance(value, list):
                whole[key] = known + value
            elif isinstance(known, dict) and isinstance(value, dict):
                whole[key] = known | value
            else:
                whole[key] = known if known is not None else value
    return whole


def test_a_key_that_is_not_there_is_found() -> None:
    assert list(differing([{"a": 1, "b": 2}], [{"a": 1}])) == ["$[].b is not there"]
    assert list(differing({"a": {"c": 1}}, {"a": {"c": 1, "d": 2}})) == ["$.a.d is new"]


# -- what stands where ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", TOUR)
def test_every_block_says_what_it_is(page: str) -> None:
    known = {"python", "bash", "text"}
    known |= {"json"} if "machine" in page else {"yaml"} if "notebooks" in page else set()
    assert {block.language for block in blocks(read(page))} <= known


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_that_is_named_exists(page: str) -> None:
    targets = re.findall(r"^\.PHONY: (.+)$", read("Makefile"), re.MULTILINE)
    named = re.findall(r"(?:^|`)make (\w+)", read(page), re.MULTILINE)
    assert set(named) <= set(targets[0].split())


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    path = CHECKOUT / page
    wrong = []
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", read(page)):
        file = (path.parent / target).resolve() if target else path
        if not file.exists() and file not in MEASURED:
            wrong.append(target)
        elif anchor and anchor not in headings(file.read_text("utf-8")):
            wrong.append(f"{target}#{anchor}")
    assert wrong == []


def headings(markdown: str) -> set[str]:
    """The anchors of a page's headings."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", markdown), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


def test_every_page_is_on_the_tour_or_in_the_index() -> None:
    index = read("docs/README.md")
    pages = [Path(page).name for page in PAGES if page.startswith("docs/")]
    assert [page for page in pages if page != "README.md" and f"({page})" not in index] == []


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = spec_from_file_location("make_commands", CHECKOUT / "docs" / "make_commands.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_commands_is_what_the_commands_say(maker: ModuleType) -> None:
    assert read("docs/commands.md") == maker.page(), "make docs"


def test_every_command_has_help_and_stands_in_the_readme(maker: ModuleType) -> None:
    readme = read("README.md")
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


def test_every_option_of_track_is_explained() -> None:
    options = set(re.findall(r"^  (--?[\w-]+)", USAGE, re.MULTILINE))
    readme, page = read("README.md"), read("docs/tracking.md")
    assert options
    assert [one for one in options if f"[{one}" not in readme or f"| `{one}" not in page] == []


def test_every_public_function_stands_in_the_readme() -> None:
    hooks = {"load_ipython_extension", "unload_ipython_extension"}
    readme = read("README.md")
    names = set(mm_jupyter.__all__) - hooks
    assert [name for name in names if not re.search(rf"\bmm\.{name}\b", readme)] == []


def test_every_noise_rule_is_named() -> None:
    page = read("docs/replay.md")
    assert [rule.name for rule in RULES if f"`{rule.name}`" not in page] == []


def test_the_table_of_verdicts_says_how_mm_replay_exits() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .+ \| (\d) \|$", read("README.md"), re.MULTILINE)
    assert {name: int(number) for name, number in rows} == {
        verdict: status.of_verdicts([verdict]) for verdict in get_args(Verdict)
    }


def test_every_word_of_a_query_is_on_its_page() -> None:
    page = read("docs/search.md")
    words = [*get_args(RunKind), *get_args(RunStatus), *get_args(Verdict)]
    assert [word for word in words if f"`{word}`" not in page] == []
