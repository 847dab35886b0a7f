"""Writing what people and replays say about runs: tags, notes, verdicts; and taking runs away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mm_jupyter.records import Judgement, RunRef, to_json
from mm_jupyter.store.change import Change
from mm_jupyter.store.runs import read_rows, run_id
from mm_jupyter.store.scalars import storable
from mm_jupyter.store.write_runs import put_tags


def tag(change: Change, ref: RunRef, key: str, value: str | None) -> None:
    """Set a tag, or take it away with None. Nothing changes, and nothing is noted, where it is so already."""
    tx, run = change.tx, run_id(change.tx, ref)
    name = change.interned.name(tx, key)
    row = tx.one("SELECT text FROM tags WHERE run = ? AND name = ?", (run, name))
    before = None if row is None else row[0]
    if before == value:
        return
    if value is None:
        tx.run("DELETE FROM tags WHERE run = ? AND name = ?", (run, name))
    else:
        put_tags(change, run, {key: value})
    change.audit("run.tagged", str(ref), {key: before}, {key: value})


def set_note(change: Change, ref: RunRef, text: str | None) -> None:
    """Set the note; an empty text or None takes it away."""
    tx, run = change.tx, run_id(change.tx, ref)
    row = tx.one("SELECT note FROM runs WHERE id = ?", (run,))
    before = None if row is None else row[0]
    after = storable(text) if text else None
    if before != after:
        tx.run("UPDATE runs SET note = ? WHERE id = ?", (after, run))
        change.audit("run.noted", str(ref), {"note": before}, {"note": after})


def add_verdict(change: Change, judgement: Judgement) -> None:
    """Append a verdict; the run shows the newest one."""
    tx, ref = change.tx, judgement.run
    run = run_id(tx, ref)
    row = tx.one("SELECT verdict FROM runs WHERE id = ?", (run,))
    tx.run(
        "INSERT INTO verdicts (run, verdict, data) VALUES (?, ?, ?)",
        (run, judgement.verdict, change.pack(to_json(judgement))),
    )
    tx.run("UPDATE runs SET verdict = ? WHERE id = ?", (judgement.verdict, run))
    before = {"verdict": row[0]} if row and row[0] else None
    after = {"verdict": judgement.verdict, "said": judgement.said, "slice": judgement.slice}
    change.audit("run.judged", str(ref), before, after)


def delete(change: Change, refs: Sequence[RunRef], is_live: Callable[[str], bool]) -> None:
    """Take runs away with all that is theirs; the audit log keeps a summary of each.

    The executions of a session go with its last run, unless the session still lives. A version is never used again.

    Raises:
        NoSuchRun: one is not there; then none is deleted.
    """
    tx = change.tx
    sessions: dict[str, None] = {}
    for ref in dict.fromkeys(refs):
        run = run_id(tx, ref)
        (row,) = read_rows(tx, [run])
        summary = to_json(row)
        tx.run(
            "UPDATE runs SET parent = (SELECT parent FROM runs p WHERE p.id = runs.parent) WHERE parent = ?",
            (run,),
        )
        tx.run("UPDATE runs SET within = NULL WHERE within = ?", (run,))
        tx.run("DELETE FROM runs WHERE id = ?", (run,))
        sessions[row.session] = None
        change.audit("run.deleted", str(ref), _short(summary), None)
    for session in sessions:
        number = change.interned.session(tx, session)
        if tx.one("SELECT 1 FROM runs WHERE session = ? LIMIT 1", (number,)) or is_live(session):
            continue
        gone = tx.run("DELETE FROM executions WHERE session = ?", (number,))
        if gone:
            change.audit("session.emptied", f"session {session}", {"executions": gone}, None)


def _short(summary: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty."""
    return {key: value for key, value in summary.items() if value not in (None, [], {})}
