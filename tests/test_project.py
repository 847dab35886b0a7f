"""The checkout is fit to be cloned by anybody: one version, a hashed lock, no address of the machine it was made on."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import mm_jupyter

REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.org|npmjs\.(org|com)|anaconda\.org|deb\.debian|conda-forge\.org|\"resolved\":",
    re.IGNORECASE,
)
HERE = "|".join(re.escape(str(path)) for path in (Path(__file__).parents[1], Path.home()))
MACHINE = re.compile(rf"(?<![\w.~>/-])({HERE}|/root)/")


@pytest.fixture(scope="module")
def project(checkout: Path) -> dict[str, Any]:
    read: dict[str, Any] = tomllib.loads((checkout / "pyproject.toml").read_text("utf-8"))
    return dict(read["project"])


@pytest.fixture(scope="module")
def texts(checkout: Path) -> dict[str, str]:
    """Every text file that is or would be committed, by its path."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    )
    found = {}
    for name in filter(None, listed.stdout.split("\0")):
        raw = (checkout / name).read_bytes() if (checkout / name).is_file() else b"\0"
        if b"\0" not in raw:
            found[name] = raw.decode("utf-8")
    assert "pyproject.toml" in found
    return found


def pins(lock: str) -> dict[str, list[str]]:
    """name -> the blocks of the lock that pin it (more than one where markers differ)."""
    blocks: dict[str, list[str]] = {}
    for block in re.split(r"\n(?=[a-zA-Z0-9])", lock):
        match = re.match(r"([\w.\-]+)(\[[^\]]*\])?==", block)
        assert match, f"this block of the lock pins nothing: {block[:80]}"
        blocks.setdefault(canonicalize_name(match[1]), []).append(block)
    return blocks


@pytest.mark.parametrize("pattern", [REGISTRY, MACHINE], ids=["registry", "machine"])
def test_no_committed_file_names_a_registry_or_a_machine(
    texts: dict[str, str], pattern: re.Pattern[str]
) -> None:
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("line", "pattern"),
    [
        ("see https://" + "pypi" + ".org/simple", REGISTRY),
        (f"'{Path.home()}/project'", MACHINE),
        ("cd " + "/root" + "/x", MACHINE),
    ],
)
def test_the_patterns_find_what_they_are_for(line: str, pattern: re.Pattern[str]) -> None:
    assert pattern.search(line)


def test_every_pin_in_the_lock_has_hashes_and_no_address(texts: dict[str, str]) -> None:
    lock = texts["requirements.lock"]
    assert "://" not in lock
    unhashed = [
        block.splitlines()[0]
        for blocks in pins(lock).values()
        for block in blocks
        if "--hash=sha256:" not in block
    ]
    assert unhashed == []


def test_the_lock_holds_every_dependency_within_its_bounds(
    texts: dict[str, str], project: dict[str, Any]
) -> None:
    locked = pins(texts["requirements.lock"])
    extras = project["optional-dependencies"].values()
    for text in [*project["dependencies"], *(line for extra in extras for line in extra)]:
        wanted = Requirement(text)
        for block in locked[canonicalize_name(wanted.name)]:
            version = re.search(r"==([^\s;\\]+)", block)
            assert version, text
            assert wanted.specifier.contains(version[1], prereleases=True), text


def test_the_version_stands_in_one_place(texts: dict[str, str]) -> None:
    assert distribution("mm_jupyter").version == mm_jupyter.__version__
    stated = re.compile(rf"[\"']{re.escape(mm_jupyter.__version__)}[\"']")
    places = [
        name
        for name, text in texts.items()
        if name == "pyproject.toml" or name.startswith("mm_jupyter/")
        for _ in stated.findall(text)
    ]
    assert places == ["mm_jupyter/__init__.py"]
    assert f"\n## {mm_jupyter.__version__} " in texts["CHANGELOG.md"]


def test_the_licence_is_the_one_that_the_package_states(
    texts: dict[str, str], project: dict[str, Any]
) -> None:
    assert project["license"] == "BSD-3-Clause"
    assert texts["LICENSE"].startswith("BSD 3-Clause License")
    assert distribution("mm_jupyter").metadata["License-Expression"] == "BSD-3-Clause"


@pytest.mark.parametrize(
    "code",
    [
        "from importlib.metadata import entry_points as e; e(group='console_scripts')['mm'].load()",
        "from papermill.engines import papermill_engines as e; e.get_engine('mm')",
        "import mm_jupyter.replaying.engine as e; e.MmEngine",
    ],
    ids=["command line", "papermill first", "engine first"],
)
def test_what_others_load_by_name_loads_whoever_comes_first(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_make_without_a_target_names_every_target(checkout: Path, texts: dict[str, str]) -> None:
    shown = subprocess.run(["make"], cwd=checkout, capture_output=True, text=True, check=True)
    (phony,) = re.findall(r"^\.PHONY: (.+)$", texts["Makefile"], re.MULTILINE)
    assert re.findall(r"^  make (\w+)", shown.stdout, re.MULTILINE) == phony.split()
