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
from mm_jupyter.store.packed import canonical, pack
from mm_jupyter.store.scalars import storable

_AUDIT = (
    "INSERT INTO audit (number, at, who, what, object, before, after) "
    "VALUES ((SELECT COALESCE(MAX(number), 0) + 1 FROM audit), ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True)
class Change:
    """A verb writes its rows through ``tx`` and says what it did with ``audit``."""

    tx: Transaction
    blobs: Blobs
    interned: Interned
    who: str

    def pack(self, value: Any) -> bytes:
        """A JSON value as a row keeps it; the pending blobs that it names become durable with this change."""
        return self.pack_record(canonical(value))

    def pack_record(self, record: bytes) -> bytes:
        """As ``pack``, of a value in its canonical form."""
        self.blobs.register(self.tx, record)
        return pack(record)

    def audit(self, what: str, target: str, before: Any = None, after: Any = None) -> None:
        """Append to the audit log; ``before`` and ``after`` are JSON values, None for nothing."""
        who = self.interned.name(self.tx, self.who)
        self.tx.run(_AUDIT, (time.time(), who, what, storable(target), _text(before), _text(after)))


@contextmanager
def changing(database: Database, blobs: Blobs, interned: Interned, who: str) -> Iterator[Change]:
    """A change: its rows, the blobs that they refer to and its audit entries are all there, or none is."""
    try:
        with database.write() as tx:
            yield Change(tx, blobs, interned, who)
    except BaseException:
        blobs.undo()
        interned.undo()
        raise
    blobs.commit()
    interned.commit()


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return storable(_ENCODER.encode(value))
