"""The project's own modules are recorded when they are imported or change in memory, and only then."""

from __future__ import annotations

import hashlib
import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mm_jupyter.kernel.local_modules import LocalModules
from mm_jupyter.records import BlobDigest, LocalModule

Changed = Callable[[], dict[str, LocalModule]]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "work"
    (folder / "mmpack").mkdir(parents=True)
    (folder / "mmpack" / "__init__.py").write_text("from mmpack import inner\n")
    (folder / "mmpack" / "inner.py").write_text("value = 1\n")
    (folder / "mmone.py").write_text("value = 1\n")
    (folder / "mmtwo.py").write_text("def value():\n    return 1\n")
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if name.startswith("mm") and not name.startswith("mm_jupyter"):
            del sys.modules[name]


@pytest.fixture
def kept() -> dict[str, bytes]:
    return {}


@pytest.fixture
def changed(root: Path, kept: dict[str, bytes]) -> Changed:
    modules = LocalModules(root)

    def put(*buffers: bytes) -> BlobDigest:
        digest = f"blob {len(kept)}"
        kept[digest] = b"".join(buffers)
        return BlobDigest(digest)

    def call() -> dict[str, LocalModule]:
        return {module.name: module for module in modules.changed(put)}

    call()
    return call


def test_an_import_is_recorded_once_with_its_source(
    changed: Changed, kept: dict[str, bytes]
) -> None:
    importlib.import_module("mmpack")

    found = changed()

    assert sorted(found) == ["mmpack", "mmpack.inner"]
    inner = found["mmpack.inner"]
    assert inner.path == "mmpack/inner.py"
    assert kept[inner.source] == b"value = 1\n"
    assert (
        inner.digest
        == f"blake2b:{hashlib.blake2b(b'value = 1' + bytes([10]), digest_size=16).hexdigest()}"
    )
    assert changed() == {}


def test_an_installed_module_is_no_module_of_the_project(changed: Changed) -> None:
    sys.modules.pop("this", None)
    importlib.import_module("colorsys")

    assert changed() == {}


def test_an_edit_counts_when_it_is_reloaded(root: Path, changed: Changed) -> None:
    module = importlib.import_module("mmone")
    first = changed()["mmone"]
    (root / "mmone.py").write_text("value = 2 + 0\n")

    assert changed() == {}
    importlib.reload(module)
    assert changed()["mmone"].digest != first.digest


def test_a_module_deleted_and_imported_again_is_recorded_again(
    root: Path, changed: Changed
) -> None:
    importlib.import_module("mmone")
    changed()
    (root / "mmone.py").write_text("value = 2 + 0\n")
    del sys.modules["mmone"]
    importlib.import_module("mmone")

    assert list(changed()) == ["mmone"]


def test_a_deleted_module_that_comes_back_later_is_recorded_again(changed: Changed) -> None:
    importlib.import_module("mmone")
    changed()
    del sys.modules["mmone"]
    assert changed() == {}
    importlib.import_module("mmone")

    assert list(changed()) == ["mmone"]


def test_a_module_of_the_working_directory_counts(
    root: Path, changed: Changed, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = root.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mmfar.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(str(elsewhere))
    monkeypatch.chdir(elsewhere)
    importlib.import_module("mmfar")

    assert changed()["mmfar"].path == str(elsewhere / "mmfar.py")


def test_a_module_deleted_while_another_is_imported_hides_nothing(changed: Changed) -> None:
    importlib.import_module("mmone")
    changed()
    del sys.modules["mmone"]
    importlib.import_module("mmtwo")

    assert list(changed()) == ["mmtwo"]


def test_autoreload_counts(root: Path) -> None:
    program = """
import sys
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell
from mm_jupyter.kernel.local_modules import LocalModules
root = Path(sys.argv[1])
sys.path.insert(0, str(root))
modules = LocalModules(root)
changed = lambda: [module.name for module in modules.changed(lambda *buffers: "blob")]
shell = InteractiveShell.instance()
changed()
shell.run_cell("%load_ext autoreload\\n%autoreload 2\\nimport mmtwo\\nx = mmtwo.value()")
assert changed() == ["mmtwo"]
shell.run_cell("1")  # here it reads the sources, so that it can patch functions without a reload
(root / "mmtwo.py").write_text("def value():\\n    return 2 + 0\\n")
shell.run_cell("x = mmtwo.value()")
assert shell.user_ns["x"] == 2
assert changed() == ["mmtwo"]
assert changed() == []
"""
    subprocess.run([sys.executable, "-c", program, str(root)], check=True, timeout=60)
