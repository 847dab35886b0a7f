"""Reading the audit log."""

from __future__ import annotations

from mm_jupyter.records import AuditEntry
from mm_jupyter.store.connect import Transaction

_SELECT = "SELECT a.number, a.at, n.name, a.what, a.object, a.before, a.after FROM audit a JOIN names n ON n.id = a.who"


def read_audit(
    tx: Transaction, target: str | None = None, limit: int | None = None, after: int = 0
) -> tuple[AuditEntry, ...]:
    """Entries with a number above ``after``, oldest first; only those about ``target`` (``churn/7``) where given."""
    about = "" if target is None else " AND a.object = ?"
    values = (after, *(() if target is None else (target,)), 2**62 if limit is None else limit)
    rows = tx.all(f"{_SELECT} WHERE a.number > ?{about} ORDER BY a.number LIMIT ?", values)
    names = ("number", "at", "who", "what", "object", "before", "after")
    return tuple(AuditEntry(**dict(zip(names, row, strict=True))) for row in rows)
