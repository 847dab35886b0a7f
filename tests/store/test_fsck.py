"""Whatever is changed behind the store's back is named."""

from __future__ import annotations

from typing import Any

import pytest

from mm_jupyter.records import Environment, GitState
from mm_jupyter.store import Store


def fill(hand: Any) -> None:
    digest = hand.writer.environment(
        Environment(
            python="3", implementation="c", platform="p", machine="m", processor="x", cpus=1
        )
    )
    hand.run(params={"n": 1}, metrics={"acc": 0.5}, environment=digest, outcome={"note": "a"})
    hand.writer.append([hand.execution(source="y = 2")])
    run, _ = hand.writer.open_run(hand.opening(), ())
    hand.writer.set_git(run, GitState(commit="abc", branch=None, dirty=False))


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        ("UPDATE metrics SET number = 0.9", "run"),
        ("UPDATE params SET number = 2", "run"),
        ("DELETE FROM params", "run"),
        ("UPDATE runs SET status = 'completed' WHERE version = 1", None),
        ("UPDATE runs SET status = 'failed' WHERE version = 1", "run"),
        ("UPDATE sources SET data = X'0061'", "source"),
        ("UPDATE git_states SET data = X'0061'", "git"),
        ("UPDATE git_states SET data = X'0161'", "git"),
        ("UPDATE environments SET data = X'007B7D'", "environment"),
        ("UPDATE environments SET data = X'00'", "environment"),
        ("UPDATE runs SET detail = X'01AA'", "run"),
        ("DELETE FROM sources", "reference"),
        ("DELETE FROM environments", "reference"),
        ("PRAGMA foreign_keys = OFF; DELETE FROM sessions", "database"),
    ],
)
def test_a_change_behind_its_back_is_named(
    local: Store, local_hand: Any, harm: str, kind: str | None
) -> None:
    fill(local_hand)
    assert local.fsck() == ()
    local._database.outside(*harm.split("; "))
    found = local.fsck()
    assert (kind in [fault.kind for fault in found]) if kind else found == ()
    assert all(fault.why and fault.name for fault in found)


def test_a_reference_to_a_missing_blob_names_its_owner(local: Store, local_hand: Any) -> None:
    missing = "blake3:" + "0" * 64
    local_hand.writer.append([local_hand.execution(seq=7, files=(), cwd=missing)])
    (fault,) = local.fsck()
    assert (fault.kind, fault.name) == ("reference", "execution 7 of session s1")


def test_progress_is_told(local: Store, local_hand: Any) -> None:
    for number in range(100):
        local_hand.run(source=f"run {number}")
    told: list[tuple[int, int]] = []
    local.fsck(lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (200, 200)
