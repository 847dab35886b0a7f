"""One change of state in progress: a write transaction, who makes it, and its entries in the audit log."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mm_jupyter.store.blobs import Blobs
from mm_jupyter.store.connect import Database, Transaction
from mm_jupyter.store.interning import Interned
from mm_jupyter.store.scalars import storable

_AUDIT = (
    "INSERT INTO audit (number, at, who, what, object, before, after) "
    "VALUES ((SELECT COALESCE(MAX(number), 0) + 1 FROM audit), ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True)
class Change:
    """A verb writes its rows through ``tx`` and says what it did with ``audit``."""

    tx: Transaction
    interned: Interned
    who: str

    def audit(self, what: str, target: str, before: Any = None, after: Any = None) -> None:
        """Append to the audit log; ``before`` and ``after`` are JSON values, None for nothing."""
        who = self.interned.name(self.tx, self.who)
        self.tx.run(_AUDIT, (time.time(), who, what, storable(target), _text(before), _text(after)))


@contextmanager
def changing(database: Database, blobs: Blobs, interned: Interned, who: str) -> Iterator[Change]:
    """A change: its rows, the blobs that were put before it and its audit entries are all there, or none is."""
    registered = None
    try:
        with database.write() as tx:
            registered = blobs.register(tx)
            try:
                yield Change(tx, interned, who)
            except BaseException:
                interned.undo()
                raise
    except BaseException:
        if registered is not None:
            blobs.put_back(registered)
        interned.undo()
        raise
    interned.commit()
    blobs.settle()


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return storable(json.dumps(value, separators=(",", ":"), ensure_ascii=False))
