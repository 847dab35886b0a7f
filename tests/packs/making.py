"""A small pack made from real records, and the seal of a forged one."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from mm_jupyter.packs import PackContent, form
from mm_jupyter.packs.form import digest_of, seal_of
from mm_jupyter.records import (
    PACK_FORMAT,
    BlobDigest,
    ContentDigest,
    Execution,
    FileUse,
    Output,
    PackedRecord,
    PackedRule,
    PackManifest,
    Run,
    RunId,
    RunRef,
    RunRow,
    SessionId,
)

DATA = b"age\n20\n30\n" * 40
SHOWN = b"mean 25"
SESSION = SessionId("0" * 26)


def blob(data: bytes) -> BlobDigest:
    return BlobDigest(digest_of(data))


def row(**given: Any) -> RunRow:
    fields: dict[str, Any] = {
        "ref": RunRef("churn", 7), "id": RunId(1), "kind": "cell", "status": "completed",
        "started": 1000.0, "seconds": 0.5, "session": SESSION, "notebook": "churn.ipynb", "seq": 2,
        "cell_id": None, "params": (), "metrics": {"mean": 25.0, "odd": float("nan")}, "tags": {},
        "note": None, "parent": None, "within": None, "verdict": None, "models": (),
    }  # fmt: skip
    return RunRow(**fields | given)


def execution(seq: int, source: str, **given: Any) -> Execution:
    return Execution(
        session=SESSION, seq=seq, cell_id=None, count=seq, source=source, started=1000.0 + seq,
        seconds=0.1, status="ok", **given,
    )  # fmt: skip


def content() -> PackContent:
    use = FileUse(
        path="data.csv", role="input", digest=ContentDigest("blake2b:" + "0" * 32), size=len(DATA),
        content=blob(DATA), modified=900.0,
    )  # fmt: skip
    run = Run(
        row=row(), source="print('mean', mean)", failure=None, values=(), models=(),
        outputs=(Output(kind="stream", name="stdout", data={"text/plain": blob(SHOWN)}),),
        artifacts=(), files=(), series={}, not_kept=(), environment=None, git=None,
    )  # fmt: skip
    record = PackedRecord(
        run=run, series=(), root="/project", of=3,
        executions=(
            execution(1, "rows = open('data.csv').read().split()", files=(use,)),
            execution(2, "%%track churn\nprint('mean', 25)"),
        ),
    )  # fmt: skip
    manifest = PackManifest(
        format=PACK_FORMAT, product="0.1.0", run="churn/7", as_of=1000.5, executions=2, of=3,
        members=(), left_out=(),
    )  # fmt: skip
    return PackContent(
        manifest=manifest,
        record=record,
        verdicts=(),
        rules=(PackedRule(name="ids", pattern="id-[0-9]+"),),
        people={"report.html": "<p>" + "a page " * 400, "recipe.ipynb": "{}"},
    )


def read(digest: BlobDigest) -> bytes:
    return {blob(DATA): DATA, blob(SHOWN): SHOWN}[digest]


def unchecked(_: Path) -> None:
    """A forger does not read back."""


def sealed(path: Path, data: bytes) -> Path:
    """The bytes with a seal that fits them."""
    digits = seal_of(io.BytesIO(data), len(data)).encode()
    path.write_bytes(data[: -form.DIGITS] + digits)
    return path
