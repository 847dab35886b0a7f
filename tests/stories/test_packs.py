"""A run is handed to a stranger in one file, who checks it and replays it where nothing of its author is."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import mm_jupyter as mm
from mm_jupyter.packs.form import DIGITS, digest_of, seal_of

CELL = (
    "%%track churn\nimport random\nimport helper\n"
    "rows = [float(line) for line in open('data/ages.csv')]\n"
    "mean = helper.mean(rows) + random.random()\nprint('mean of', open({outside!r}).read())"
)


class Stranger:
    """Somebody with this package, an empty home and a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir(parents=True)

    def mm(self, *words: str, **more: str) -> tuple[int, str]:
        env = {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHONDONTWRITEBYTECODE": "1", **more
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", "from mm_jupyter.cli import main; main()", *words],
            cwd=self.folder, env=env, capture_output=True, text=True, check=False, timeout=200,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def stranger(tmp_path: Path) -> Stranger:
    return Stranger(tmp_path / "stranger")


@pytest.fixture
def packed(kernel: Any, project: Path, stranger: Stranger, tmp_path: Path) -> Path:
    """A run that reads a file of the project, one outside of it and a module; then all of the author's is gone."""
    outside = tmp_path / "elsewhere" / "name.txt"
    outside.parent.mkdir()
    outside.write_text("customers")
    (project / "data").mkdir()
    (project / "data" / "ages.csv").write_text("20\n30\n40\n")
    (project / "helper.py").write_text("def mean(rows):\n    return sum(rows) / len(rows)\n")
    kernel.ok("unused = 'nothing of this'")
    kernel.ok(CELL.format(outside=str(outside)))
    kernel.close()
    mm.pack("churn/1")
    path = shutil.move(project / "churn-1.mm.zip", stranger.folder / "churn-1.mm.zip")
    shutil.rmtree(project)
    shutil.rmtree(outside.parent)
    project.mkdir()
    return Path(path)


def test_a_stranger_replays_it_and_it_is_identical(packed: Path, stranger: Stranger) -> None:
    status, said = stranger.mm("verify", packed.name)
    assert status == 0, said
    assert "churn-1.mm.zip  = whole" in said
    assert "data/ages.csv" in said
    assert "by digest alone" not in said
    status, said = stranger.mm(
        "verify", packed.name, "--run", "--env", "current", "--html", "r.html"
    )
    assert status == 0, said
    assert "churn/1  = identical" in said
    page = (stranger.folder / "r.html").read_text()
    assert "churn/1: identical" in page
    assert "<script" not in page
    assert sorted(one.name for one in stranger.folder.iterdir()) == [
        "churn-1.mm.zip",
        "home",
        "r.html",
    ]
    assert list(stranger.folder.rglob(".mm")) == []


def test_an_input_that_somebody_changed_is_refused_before_anything_runs(
    packed: Path, stranger: Stranger
) -> None:
    data = packed.read_bytes()
    assert data.count(b"20\n30\n40\n") == 1
    packed.write_bytes(data.replace(b"20\n30\n40\n", b"20\n30\n49\n"))
    for words in ([], ["--run", "--env", "current"]):
        status, said = stranger.mm("verify", packed.name, *words)
        assert status == 64
        assert "is no whole pack: its member blobs/" in said


def test_a_recorded_result_that_was_forged_diverges(packed: Path, stranger: Stranger) -> None:
    """Whoever knows the format can write another record: the replay says that it is not what comes out."""

    def forge(record: Any) -> None:
        record["run"]["row"]["metrics"]["mean"] = 99.0

    _rewrite(packed, forge)
    status, said = stranger.mm("verify", packed.name)
    assert status == 0, said
    status, said = stranger.mm("verify", packed.name, "--run", "--env", "current")
    assert status == 1, said
    assert "churn/1  != diverged" in said
    assert "metric mean 99.0 -> " in said


def _rewrite(path: Path, forge: Any) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
        comment = archive.comment
    record = json.loads(members["record.json"])
    forge(record)
    members["record.json"] = json.dumps(record).encode()
    manifest = json.loads(members["manifest.json"])
    for one in manifest["members"]:
        one["size"], one["digest"] = len(members[one["name"]]), digest_of(members[one["name"]])
    members["manifest.json"] = json.dumps(manifest).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        archive.comment = comment
    data = buffer.getvalue()
    path.write_bytes(data[:-DIGITS] + seal_of(io.BytesIO(data), len(data)).encode())


def test_a_private_input_stays_at_home_and_who_has_it_gives_it(
    kernel: Any, project: Path, stranger: Stranger
) -> None:
    (project / "ages.csv").write_text("20\n30\n")
    kernel.ok("%%track churn\nmean = sum(map(float, open('ages.csv'))) / 2")
    kernel.close()
    pack = stranger.folder / "churn-1.mm.zip"
    mm.pack("churn/1", pack, private=["ages.csv"])
    status, said = stranger.mm("verify", pack.name)
    assert status == 0
    assert "give it: --input ages.csv=PATH" in said
    status, said = stranger.mm("verify", pack.name, "--run", "--env", "current")
    assert status == 3, said
    assert "its input ages.csv cannot be had: it is not in the pack" in said
    (stranger.folder / "mine.csv").write_text("20\n30\n")
    status, said = stranger.mm(
        "verify", pack.name, "--run", "--env", "current", "--input", "ages.csv=mine.csv"
    )
    assert status == 0, said
    assert "churn/1  = identical" in said


def test_a_secret_is_asked_for_by_name_and_compared_by_nobody(
    kernel: Any, project: Path, stranger: Stranger
) -> None:
    kernel.ok(
        "%%track login\npassword = 'hunter2-Xy77'\nsize = len(password) + 0.5\nprint('password =', repr(password))"
    )
    kernel.close()
    pack = stranger.folder / "login-1.mm.zip"
    mm.pack("login/1", pack)
    words = ("verify", pack.name, "--run", "--env", "current")
    status, said = stranger.mm(*words)
    assert status == 3, said
    assert "no environment variable holds the secret password" in said
    status, said = stranger.mm(*words, PASSWORD="other-Zw99xx")
    assert status == 0, said
    assert "login/1  ~ equivalent" in said
    assert "secrets under another key" in said
    assert "hunter2" not in said
    assert "other-Zw99xx" not in said


def test_code_of_a_pack_can_neither_write_nor_connect(
    kernel: Any, project: Path, stranger: Stranger
) -> None:
    kernel.ok(
        "%%track greedy\nimport pathlib, socket\nfound = []\n"
        "for act in (lambda: (pathlib.Path.home() / 'was-here').write_text('x'),\n"
        "            lambda: socket.create_connection(('127.0.0.1', 9), 1)):\n"
        "    try:\n        act()\n    except OSError:\n        pass\ntotal = 1.5 + len(found)",
        timeout=60,
    )
    kernel.close()
    pack = stranger.folder / "greedy-1.mm.zip"
    mm.pack("greedy/1", pack)
    status, said = stranger.mm("verify", pack.name, "--run", "--env", "current")
    assert status in {0, 1, 3}, said
    assert not (stranger.home / "was-here").exists()
    assert "the replay refused to" in said
