"""Reading sessions and their executions."""

from __future__ import annotations

from mm_jupyter.errors import NotFound, StoreDamaged
from mm_jupyter.records import Execution, Session, SessionId
from mm_jupyter.store.connect import Row, Transaction
from mm_jupyter.store.details import execution_of
from mm_jupyter.store.packed import unpack, unpack_json

_COLUMNS = "SELECT key, notebook, started, username, host, pid, cwd FROM sessions"
_EXECUTION = ("seq", "cell_id", "count", "source", "started", "seconds", "status")


def read_session(tx: Transaction, session: SessionId) -> Session:
    """Raises NotFound when there is none of that id."""
    row = tx.one(f"{_COLUMNS} WHERE key = ?", (session,))
    if row is None:
        raise NotFound(f"There is no session {session}.")
    return _session(row)


def read_sessions(tx: Transaction) -> tuple[Session, ...]:
    """Every session, newest first."""
    return tuple(_session(row) for row in tx.all(f"{_COLUMNS} ORDER BY started DESC, id DESC"))


def read_executions(
    tx: Transaction, session: SessionId, up_to_seq: int | None = None
) -> tuple[Execution, ...]:
    """The executions of a session in the order in which they started, up to ``up_to_seq`` included."""
    rows = tx.all(
        "SELECT x.seq, x.cell_id, x.count, o.data, x.started, x.seconds, x.status, x.detail "
        "FROM sessions s JOIN executions x ON x.session = s.id LEFT JOIN sources o ON o.id = x.source "
        "WHERE s.key = ? AND x.seq <= ? ORDER BY x.seq",
        (session, 2**31 - 1 if up_to_seq is None else up_to_seq),
    )
    return tuple(_execution(session, row) for row in rows)


def _session(row: tuple[object, ...]) -> Session:
    names = ("id", "notebook", "started", "user", "host", "pid", "cwd")
    return Session(**dict(zip(names, row, strict=True)))  # type: ignore[arg-type]


def _execution(session: SessionId, row: Row) -> Execution:
    columns = dict(zip(_EXECUTION, row[:7], strict=True))
    if columns["source"] is None:
        raise StoreDamaged(
            f"Execution {row[0]} of session {session}", "its source is not in the store"
        )
    columns["source"] = unpack(columns["source"]).decode("utf-8", "surrogatepass")
    return execution_of({"session": session, **columns}, unpack_json(row[7]))
