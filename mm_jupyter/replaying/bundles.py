"""Reading the bundle that a replay kernel left: data in, records out, nothing unpickled."""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from mm_jupyter.errors import StoreDamaged
from mm_jupyter.records import (
    BUNDLE_VERSION,
    BlobDigest,
    Environment,
    Execution,
    Outcome,
    RunOpening,
    from_json,
)

MAX_BYTES = 4 * 1024**3
"""A bundle that unpacks to more than this is refused."""


_UNREADABLE = (
    OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, ArithmeticError, MemoryError,
    struct.error, zlib.error, zipfile.BadZipFile, zipfile.LargeZipFile,
)  # fmt: skip
"""What zipfile, json and the codec raise on bytes that the replayed code may have made."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything one replay gave; ``outcomes`` in the order in which the runs were opened."""

    outcomes: tuple[tuple[RunOpening, Outcome], ...]
    executions: tuple[Execution, ...]
    environment: Environment | None
    refusals: tuple[tuple[str, str], ...]
    blobs: dict[BlobDigest, bytes]
    traces: tuple[dict[str, str], ...] = ()

    def read(self, digest: BlobDigest) -> bytes:
        """The bytes of a blob.

        Raises:
            StoreDamaged: the bundle has no such bytes, or they are not what the digest says.
        """
        data = self.blobs.get(digest)
        if data is None:
            raise StoreDamaged("The replay's bundle", f"{digest} is missing")
        if "blake2b:" + hashlib.blake2b(data, digest_size=16).hexdigest() != digest:
            raise StoreDamaged("The replay's bundle", f"{digest} has other bytes")
        return data


def read_bundle(path: Path) -> Bundle:
    """Read a bundle file.

    Raises:
        StoreDamaged: it is no bundle, of an unknown version, or too large.
    """
    name = "The replay's bundle"
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > MAX_BYTES:
                raise StoreDamaged(name, "it is larger than 4 GiB")
            document = json.loads(archive.read("bundle.json"))
            blobs = {
                BlobDigest("blake2b:" + entry.removeprefix("blobs/")): archive.read(entry)
                for entry in archive.namelist()
                if entry.startswith("blobs/")
            }
        if document["version"] != BUNDLE_VERSION:
            raise StoreDamaged(name, f"version {document['version']} is unknown")
        return Bundle(
            outcomes=tuple(
                (from_json(RunOpening, one["opening"]), from_json(Outcome, one["outcome"]))
                for one in document["outcomes"]
            ),
            executions=tuple(from_json(Execution, one) for one in document["executions"]),
            environment=from_json(Environment, document["environment"])
            if document["environment"]
            else None,
            refusals=tuple((kind, what) for kind, what in document["refusals"]),
            blobs=blobs,
            traces=tuple(
                {str(name): str(digest) for name, digest in cell.items()}
                for cell in document.get("traces", ())
            ),
        )
    except _UNREADABLE as error:
        raise StoreDamaged(name, f"it cannot be read ({type(error).__name__})") from error
