"""Which blobs do rows refer to?"""

from __future__ import annotations

from collections.abc import Iterator

from mm_jupyter.store.blobs import mentioned
from mm_jupyter.store.connect import Transaction
from mm_jupyter.store.packed import unpack

_DETAILS = (
    (
        "SELECT e.name || '/' || r.version, r.detail FROM runs r JOIN experiments e ON e.id = r.experiment "
        "WHERE r.detail IS NOT NULL"
    ),
    (
        "SELECT 'execution ' || x.seq || ' of session ' || s.key, x.detail FROM executions x "
        "JOIN sessions s ON s.id = x.session WHERE x.detail IS NOT NULL"
    ),
    (
        "SELECT 'a verdict of ' || e.name || '/' || r.version, v.data FROM verdicts v "
        "JOIN runs r ON r.id = v.run JOIN experiments e ON e.id = r.experiment"
    ),
)


def references(tx: Transaction) -> Iterator[tuple[str, bytes]]:
    """Each mention of a blob: who mentions it, and its raw digest.

    Raises:
        StoreDamaged: a record's bytes do not expand.
    """
    for sql in _DETAILS:
        for owner, data in tx.all(sql):
            for digest in mentioned(unpack(data)):
                yield owner, digest
