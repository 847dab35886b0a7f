"""Writing sessions, executions, environments."""

from __future__ import annotations

from collections.abc import Sequence

from mm_jupyter.records import Environment, Execution, Session, SessionId, to_json
from mm_jupyter.store.change import Change
from mm_jupyter.store.details import execution_detail
from mm_jupyter.store.interning import record_digest
from mm_jupyter.store.scalars import storable

_EXECUTION = (
    "INSERT INTO executions (session, seq, cell_id, count, source, started, seconds, status, detail) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (session, seq) DO UPDATE SET cell_id = excluded.cell_id, "
    "count = excluded.count, source = excluded.source, started = excluded.started, "
    "seconds = excluded.seconds, status = excluded.status, detail = excluded.detail"
)


def open_session(change: Change, session: Session) -> None:
    """Add a session; the same one again is the same one (a kernel that loads the extension twice)."""
    added = change.tx.run(
        "INSERT INTO sessions (key, notebook, started, username, host, pid, cwd) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (key) DO UPDATE SET notebook = excluded.notebook, ended = NULL",
        (
            session.id,
            None if session.notebook is None else storable(session.notebook),
            session.started,
            storable(session.user),
            storable(session.host),
            session.pid,
            storable(session.cwd),
        ),
    )
    assert added == 1
    change.audit("session.opened", f"session {session.id}", None, to_json(session))


def close_session(change: Change, session: SessionId, ended: float) -> None:
    number = change.interned.session(change.tx, session)
    change.tx.run("UPDATE sessions SET ended = ? WHERE id = ?", (ended, number))
    change.audit("session.closed", f"session {session}", None, {"ended": ended})


def append(change: Change, executions: Sequence[Execution]) -> None:
    """Add executions, or replace those of the same session and ``seq``."""
    put_executions(change, executions)
    for session in dict.fromkeys(execution.session for execution in executions):
        seqs = [execution.seq for execution in executions if execution.session == session]
        change.audit(
            "session.appended", f"session {session}", None, {"seq": [min(seqs), max(seqs)]}
        )


def put_executions(change: Change, executions: Sequence[Execution]) -> None:
    tx = change.tx
    rows = []
    for execution in executions:
        detail = execution_detail(execution)
        session = change.interned.session(tx, execution.session)
        rows.append(
            (
                session,
                execution.seq,
                execution.cell_id,
                execution.count,
                change.interned.execution_source(tx, session, execution),
                execution.started,
                execution.seconds,
                execution.status,
                change.pack(detail) if detail else None,
            )
        )
    tx.many(_EXECUTION, rows)


def put_environment(change: Change, environment: Environment) -> str:
    """Keep an environment once and return its digest."""
    value = to_json(environment)
    digest = record_digest(value)
    added = change.tx.run(
        "INSERT INTO environments (digest, data) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (digest, change.pack(value)),
    )
    if added:
        after = {"python": environment.python, "packages": len(environment.packages)}
        change.audit("environment.added", digest, None, after)
    return digest
