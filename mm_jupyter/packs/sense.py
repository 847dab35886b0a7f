"""What a well-typed record may still not say: paths that lead out, times of no clock, blobs that are not there."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from mm_jupyter.errors import MmError
from mm_jupyter.packs import form
from mm_jupyter.packs.index import Fault
from mm_jupyter.records import BlobDigest, Pack, PackedRecord, RunRef
from mm_jupyter.records.names import experiment_name

_LAST = 253_402_300_799.0
"""The end of the year 9999, in seconds since the epoch."""
_DIGEST = re.compile(r"blake3:[0-9a-f]{64}")


def check_sense(pack: Pack) -> None:
    """Raises Fault, naming the first thing that makes no sense."""
    record = pack.record
    _check_names(pack)
    seqs = [execution.seq for execution in record.executions]
    if not seqs or seqs != sorted(set(seqs)) or seqs[0] < 1:
        raise Fault("the executions of its record are out of order")
    for path in _paths(record):
        if "\0" in path or ".." in path.split("/") or not path:
            raise Fault(f"its record has a path that leads out of the project: {path[:80]!r}")
    if not record.root.startswith("/") or ".." in record.root.split("/") or "\0" in record.root:
        raise Fault("its record has no folder of the project")
    for value in _times(pack):
        if not math.isfinite(value) or not 0 <= value <= _LAST:
            raise Fault("its record has a time that no clock shows")
    _check_blobs(pack)


def _check_names(pack: Pack) -> None:
    row = pack.record.run.row
    refs = [one for one in (row.ref, row.parent, row.within) if one is not None]
    refs += [judged.run for judged in pack.verdicts]
    for ref in refs:
        _check_ref(ref)
    if str(row.ref) != pack.manifest.run or any(judged.run != row.ref for judged in pack.verdicts):
        raise Fault("its manifest, record and verdicts are not of the same run")


def _check_ref(ref: RunRef) -> None:
    try:
        experiment_name(ref.experiment)
    except MmError as error:
        raise Fault("its record has no name of a run") from error
    if not 0 < ref.version < 10**9:
        raise Fault("its record has no name of a run")


def _paths(record: PackedRecord) -> Iterator[str]:
    yield from (use.path for use in record.run.files)
    for execution in record.executions:
        yield execution.cwd
        yield from (use.path for use in execution.files)
        yield from (module.path for module in execution.modules)
        for listing in execution.listings:
            yield listing.path
            yield from (name for name in listing.names if name)


def _times(pack: Pack) -> Iterator[float]:
    row = pack.record.run.row
    yield from (pack.manifest.as_of, row.started, row.seconds or 0.0)
    for judged in pack.verdicts:
        yield from (judged.at, judged.seconds)
    for execution in pack.record.executions:
        yield from (execution.started, execution.seconds)
        yield from (use.modified or 0.0 for use in execution.files)


def _check_blobs(pack: Pack) -> None:
    """Every blob that the record needs is there, and no others."""
    wanted: set[BlobDigest] = set(pack.record.blobs())
    there = {
        BlobDigest(one.digest) for one in pack.manifest.members if one.name.startswith(form.BLOBS)
    }
    for digest in sorted(wanted - there):
        shown = digest if _DIGEST.fullmatch(digest) else "something that is no digest"
        raise Fault(f"its record needs {shown}, which it does not hold")
    for digest in sorted(there - wanted):
        raise Fault(f"it holds {digest}, which its record does not need")
