"""The defaults of library callables as they are now, asked of a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mm_jupyter.replaying.current_defaults import current_defaults


def test_functions_classes_and_methods_are_found_and_what_is_gone_is_left_out() -> None:
    names = ["json.dumps", "json.encoder.JSONEncoder", "fractions.Fraction.limit_denominator"]
    found = current_defaults([*names, "json.gone", "no.such.module", "math.sin"])
    assert found["json.dumps"]["skipkeys"] == "False"
    assert found["fractions.Fraction.limit_denominator"] == {"max_denominator": "1000000"}
    assert found.keys() == set(names)


def test_nothing_of_the_folder_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "local_one.py").write_text("open('was_imported', 'w')\ndef f(a=1): ...\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert current_defaults(["local_one.f"]) == {}
    assert not (tmp_path / "was_imported").exists()


def test_an_interpreter_that_is_not_there_has_none() -> None:
    assert current_defaults(["json.dumps"], python="/no/such/python") == {}
    assert current_defaults(["json.dumps"], python=sys.executable)
