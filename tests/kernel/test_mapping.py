"""Absolute paths into the project lead into the scratch directory, and nothing is ever written to the project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import io, os, pathlib, shutil, sqlite3, sys
from mm_jupyter.kernel import mapping
project, scratch, base, *but = sys.argv[1:]
mapping.install(project, scratch, [base, *but])
P = pathlib.Path(project)
{code}
print(result)
"""


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    project, scratch = tmp_path / "project", tmp_path / "base" / "project"
    for folder, text in ((project, "now"), (scratch, "then")):
        folder.mkdir(parents=True)
        (folder / "a.txt").write_text(text)
    (project / "only.txt").write_text("only here")
    return project, scratch


def _run(places: tuple[Path, Path], code: str, *but: str) -> str:
    project, scratch = places
    arguments = [str(project), str(scratch), str(scratch.parent), *but]
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(code=code), *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("result = open(P / 'a.txt').read()", "then"),
        ("result = open(str(P / 'a.txt')).read()", "then"),
        ("result = io.open(P / 'a.txt').read()", "then"),
        ("result = (P / 'a.txt').read_text()", "then"),
        ("result = os.read(os.open(P / 'a.txt', os.O_RDONLY), 9).decode()", "then"),
        ("import numpy\\nresult = str(numpy.loadtxt(P / 'a.txt', dtype=str))", "then"),
        ("import pandas\\nresult = pandas.read_csv(P / 'a.txt').columns[0]", "then"),
        ("result = sorted(os.listdir(P))", "['a.txt']"),
        ("result = [one.name for one in P.iterdir()]", "['a.txt']"),
        ("result = os.path.getsize(P / 'a.txt')", "4"),
        ("result = open(P / 'only.txt').read()", "only here"),
        ("result = os.path.exists(P / 'nowhere')", "False"),
        ("result = open(0).name", "0"),
    ],
)
def test_reading_finds_what_was_laid_out_else_the_project(
    places: tuple[Path, Path], code: str, result: str
) -> None:
    assert _run(places, code.replace("\\n", "\n")) == result


@pytest.mark.parametrize(
    "code",
    [
        "open(P / 'a.txt', 'w').write('x')",
        "open(P / 'only.txt', 'a').write('x')",
        "(P / 'b.txt').write_text('x')",
        "os.write(os.open(P / 'c', os.O_CREAT | os.O_WRONLY), b'x')",
        "(P / 'deep' / 'er').mkdir(parents=True)",
        "os.remove(P / 'a.txt')",
        "os.rename(P / 'a.txt', P / 'z.txt')",
        "shutil.copy(P / 'a.txt', P / 'z.txt')",
        "(P / 'd').mkdir(); shutil.rmtree(P / 'd')",
        "sqlite3.connect(P / 'd.db').execute('create table t (a)')",
    ],
)
def test_the_project_stays_as_it_is(places: tuple[Path, Path], code: str) -> None:
    before = {path.name: path.read_text() for path in places[0].iterdir()}
    _run(places, f"{code}\nresult = 1")
    assert {path.name: path.read_text() for path in places[0].iterdir()} == before


def test_what_is_allowed_is_not_led_elsewhere(places: tuple[Path, Path]) -> None:
    out = places[0] / "out"
    out.mkdir()
    _run(places, "open(P / 'out' / 'x', 'w').write('x')\nresult = 1", str(out))
    assert (out / "x").read_text() == "x"


def test_a_single_file_elsewhere_has_one_that_stands_for_it(places: tuple[Path, Path]) -> None:
    elsewhere = places[0].parent / "elsewhere.txt"
    code = (
        f"mapping.install(project, scratch, [base], {{{str(elsewhere)!r}: scratch + '/a.txt'}})\n"
        f"result = open({str(elsewhere)!r}).read()"
    )
    assert _run(places, code) == "then"
