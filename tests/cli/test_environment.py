"""env and explain: what a run ran in, and why it comes out otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_replaying import write


@pytest.fixture
def drawn(mm, empty: Path) -> None:
    write(empty / "n.ipynb", "depth = 1", "%%track drawn\nimport random\nvalue = random.random()")
    assert mm("run", "n.ipynb").status == 0


@pytest.mark.usefixtures("drawn")
def test_an_environment_is_shown_compared_and_written(mm, empty: Path) -> None:
    shown = mm("env", "drawn/1", "--json").json
    assert shown["packages"]["ipykernel"]
    assert mm("env", "drawn/1").out.startswith("drawn/1  ")
    same = mm("env", "diff", "drawn/1", "drawn/1", "--json").json
    assert same["facts"] == same["defaults"] == []
    assert same["same"] > 50
    assert "drawn/1 -> now" in mm("env", "diff", "drawn/1").out
    assert mm("env", "export", "drawn/1", "-o", "requirements.txt").status == 0
    lines = (empty / "requirements.txt").read_text().splitlines()
    assert f"ipykernel=={shown['packages']['ipykernel']}" in lines
    assert not any(line.startswith("mm-jupyter") for line in lines)


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("env", "drawn/1", "drawn/1"), "mm env diff A B"),
        (("env", "diff"), "a run, or two"),
        (("env", "export", "drawn/1"), "-o FILE"),
        (("env", "export", "drawn/1", "-o", "lock.json"), "none of pylock.toml"),
        (("env", "export", "drawn/1", "-o", "none/requirements.txt"), "cannot be written"),
        (("env", "drawn/9"), "drawn/9"),
        (("replay", "drawn/1", "--env", "/no/such/python"), "no interpreter"),
    ],
)
def test_wrong_words_get_a_sentence(mm, words: tuple[str, ...], says: str) -> None:
    said = mm(*words)
    assert said.status != 0
    assert says in said.err
    assert "Traceback" not in said.err


@pytest.mark.usefixtures("drawn")
def test_a_run_is_explained(mm) -> None:
    found = mm("explain", "drawn/1", "--json")
    assert found.status == 1
    cause, where = [one for one in found.json["causes"] if one["confirmed"]]
    assert where["factor"] == "first differs"
    assert (cause["factor"], cause["name"]) == ("random state", "random")
    assert found.json["experiments"][-1]["verdict"] == "identical"
    replayed = mm("replay", "drawn/1", "--no-restore", "--explain")
    assert replayed.status == 1
    assert "the result comes again" in replayed.out
