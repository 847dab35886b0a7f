"""pack and verify of packs: what they say in a terminal and to programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from mm_jupyter.replaying import environments


@pytest.fixture(autouse=True)
def _no_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "lock", lambda *_, **__: "lock-version = '1.0'\n")


def test_a_pack_is_written_and_says_what_it_is(mm, store: Path) -> None:
    said = mm("pack", "churn/2")
    assert said.status == 0, said.err
    assert said.out.startswith("churn-2.mm.zip  = written and read back, ")
    assert "with --run" not in said.out
    said = mm("verify", "churn-2.mm.zip")
    assert said.status == 0
    assert said.out.startswith("churn-2.mm.zip  = whole, ")
    for line in (
        "churn/2 completed",
        "accuracy 0.95",
        "its author has not replayed it",
        "--env current",
    ):
        assert line in said.out


def test_json_is_the_same_when_it_is_written_and_when_it_is_read(mm, store: Path) -> None:
    written = mm("pack", "churn/3", "-o", "c.mm.zip", "--json")
    read = mm("verify", "c.mm.zip", "--json")
    assert written.json == read.json
    assert read.json["whole"] is True
    assert read.json["status"] == "failed"
    assert {one["name"] for one in read.json["members"]} >= {"record.json", "report.html"}


def test_an_error_is_json_too(mm, store: Path) -> None:
    Path("cut.mm.zip").write_bytes(b"PK\3\4")
    said = mm("verify", "cut.mm.zip", "--json")
    assert said.status == 64
    assert said.json["error"]["code"] == "bad-pack"
    assert mm("verify", "none.mm.zip", "--json").json["error"]["code"] == "no-such-file"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("pack",), "Missing argument"),
        (("pack", "churn/9"), "There is no run churn/9"),
        (("pack", "churn/2", "-o", "churn.tar"), "ends in .mm.zip"),
        (("pack", "churn/2", "-o", "a.mm.zip"), "is there already: --force replaces it"),
        (("pack", "churn/2", "--max-input", "much"), "--max-input takes a size"),
        (("pack", "churn/2", "--private", "x"), "--private 'x' fits no file of churn/2"),
        (("verify", "none.mm.zip"), "There is no file none.mm.zip"),
        (("verify", "a.mm.zip", "b.mm.zip"), "one pack at a time"),
        (("verify", "a.mm.zip", "x.ipynb"), "one pack at a time"),
        (("verify", "a.mm.zip", "--times", "2"), "say --run, which runs the pack's code"),
        (("verify", "a.mm.zip", "--junit", "r.xml"), "--junit is for notebooks"),
        (("verify", "a.mm.zip", "--run", "--input", "x"), "write --input NAME=PATH"),
        (("verify", "x.ipynb", "--run"), "are for a pack"),
        (("verify", "a.mm.zip", "--run", "--allow", "internet"), "'network', 'process' or a path"),
        (("verify", "a.mm.zip"), "it is no zip file"),
    ],
)
def test_wrong_words_get_a_sentence(mm, store: Path, words: tuple[str, ...], says: str) -> None:
    Path("a.mm.zip").write_text("mine")
    said = mm(*words)
    assert said.status == 64
    assert says in said.err
    assert "Traceback" not in said.err
    assert Path("a.mm.zip").read_text() == "mine"


def test_an_environment_that_cannot_be_had_names_the_way_out(mm, store: Path) -> None:
    mm("pack", "churn/2")
    said = mm("verify", "churn-2.mm.zip", "--run")
    assert said.status == 74
    assert "churn/2 has no record of it; '--env current' takes the one that runs here" in said.err
