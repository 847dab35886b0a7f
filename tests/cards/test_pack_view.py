"""A pack's card and its page: the same facts for people, and nothing that a name could make of them."""

from __future__ import annotations

import re
from dataclasses import replace

from mm_jupyter.cards import pack_card, pack_report, replay_report
from mm_jupyter.records import (
    LeftOut,
    Output,
    Pack,
    PackedRule,
    PackMember,
    Recipe,
    RecipeStep,
    RunRef,
)
from tests.cards.test_views import EVIL, judgement
from tests.packs.making import blob, content

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


def pack() -> Pack:
    made = content()
    first, second = made.record.executions
    outside = replace(first.files[0], path=f"data/{EVIL}.csv", content=None)
    record = replace(
        made.record, executions=(replace(first, files=(*first.files, outside)), second)
    )
    left = (
        LeftOut(kind="input", name=outside.path, why="larger than 100 MB"),
        LeftOut(kind="lock", name="pylock.toml", why=EVIL),
    )
    members = tuple(PackMember(name=name, size=1, digest="blake3:0") for name in ("a", "b"))
    return Pack(
        path=f"/x/{EVIL.replace('/', '')}.mm.zip",
        size=12_345,
        seal="blake3:" + "a" * 64,
        manifest=replace(made.manifest, members=members, left_out=left),
        record=record,
        verdicts=(judgement(verdict="identical"), judgement(verdict="diverged")),
        rules=(PackedRule(name=EVIL, pattern=EVIL), PackedRule(name="all")),
    )


def test_the_card_says_what_is_inside_and_what_is_not() -> None:
    made = pack()
    shown = pack_card(made)
    for fact in (
        "12 kB, 3 files", "churn/7", "completed", "mean 25", "identical", "diverged", "data.csv",
        "inside", "larger than 100 MB", "give it: --input data/", "pylock.toml", "everything",
        made.seal, "repeats 2 of 3 executions",
    ):  # fmt: skip
        assert fact in shown.text
    assert EVIL not in shown.html
    assert "confines it" in shown.text
    assert "does not confine it" in pack_card(made, confined=False).text
    assert "with --run" not in pack_card(made, written=True).text
    assert "give it" not in pack_card(made, replayed=True).text
    bare = replace(made, verdicts=())
    assert "its author has not replayed it" in pack_card(bare).text
    assert "'mm replay churn/7' first" in pack_card(bare, written=True).text


def test_the_page_needs_nothing_and_runs_nothing() -> None:
    made = pack()
    outputs = (
        Output(
            kind="display_data", name="", data={"image/png": blob(PNG), "text/plain": blob(b"i")}
        ),
        Output(kind="stream", name="stdout", data={"text/plain": blob(f"\x1b[31m{EVIL}".encode())}),
        Output(kind="execute_result", name="", data={"text/html": blob(b"<b>bold</b>")}),
    )
    record = replace(made.record, run=replace(made.record.run, outputs=outputs, source=EVIL))
    blobs = {blob(data): data for data in (PNG, b"i", f"\x1b[31m{EVIL}".encode())}
    recipe = Recipe(
        run=RunRef("churn", 7), slice="optimistic", verified=True, of=3,
        steps=(RecipeStep(seq=1, source=f"x = 1  # {EVIL}"),),
    )  # fmt: skip
    page = pack_report(made.manifest, record, made.verdicts, made.rules, recipe, blobs.__getitem__)
    assert page.startswith("<!doctype html>")
    assert EVIL not in page
    assert "\x1b" not in page
    assert "data:image/png;base64," in page
    assert "<b>bold</b>" not in page
    assert not re.search(r"<(script|link|iframe|object)|\son\w+=|https?://(?!www\.w3\.org)", page)
    assert "default-src 'none'" in page
    assert "prefers-color-scheme:dark" in page
    for part in ("Verdicts", "The run", "Outputs", "Recipe", "Files", "Noise rules"):
        assert f"<h2>{part}</h2>" in page


def test_the_page_of_a_replay_says_which_file_it_was() -> None:
    made = pack()
    page = replay_report(made, judgement(verdict="diverged"))
    assert made.seal in page
    assert "This replay" in page
    assert EVIL not in page
