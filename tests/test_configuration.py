"""A project's settings are read from where its other tools have theirs, and a wrong one is said in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from mm_jupyter.configuration import KEEP_BYTES, configured
from mm_jupyter.errors import BadInput

MIB = 1024 * 1024


def _project(folder: Path, text: str | None) -> Path:
    if text is not None:
        (folder / "pyproject.toml").write_text(text)
    return folder


@pytest.mark.parametrize(
    "text", [None, "", "[project]\nname = 'x'", "[tool.mm_jupyter]", "tool = 3"]
)
def test_what_is_not_said_is_the_default(tmp_path: Path, text: str | None) -> None:
    found = configured(_project(tmp_path, text), {})
    assert found.keep_bytes == KEEP_BYTES
    assert not found.noise


@pytest.mark.parametrize(
    ("said", "size"),
    [
        ("1000", 1000),
        ("0", 0),
        ('"64 MiB"', 64 * MIB),
        ('"1.5GB"', int(1.5 * 1024 * MIB)),
        ('"2k"', 2048),
    ],
)
def test_a_size_is_a_number_or_a_text_with_its_unit(tmp_path: Path, said: str, size: int) -> None:
    project = _project(tmp_path, f"[tool.mm_jupyter]\nkeep_bytes = {said}")
    assert configured(project, {}).keep_bytes == size


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    project = _project(tmp_path, "[tool.mm_jupyter]\nkeep_bytes = 5")
    assert configured(project, {"MM_KEEP_BYTES": "7 KiB"}).keep_bytes == 7 * 1024
    assert configured(project, {"MM_KEEP_BYTES": ""}).keep_bytes == 5


def test_rules_have_names(tmp_path: Path) -> None:
    project = _project(tmp_path, "[tool.mm_jupyter.noise]\nrun_id = 'run-[0-9a-f]+'")
    assert configured(project, {}).noise == {"run_id": "run-[0-9a-f]+"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[tool.mm_jupyter]\nkeep_bytes = 'much'", "a size such as '64 MiB'"),
        ("[tool.mm_jupyter]\nkeep_bytes = -1", "not -1"),
        ("[tool.mm_jupyter]\nkeep_bytes = true", "not True"),
        ("[tool.mm_jupyter]\nkeep = 1", "knows no 'keep'"),
        ("[tool.mm_jupyter]\nnoise = 3", "takes lines such as"),
        ("[tool.mm_jupyter", "is no TOML"),
    ],
)
def test_what_cannot_be_meant_is_said(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        configured(_project(tmp_path, text), {})
