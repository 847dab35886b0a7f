"""The care of a store."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mm_jupyter.api import care, runs
from mm_jupyter.errors import NoWorkspace
from mm_jupyter.kernel.values import content_digest
from mm_jupyter.records import Artifact
from mm_jupyter.workspace import Workspace


def _big(hand: Any, size: int = 3_000_000) -> Artifact:
    data = os.urandom(size)
    return Artifact(
        name="big.bin",
        media_type="application/octet-stream",
        content=hand.sink.put(data),
        digest=content_digest(data),
        size=size,
    )


def _on_disk(space: Workspace) -> int:
    folder = space.store.folder
    assert folder is not None
    return sum(path.stat().st_size for path in (folder / "packs").rglob("*") if path.is_file())


def test_gc_gives_back_the_bytes_of_deleted_runs_and_of_no_others(
    space: Workspace, hand: Any
) -> None:
    gone = hand.run(artifacts=(_big(hand),))
    kept = hand.run(artifacts=(_big(hand),))
    before = _on_disk(space)
    assert care.gc(workspace=space).bytes == 0
    runs.delete([gone], workspace=space)
    hand.sink.close_session(runs.get(kept, workspace=space).row.session, 2000.0)
    planned = care.gc(dry_run=True, workspace=space)
    assert planned.dry_run
    assert planned.blobs > 0
    assert _on_disk(space) == before
    done = care.gc(workspace=space)
    assert (done.blobs, done.dry_run) == (planned.blobs, False)
    assert done.bytes >= 2_900_000
    assert _on_disk(space) <= before - 2_900_000
    assert care.fsck(workspace=space) == []
    (artifact,) = runs.get(kept, workspace=space).artifacts
    assert len(space.store.read_blob(artifact.content)) == 3_000_000


def test_fsck_names_a_damaged_blob_and_repairs_nothing(space: Workspace, hand: Any) -> None:
    hand.run(artifacts=(_big(hand),))
    told: list[tuple[int, int]] = []
    assert care.fsck(lambda done, total: told.append((done, total)), workspace=space) == []
    assert told[-1][0] == told[-1][1] > 0
    assert space.store.folder is not None
    (pack,) = [path for path in (space.store.folder / "packs").rglob("*") if path.is_file()]
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 0xFF
    pack.chmod(0o600)
    pack.write_bytes(data)
    faults = care.fsck(workspace=space)
    (artifact,) = runs.get("churn/1", workspace=space).artifacts
    assert ("blob", artifact.content) in [(fault.kind, fault.name) for fault in faults]
    assert care.fsck(workspace=space) == faults


def test_every_change_is_in_the_log_oldest_first(space: Workspace, hand: Any) -> None:
    hand.run()
    runs.tag("churn/1", {"a": "b"}, workspace=space)
    runs.delete(["churn/1"], workspace=space)
    entries = care.log(None, workspace=space)
    assert [entry.number for entry in entries] == sorted(entry.number for entry in entries)
    assert [entry.what for entry in entries][-2:] == ["run.tagged", "run.deleted"]
    assert care.log(1, workspace=space) == entries[-1:]
    assert entries[-1].object == "churn/1"


def _trusted() -> list[str]:
    file = Path(os.environ["XDG_CONFIG_HOME"]) / "mm_jupyter" / "trusted.json"
    return list(json.loads(file.read_text())) if file.exists() else []


@pytest.mark.parametrize("place", ["root", "store", "below", "here"])
def test_a_store_is_trusted_by_word(space: Workspace, place: str) -> None:
    below = space.root / "a"
    below.mkdir()
    paths = {"root": space.root, "store": space.store.folder, "below": below, "here": None}
    assert care.trust(paths[place]) == space.store.folder
    assert _trusted() == [str(space.store.folder)]


def test_the_path_counts_where_mm_store_says_another(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MM_STORE", str(tmp_path / "other"))
    assert care.trust(space.root) == space.store.folder
    monkeypatch.setenv("MM_STORE", str(space.store.folder))
    monkeypatch.chdir(tmp_path)
    assert care.trust() == space.store.folder


def test_where_there_is_no_store_nothing_is_trusted(tmp_path: Path, space: Workspace) -> None:
    with pytest.raises(NoWorkspace):
        care.trust(tmp_path / "nowhere")
    assert _trusted() == []
