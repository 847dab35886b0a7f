"""Bytes by their own digest: ``blake3:<64 hex digits>`` of the plain bytes.

Up to 64 KiB a blob is one row. A larger one is a list of blocks, each a blob of its own, so that what two objects
have in common is kept once; the new blocks of one ``put`` go to one pack file (into rows where there is no folder).
``put`` writes no row: what it kept is pending until a transaction writes a row that refers to it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from blake3 import blake3

from mm_jupyter.errors import StoreDamaged
from mm_jupyter.records import BlobDigest
from mm_jupyter.store import packs
from mm_jupyter.store.columns import pack_ints, unpack_ints
from mm_jupyter.store.connect import Database, Row, Transaction
from mm_jupyter.store.locks import PUTS, Lock, Locks
from mm_jupyter.store.packed import PLAIN, ZSTD, compressed, expanded

Buffer = bytes | bytearray | memoryview
PackedBlock = tuple[bytes, int, int, int, int]
"""Digest, size, codec, start and stored size of a block in a pack."""

BLOCK = 64 * 1024
BLOCKS = 2
"""Codec of a blob that is a list of other blobs, beside ``PLAIN`` and ``ZSTD``."""
_SMALL_BUFFER = 4096
_DIGEST = re.compile(rb"blake3:([0-9a-f]{64})")
_WORTH_TRYING = 128
_MANY_THREADS = 1024 * 1024
_INSERT = "INSERT INTO blobs (digest, size, codec, data) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_INSERT_PACKED = (
    "INSERT INTO blobs (digest, size, codec, pack, start, stored) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING"
)
COLUMNS = "SELECT b.id, b.digest, b.size, b.codec, b.data, p.name, b.start, b.stored"
FROM = " FROM blobs b LEFT JOIN packs p ON p.id = b.pack WHERE "


@dataclass(frozen=True, slots=True)
class PendingObject:
    """A large blob that no row knows yet: its blocks, and the packs among the pending ones that hold some."""

    size: int
    blocks: list[bytes]
    packs: frozenset[str]


@dataclass(slots=True)
class Pending:
    """What was put and no row refers to yet. ``packs`` maps a pack's name to its size and blocks."""

    rows: dict[bytes, tuple[int, int, bytes]] = field(default_factory=dict)
    packs: dict[str, tuple[int, list[PackedBlock]]] = field(default_factory=dict)
    objects: dict[bytes, PendingObject] = field(default_factory=dict)
    shared: set[bytes] = field(default_factory=set)

    @property
    def empty(self) -> bool:
        return not (self.rows or self.packs or self.objects or self.shared)

    def take(self, digests: Iterable[bytes]) -> Pending:
        """Move these blobs, and the blocks and packs that they need, to a Pending of their own."""
        taken = Pending()
        for digest in digests:
            if digest in self.shared:
                self.shared.discard(digest)
                taken.shared.add(digest)
            if digest in self.rows:
                taken.rows[digest] = self.rows.pop(digest)
            if digest in self.objects:
                found = taken.objects[digest] = self.objects.pop(digest)
                taken.rows |= {key: self.rows.pop(key) for key in found.blocks if key in self.rows}
                taken.packs |= {
                    name: self.packs.pop(name) for name in found.packs & self.packs.keys()
                }
        return taken

    def add(self, other: Pending) -> None:
        self.rows |= other.rows
        self.packs |= other.packs
        self.objects |= other.objects
        self.shared |= other.shared


class Blobs:
    """The blobs of one store that are not in it yet. Every method may be called from any thread."""

    def __init__(self, database: Database, locks: Locks, folder: Path | None) -> None:
        self._database, self._locks, self._folder = database, locks, folder
        # A block that is also a small blob's row may go with that blob: only those in packs are safe to count on.
        self._kept = "SELECT digest FROM blobs WHERE digest IN (?)"
        if folder is not None:
            self._kept += " AND pack IS NOT NULL"
        self.forget()

    def forget(self) -> None:
        """Drop what is pending: after a fork it is the parent's to register."""
        self._mutex = threading.RLock()
        self._pending, self._registered = Pending(), Pending()
        self._guard: Lock | None = None

    def put(self, *buffers: Buffer) -> BlobDigest:
        """Keep the concatenation of ``buffers`` and return its digest. Each buffer starts a block of its own.

        Raises:
            StoreReadOnly: the disk is full or cannot be written.
        """
        views = [_flat(buffer) for buffer in buffers]
        digest = _digest_of(views)
        size = sum(len(view) for view in views)
        with self._mutex:
            if size <= BLOCK:
                if digest not in self._pending.rows:
                    self._pending.rows[digest] = (size, *_coded(b"".join(views)))
            elif digest not in self._pending.objects:
                self._put_large(digest, size, views)
        return BlobDigest(f"blake3:{digest.hex()}")

    def register(self, tx: Transaction, record: bytes) -> None:
        """Write the rows of the pending blobs whose digests stand in ``record``; ``commit`` or ``undo`` follows.

        The others stay pending: a blob without a row that refers to it would be garbage to another process.
        """
        with self._mutex:
            if self._pending.empty:
                return
            now = self._pending.take(mentioned(record))
            self._registered.add(now)
        tx.many(_INSERT, [(digest, *row) for digest, row in now.rows.items()])
        for name, (size, blocks) in now.packs.items():
            row = tx.one("INSERT INTO packs (name, size) VALUES (?, ?) RETURNING id", (name, size))
            assert row is not None
            tx.many(_INSERT_PACKED, [(*block[:3], row[0], *block[3:]) for block in blocks])
        for digest, found in now.objects.items():
            tx.many(_INSERT, [(digest, found.size, BLOCKS, _manifest(tx, found.blocks))])

    def commit(self) -> None:
        """What was registered is committed: collections of garbage need not wait for it any more."""
        with self._mutex:
            self._registered = Pending()
            if self._guard and not self._pending.objects and not self._pending.shared:
                self._guard.release()
                self._guard = None

    def undo(self) -> None:
        """The transaction failed: what it registered is pending again."""
        with self._mutex:
            self._pending.add(self._registered)
            self._registered = Pending()

    def read_pending(self, digest: str) -> bytes | None:
        """The bytes of a blob that was put and is in no row yet, None where it is in one or was never put."""
        raw = raw_digest(digest)
        with self._mutex:
            if raw in self._pending.rows:
                return _from_row(self._pending.rows[raw])
            found = self._pending.objects.get(raw)
            if found is None:
                return None
            return b"".join(self._read_block(key, found.packs) for key in found.blocks)

    def _read_block(self, key: bytes, names: frozenset[str]) -> bytes:
        if key in self._pending.rows:
            return _from_row(self._pending.rows[key])
        for name in names & self._pending.packs.keys():
            for digest, size, codec, start, stored in self._pending.packs[name][1]:
                if digest == key:
                    row = (None, digest, size, codec, None, name, start, stored)
                    return b"".join(stored_bytes(self._folder, [row]))
        return read(self._database, self._folder, f"blake3:{key.hex()}")

    def _put_large(self, digest: bytes, size: int, views: list[memoryview]) -> None:
        guarded = self._take_guard()
        pending = self._pending
        with self._database.read() as tx:
            if guarded and tx.one("SELECT 1 FROM blobs WHERE digest = ?", (digest,)):
                pending.shared.add(digest)
                return
            blocks = [(blake3(block).digest(), block) for block in _blocks(views)]
            wanted = {key for key, _ in blocks}
            known = {bytes(row[0]) for row in tx.within(self._kept, wanted)} if guarded else set()
        used: set[str] = set()
        if guarded:
            for name, (_, listed) in pending.packs.items():
                common = wanted.intersection(block[0] for block in listed) - known
                known |= common
                used |= {name} if common else set()
        new = {key: block for key, block in blocks if key not in known}
        if self._folder is None:
            for key, block in new.items():
                pending.rows[key] = (len(block), *_coded(bytes(block)))
        elif new:
            used.add(self._write_pack(self._folder, new))
        pending.objects[digest] = PendingObject(size, [key for key, _ in blocks], frozenset(used))

    def _write_pack(self, folder: Path, new: dict[bytes, memoryview]) -> str:
        pays, name, start = _compression_pays(list(new.values())), packs.new_name(), 0
        listed = []
        with packs.making(folder, name) as file:
            for key, block in new.items():
                codec, data = PLAIN, block
                if pays and len(small := compressed(block, level=1)) < len(block):
                    codec, data = ZSTD, memoryview(small)
                listed.append((key, len(block), codec, start, len(data)))
                start += packs.write_all(file, data)
        self._pending.packs[name] = (start, listed)
        return name

    def _take_guard(self) -> bool:
        """True while no collection of garbage can run. Without it nothing is shared with what is already kept."""
        if self._guard is None:
            try:
                self._guard = self._locks.take(PUTS, shared=True)
            except OSError:
                return False
        return self._guard is not None


def mentioned(record: bytes) -> list[bytes]:
    """The raw digests of all blobs that the JSON of a record names.

    Any text that looks like a blob's digest counts, so that what a later version refers to is safe too.
    """
    return [bytes.fromhex(match.decode()) for match in _DIGEST.findall(record)]


def raw_digest(digest: str) -> bytes:
    """The 32 bytes of a blob's digest.

    Raises:
        StoreDamaged: it is none.
    """
    algorithm, _, digits = digest.partition(":")
    try:
        raw = bytes.fromhex(digits)
    except ValueError:
        raw = b""
    if algorithm != "blake3" or len(raw) != 32:
        raise StoreDamaged(
            f"The digest {digest[:80]!r}", "a store's blobs are named blake3:<64 hex digits>"
        )
    return raw


def read(database: Database, folder: Path | None, digest: str) -> bytes:
    """The bytes of a blob.

    Raises:
        StoreDamaged: it is not there, or its bytes have another digest.
    """
    raw = raw_digest(digest)
    for attempt in (1, 2):
        try:
            with database.read() as tx:
                row = tx.one(f"{COLUMNS}{FROM}b.digest = ?", (raw,))
                if row is None:
                    raise StoreDamaged(f"The blob {digest[:19]}...", "it is not in the store")
                data = b"".join(_contents(tx, folder, row))
            break
        except FileNotFoundError as error:
            # A collection of garbage rewrote the pack after our snapshot; the next one knows the new place.
            if attempt == 2:
                raise StoreDamaged(f"The blob {digest[:19]}...", "its pack file is gone") from error
    if _digest_of([memoryview(data)]) != raw:
        raise StoreDamaged(f"The blob {digest[:19]}...", "its bytes have another digest")
    return data


def _contents(tx: Transaction, folder: Path | None, row: Row) -> Iterator[bytes]:
    if row[3] != BLOCKS:
        yield from stored_bytes(folder, [row])
        return
    ids = block_ids(row[4])
    rows = {found[0]: found for found in tx.within(f"{COLUMNS}{FROM}b.id IN (?)", set(ids))}
    if any(number not in rows for number in ids):
        raise StoreDamaged(
            f"The blob blake3:{bytes(row[1]).hex()[:12]}...", "a block of it is not in the store"
        )
    yield from stored_bytes(folder, [rows[number] for number in ids])


def block_ids(manifest: bytes) -> Sequence[int]:
    return unpack_ints(manifest[4:], int.from_bytes(manifest[:4], "little"))


def stored_bytes(folder: Path | None, rows: Sequence[Row]) -> Iterator[bytes]:
    """The plain bytes of rows that are no lists, in order; neighbours in one pack are read in one go.

    Raises:
        FileNotFoundError: a pack is gone.
        StoreDamaged: a pack is too short, or bytes do not expand.
    """
    start = 0
    while start < len(rows):
        name = rows[start][5]
        if name is None:
            yield _plain(rows[start], rows[start][4])
            start += 1
            continue
        if folder is None:
            raise StoreDamaged("A blob", "it is in a pack file, and this store has no folder")
        end = start
        while end < len(rows) and rows[end][5] == name:
            end += 1
        ranges = [(row[6], row[7]) for row in rows[start:end]]
        for row, data in zip(
            rows[start:end], packs.read_ranges(packs.path_of(folder, name), ranges), strict=True
        ):
            yield _plain(row, data)
        start = end


def _plain(row: Row, data: bytes) -> bytes:
    return expanded(data, row[2]) if row[3] == ZSTD else bytes(data)


def _from_row(row: tuple[int, int, bytes]) -> bytes:
    size, codec, data = row
    return expanded(data, size) if codec == ZSTD else data


def _manifest(tx: Transaction, digests: list[bytes]) -> bytes:
    found = {
        bytes(row[1]): row[0]
        for row in tx.within("SELECT id, digest FROM blobs WHERE digest IN (?)", set(digests))
    }
    return len(digests).to_bytes(4, "little") + pack_ints([found[digest] for digest in digests])


def _flat(buffer: Buffer) -> memoryview:
    view = memoryview(buffer)
    return view.cast("B") if view.c_contiguous else memoryview(view.tobytes())


def _digest_of(views: Sequence[memoryview]) -> bytes:
    size = sum(len(view) for view in views)
    hasher = blake3(max_threads=blake3.AUTO if size >= _MANY_THREADS else 1)
    for view in views:
        hasher.update(view)
    return hasher.digest()


def _blocks(views: Sequence[memoryview]) -> Iterator[memoryview]:
    """Blocks of 64 KiB, a new one for each buffer; small neighbours share one."""
    small: list[memoryview] = []
    held = 0
    for view in views:
        if len(view) < _SMALL_BUFFER and held + len(view) <= BLOCK:
            small.append(view)
            held += len(view)
            continue
        if small:
            yield memoryview(b"".join(small))
            small, held = [], 0
        for start in range(0, len(view), BLOCK):
            yield view[start : start + BLOCK]
    if small:
        yield memoryview(b"".join(small))


def _coded(data: bytes) -> tuple[int, bytes]:
    if len(data) >= _WORTH_TRYING and len(small := compressed(data)) < len(data) * 0.95:
        return ZSTD, small
    return PLAIN, data


def _compression_pays(blocks: Sequence[memoryview]) -> bool:
    """Tried on up to four blocks from all over the object."""
    sample = blocks[:: max(1, len(blocks) // 4)][:4]
    return sum(len(compressed(block, level=1)) for block in sample) < 0.9 * sum(map(len, sample))
