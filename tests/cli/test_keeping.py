"""tag, note, delete, gc, fsck, trust over a real store."""

from __future__ import annotations


def test_tags_are_put_and_taken_away(mm, store) -> None:
    assert mm("tag", "churn/1", "stage=baseline", "who=me=you").status == 0
    assert mm("show", "churn/1", "--json").json["tags"] == {"stage": "baseline", "who": "me=you"}
    assert mm("tag", "churn/1", "stage=", "--json").json["tags"] == {"stage": None}
    assert mm("show", "churn/1", "--json").json["tags"] == {"who": "me=you"}


def test_a_note_replaces_the_one_before(mm, store) -> None:
    mm("note", "churn/1", "first")
    assert mm("note", "churn/1", "second").out == "Noted on churn/1.\n"
    assert mm("show", "churn/1", "--json").json["note"] == "second"


def test_a_note_cannot_write_to_the_terminal(mm, store) -> None:
    mm("note", "churn/1", "a\x1b]0;owned\x07b")
    said = mm("show", "churn/1").out
    assert "\x1b" not in said
    assert "\x07" not in said


def test_delete_asks_and_never_where_nobody_answers(mm, store) -> None:
    said = mm("delete", "churn/1")
    assert said.status == 64
    assert "--yes" in said.err
    assert len(mm("runs", "--json").json) == 3
    assert mm("delete", "churn/1", "--yes", "--json").json == {"deleted": 1}
    assert [row["run"] for row in mm("runs", "--json").json] == ["churn/3", "churn/2"]


def test_deleting_an_unknown_run_deletes_none(mm, store) -> None:
    assert mm("delete", "churn/1", "churn/9", "--yes").status == 64
    assert len(mm("runs", "--json").json) == 3


def test_gc_says_what_it_gives_back(mm, store) -> None:
    assert mm("gc", "--dry-run", "--json").json["dry_run"] is True
    said = mm("gc")
    assert said.status == 0
    assert "freed" in said.out


def test_a_whole_store_has_no_faults(mm, store) -> None:
    assert mm("fsck", "--json").json == []
    assert "nothing is damaged" in mm("fsck").out


def test_trust_names_the_store(mm, store) -> None:
    said = mm("trust", str(store), "--json")
    assert said.status == 0
    assert str(store) in said.json["trusted"]
