"""A bundle is a stranger's file: the replayed code may have made it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mm_jupyter.errors import StoreDamaged
from mm_jupyter.kernel.bundle import BundleSink
from mm_jupyter.records import Execution, SessionId
from mm_jupyter.replaying.bundles import read_bundle


def written(path: Path) -> dict[str, Any]:
    """A whole bundle at ``path``; returns its document."""
    sink = BundleSink()
    sink.append(
        [
            Execution(
                session=SessionId("s"), seq=1, cell_id=None, count=1, source="x", started=1.0, seconds=0.1, status="ok",
            )
        ]
    )  # fmt: skip
    sink.write(path, ())
    with zipfile.ZipFile(path) as archive:
        document: dict[str, Any] = json.loads(archive.read("bundle.json"))
    return document


@pytest.mark.parametrize("started", [10**400, [], {"float": "odd"}, "9" * 5000 + "["])
def test_a_number_that_is_none_is_damage(tmp_path: Path, started: Any) -> None:
    path = tmp_path / "bundle.zip"
    document = written(path)
    assert len(read_bundle(path).executions) == 1
    document["executions"] = [{"started": started}]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bundle.json", json.dumps(document))
    with pytest.raises(StoreDamaged, match="cannot be read"):
        read_bundle(path)
