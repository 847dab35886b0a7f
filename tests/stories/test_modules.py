"""The project's own modules and files replay as they were at every step, whatever became of them since."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

from mm_jupyter.api import replays, runs
from mm_jupyter.records import Judgement


def replay(name: str) -> Judgement:
    (judgement,) = replays.replay([name])
    return judgement


def write(path: Path, text: str) -> None:
    """As an editor does; the time of the change differs even on a coarse clock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    now = time.time() + 2 + len(text) / 100
    os.utime(path, (now, now))


def test_a_module_edited_since_is_replayed_as_it_was(kernel, project: Path) -> None:
    write(project / "scale.py", "FACTOR = 2.5\n")
    kernel.ok("import scale")
    kernel.ok("%%track edited\nx = scale.FACTOR * 2")
    write(project / "scale.py", "FACTOR = 9\n")
    judgement = replay("edited/1")
    assert judgement.verdict == "identical", judgement
    assert ("module", "scale") in {(one.kind, one.name) for one in judgement.restored}


def test_reloaded_modules_have_each_source_in_its_time(kernel, project: Path) -> None:
    write(project / "rate.py", "RATE = 1.5\n")
    kernel.ok("import importlib, rate\nfirst = rate.RATE")
    write(project / "rate.py", "RATE = 4.25\n")
    kernel.ok("importlib.reload(rate)")
    kernel.ok("%%track reloaded\nx = first + rate.RATE")
    write(project / "rate.py", "RATE = 7\n")
    judgement = replay("reloaded/1")
    assert judgement.verdict == "identical", judgement
    assert judgement.executions == 3


def test_an_edit_without_a_reload_had_no_effect_and_has_none(kernel, project: Path) -> None:
    write(project / "still.py", "VALUE = 1.5\ndef get():\n    return VALUE\n")
    kernel.ok("from still import get")
    write(project / "still.py", "VALUE = 2.5\ndef get():\n    return VALUE\n")
    kernel.ok("from still import get")
    kernel.ok("%%track still\nx = get()")
    judgement = replay("still/1")
    assert judgement.verdict == "identical", judgement


def test_autoreload_replays(kernel, project: Path) -> None:
    write(project / "live.py", "def value():\n    return 1.5\n")
    kernel.ok("%load_ext autoreload\n%autoreload 2")
    kernel.ok("import live")
    kernel.ok("before = live.value()")
    write(project / "live.py", "def value():\n    return 2.5\n")
    kernel.ok("%%track live\nx = before + live.value()")
    write(project / "live.py", "def value():\n    return 3.5\n")
    judgement = replay("live/1")
    assert judgement.verdict == "identical", judgement


def test_a_package_that_is_gone_replays(kernel, project: Path) -> None:
    write(project / "pack" / "__init__.py", "from pack.part import value\n")
    write(project / "pack" / "part.py", "from pack.deep.core import BASE\nvalue = BASE + 0.5\n")
    write(project / "pack" / "deep" / "__init__.py", "")
    write(project / "pack" / "deep" / "core.py", "BASE = 1\n")
    kernel.ok("%%track pack\nimport pack\nx = pack.value")
    shutil.rmtree(project / "pack")
    judgement = replay("pack/1")
    assert judgement.verdict == "identical", judgement


def test_a_folder_put_on_the_path_replays(kernel, project: Path) -> None:
    write(project / "src" / "tool.py", "VALUE = 3.5\n")
    kernel.ok("import sys\nsys.path.insert(0, 'src')")
    kernel.ok("%%track path\nimport tool\nx = tool.VALUE")
    judgement = replay("path/1")
    assert judgement.verdict == "identical", judgement
    assert judgement.executions == 2


def test_a_module_written_by_a_cell_replays(kernel, project: Path) -> None:
    kernel.ok("%%writefile made.py\nVALUE = 2.5")
    kernel.ok("%%track made\nimport made\nx = made.VALUE")
    (project / "made.py").unlink()
    judgement = replay("made/1")
    assert judgement.verdict == "identical", judgement


def test_an_input_that_changed_between_two_cells_is_read_as_it_was_each_time(
    kernel, project: Path
) -> None:
    write(project / "data.csv", "1.5")
    kernel.ok("first = float(open('data.csv').read())")
    write(project / "data.csv", "2.25")
    kernel.ok("%%track twice\nx = first + float(open('data.csv').read())")
    (project / "data.csv").unlink()
    judgement = replay("twice/1")
    assert judgement.verdict == "identical", judgement
    assert ("input", "data.csv") in {(one.kind, one.name) for one in judgement.restored}


def test_an_input_too_large_to_keep_that_is_gone_is_named(kernels, project: Path) -> None:
    write(project / "pyproject.toml", "[tool.mm_jupyter]\nkeep_bytes = 10\n")
    write(project / "large.csv", "1.5" + " " * 100)
    kernel = kernels()
    kernel.ok("%load_ext mm_jupyter")
    kernel.ok("%%track large\nx = float(open('large.csv').read())")
    assert replay("large/1").verdict == "identical"
    (project / "large.csv").unlink()
    judgement = replay("large/1")
    assert judgement.verdict == "unverifiable"
    assert "large.csv" in judgement.said
    assert "gone" in judgement.said


def test_folders_and_listings_are_as_they_were(kernel, project: Path) -> None:
    (project / "out").mkdir()
    (project / "data").mkdir()
    for name in ("b.txt", "a.txt", "c.txt"):
        write(project / "data" / name, name)
    kernel.ok("import os, glob\nnames = sorted(os.listdir('data'))")
    kernel.ok(
        "%%track listed\nn = len(names) + 0.5\nlast = max(glob.glob('data/*.txt'))\n"
        "text = open(last).read()\nopen('out/n.txt', 'w').write(str(n))"
    )
    shutil.rmtree(project / "data")
    judgement = replay("listed/1")
    assert judgement.verdict == "identical", judgement
    assert "data/" in {one.name for one in judgement.not_compared}


def test_the_newest_file_is_the_newest_again(kernel, project: Path) -> None:
    for name, when in (("b.txt", 300), ("a.txt", 500), ("c.txt", 400)):
        (project / name).write_text(name)
        os.utime(project / name, (when, when))
    kernel.ok(
        "import os\ntexts = {name: open(name).read() for name in ('a.txt', 'b.txt', 'c.txt')}"
    )
    kernel.ok("%%track newest\nnewest = max(texts, key=os.path.getmtime)\ntexts[newest]")
    judgement = replay("newest/1")
    assert judgement.verdict == "identical", judgement


def test_an_absolute_path_into_the_project_finds_what_was_recorded(kernel, project: Path) -> None:
    write(project / "data.csv", "1.5")
    kernel.ok(f"from pathlib import Path\nwhere = Path({str(project)!r}) / 'data.csv'")
    kernel.ok(
        "%%track absolute\nx = float(where.read_text())\n(where.parent / 'made.txt').write_text(str(x))\n"
        "y = float((where.parent / 'made.txt').read_text())"
    )
    write(project / "data.csv", "7")
    (project / "made.txt").unlink()
    judgement = replay("absolute/1")
    assert judgement.verdict == "identical", judgement
    assert not (project / "made.txt").exists()
    assert (project / "data.csv").read_text() == "7"


def test_a_project_on_the_path_of_python_is_imported_as_it_was(
    kernels, project: Path, monkeypatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(project / "src"))
    write(project / "src" / "near" / "__init__.py", "from near.part import FACTOR\n")
    write(project / "src" / "near" / "part.py", "FACTOR = 2.5\n")
    kernel = kernels()
    kernel.ok("%load_ext mm_jupyter")
    kernel.ok("%%track near\nimport near\nx = near.FACTOR * 2")
    write(project / "src" / "near" / "part.py", "FACTOR = 9\n")
    judgement = replay("near/1")
    assert judgement.verdict == "identical", judgement
    assert ("module", "near.part") in {(one.kind, one.name) for one in judgement.restored}


def test_a_package_in_development_mode_elsewhere_is_imported_as_it_was(
    kernels, project: Path, tmp_path: Path, monkeypatch
) -> None:
    far = tmp_path / "my far"
    site = tmp_path / "site"
    write(far / "src" / "far" / "__init__.py", "import far.data\nFACTOR = far.data.read() * 2.5\n")
    write(far / "src" / "far" / "data.py", "def read():\n    return 1\n")
    about = site / "far-1.0.dist-info"
    write(about / "METADATA", "Metadata-Version: 2.1\nName: far\nVersion: 1.0\n")
    write(
        about / "direct_url.json", json.dumps({"url": far.as_uri(), "dir_info": {"editable": True}})
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), str(far / "src")]))
    kernel = kernels()
    kernel.ok("%load_ext mm_jupyter")
    kernel.ok("%%track far\nimport far\nx = far.FACTOR * 2")
    assert {one.name for one in runs.get("far/1").environment.packages if one.origin} >= {"far"}
    write(far / "src" / "far" / "data.py", "def read():\n    return 3\n")
    judgement = replay("far/1")
    assert judgement.verdict == "identical", judgement
    shutil.rmtree(far)
    assert replay("far/1").verdict == "identical"
