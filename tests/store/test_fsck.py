"""Whatever is changed behind the store's back is named."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from mm_jupyter.errors import StoreDamaged
from mm_jupyter.records import Environment, GitState, RunId, SeriesChunk
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
    hand.writer.append([hand.execution(source="z = 3", cwd="deeper")])
    hand.writer.add_points(
        run, [SeriesChunk(name="loss", steps=(1, 2), values=(0.5, 0.25), times=(1.0, 2.0))]
    )
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
        ("UPDATE executions SET detail = X'007B'", "session"),
        ("UPDATE sessions SET cwd = 'elsewhere'", "session"),
        ("UPDATE sessions SET cwd = CAST(X'FF' AS TEXT)", "database"),
        ("DELETE FROM audit WHERE number = 2", "audit"),
        ("UPDATE audit SET before = CAST(X'FF' AS TEXT)", "audit"),
        ("UPDATE series SET points = 1", "run"),
        ("UPDATE series SET data = X'00'", "run"),
        ("PRAGMA foreign_keys = OFF; DELETE FROM names WHERE name = 'acc'", "run"),
        ("ALTER TABLE audit RENAME COLUMN before TO behind", "database"),
        ("ALTER TABLE tags ADD COLUMN more", "database"),
        ("DROP INDEX jobs_left", "database"),
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


@pytest.mark.parametrize(
    ("harm", "read"),
    [
        (
            "UPDATE names SET name = CAST(X'61FF' AS TEXT) WHERE name = 'acc'",
            lambda store: store.names("metrics"),
        ),
        ("UPDATE params SET origin = 9", lambda store: store.runs()),
        ("UPDATE runs SET models = '{'", lambda store: store.runs()),
        ("UPDATE series SET data = X'00'", lambda store: store.series(2)),
        ("UPDATE series SET points = 1", lambda store: store.latest_points([2])),
    ],
)
def test_a_row_that_no_writer_wrote_is_a_damaged_store(
    local: Store, local_hand: Any, harm: str, read: Any
) -> None:
    fill(local_hand)
    local._database.outside(harm)
    with pytest.raises(StoreDamaged, match="damaged"):
        read(local)
    assert local.fsck()


def test_points_that_were_changed_in_place_are_not_given(local: Store, local_hand: Any) -> None:
    fill(local_hand)
    with local._database.read() as tx:
        row = tx.one("SELECT data FROM series")
    assert row is not None
    for at in range(len(row[0])):
        changed = bytearray(row[0])
        changed[at] ^= 0x10
        with local._database.write() as tx:
            tx.run("UPDATE series SET data = ?", (bytes(changed),))
        with suppress(StoreDamaged):  # some bits of a frame's header mean nothing
            (chunk,) = local.series(RunId(2))
            assert chunk.values == (0.5, 0.25)


def test_a_session_opened_twice_is_whole(local: Store, local_hand: Any) -> None:
    local_hand.session(notebook="other.ipynb", cwd="\ud800\0", pid=7)
    local_hand.session("s2", cwd="\ud800\0")
    assert local.fsck() == ()
