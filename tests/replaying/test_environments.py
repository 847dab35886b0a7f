"""A recorded environment is made again by uv, or a sentence says what is missing before anything runs."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from uv import find_uv_bin

from mm_jupyter.analysis.secrets import Redactor
from mm_jupyter.errors import CannotRebuild
from mm_jupyter.kernel.environment import capture
from mm_jupyter.records import Environment, Package
from mm_jupyter.replaying import environments

KERNEL = Package(name="ipykernel", version="6.29.5")


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    now = capture(Redactor(b"x" * 32))
    return replace(now, packages=(Package(name="six", version="1.16.0"), KERNEL))


def built(environment: Environment) -> environments.Built:
    try:
        return environments.build(environment)
    except CannotRebuild as error:
        pytest.skip(f"packages cannot be had here: {error}")


def test_it_has_the_recorded_versions_is_kept_and_is_made_again_where_it_was_deleted(
    small: Environment,
) -> None:
    made = built(small)
    version = [str(made.python), "-c", "import six; print(six.__version__)"]
    assert subprocess.check_output(version, text=True).strip() == "1.16.0"
    assert 'name = "six"' in (made.folder / environments.LOCK).read_text()
    changed = made.python.lstat().st_mtime_ns
    assert environments.build(small) == made
    assert made.python.lstat().st_mtime_ns == changed
    made.python.unlink()
    assert environments.build(small).python.exists()
    assert [one.name for one in environments.cache().iterdir()] == [made.digest]


def test_all_packages_that_cannot_be_had_are_named_at_once(small: Environment) -> None:
    built(small)
    gone = (
        Package(name="six", version="0.0.999"),
        Package(name="no-such-package-of-anybody", version="1"),
        KERNEL,
    )
    with pytest.raises(CannotRebuild) as raised:
        environments.build(replace(small, packages=gone))
    said = str(raised.value)
    assert "six==0.0.999" in said
    assert "no-such-package-of-anybody==1" in said
    assert "--without six" in said
    assert [one.name for one in environments.cache().iterdir() if one.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"platform": "Darwin-23"}, "recorded on Darwin-23"),
        ({"machine": "riscv64"}, "recorded on a riscv64"),
    ],
)
def test_another_machine_is_said_before_anything_runs(
    small: Environment, change: dict[str, str], says: str
) -> None:
    with pytest.raises(CannotRebuild, match=says):
        environments.build(replace(small, **change))


def test_a_path_names_an_interpreter_that_has_a_kernel(tmp_path: Path) -> None:
    with pytest.raises(CannotRebuild, match="no interpreter"):
        environments.named(str(tmp_path))
    bare = tmp_path / "bare"
    subprocess.check_call([find_uv_bin(), "venv", "--quiet", str(bare)])
    with pytest.raises(CannotRebuild, match="has no ipykernel"):
        environments.named(str(bare))


@pytest.mark.parametrize(
    ("package", "says"),
    [
        (
            Package(name="own", version="1", origin="git+https://example.org/own"),
            "own comes from git",
        ),
        (
            Package(name="own", version="1", origin="https://example.org/own.whl"),
            "own comes from http",
        ),
        (Package(name="own", version="1 --index-url x"), "own has no plain version"),
        (Package(name="-r evil", version="1"), "-r evil has no plain version"),
        (Package(name="a\n-e .", version="1"), "has no plain version"),
    ],
)
def test_a_strangers_packages_are_names_and_versions_of_a_registry(
    small: Environment, package: Package, says: str
) -> None:
    with pytest.raises(CannotRebuild, match=says):
        environments.build(replace(small, packages=(package,)), distrusted=True)
    assert not environments.cache().exists()


def test_a_strangers_version_of_python_is_no_option(small: Environment) -> None:
    with pytest.raises(CannotRebuild, match="no version of Python"):
        environments.build(replace(small, python="--index-url=x"), distrusted=True)


def test_a_strangers_package_in_development_mode_is_never_installed(
    small: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is there by chance, or by intent: its build would run."""
    asked: list[tuple[str, ...]] = []

    def uv(*arguments: str) -> subprocess.CompletedProcess[str]:
        asked.append(arguments)
        return subprocess.CompletedProcess(arguments, 1, "", "no network here")

    monkeypatch.setattr(environments, "_uv", uv)
    wanted: list[str] = []
    real = environments._resolve

    def resolve(lines, environment, wheels):
        wanted.extend(lines)
        return real(lines, environment, wheels)

    monkeypatch.setattr(environments, "_resolve", resolve)
    own = Package(name="own", version="1", origin=f"editable file://{tmp_path}")
    with pytest.raises(CannotRebuild):
        environments.build(replace(small, packages=(own, *small.packages)), distrusted=True)
    assert wanted == ["ipykernel==6.29.5", "six==1.16.0"]
    assert "--only-binary" in asked[0]


def test_a_strangers_environment_is_built_from_wheels(small: Environment) -> None:
    try:
        made = environments.build(small, distrusted=True)
    except CannotRebuild as error:
        pytest.skip(f"packages cannot be had here: {error}")
    assert made.python.exists()


def test_a_lock_does_not_tell_how_one_gets_into_a_registry(
    small: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved = (
        "# made in /home/ann\n[[packages]]\nname = 'a'\n"
        'index = "https://ann:s3cret@registry.example.org/simple"\n'
        'wheels = [{ url = "https://token@registry.example.org/a.whl" }]\n'
    )
    done = subprocess.CompletedProcess[str]([], 0, resolved, "")
    monkeypatch.setattr(environments, "_resolve", lambda *_: done)
    text = environments.lock(small)
    assert "ann" not in text
    assert "token" not in text
    assert '"https://registry.example.org/simple"' in text
