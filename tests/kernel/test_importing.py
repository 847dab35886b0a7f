"""What waits for a module is called once, right after the module has run, and the module never notices."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from mm_jupyter.kernel.importing import after_import


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_it_runs_after_the_module_and_before_its_importer_goes_on(folder: Path) -> None:
    (folder / "mm_waited.py").write_text(
        "import sys\nx = 1\nloader = __spec__.loader, __loader__\n"
    )
    seen: list[int] = []

    def then(module: ModuleType) -> None:
        seen.append(module.x)
        module.x = 2  # type: ignore[attr-defined]

    after_import("mm_waited", then)
    module = importlib.import_module("mm_waited")

    assert seen == [1]
    assert module.x == 2
    assert type(module.loader[0]).__module__ == "_frozen_importlib_external"
    assert module.loader[0] is module.loader[1]
    importlib.reload(module)
    assert seen == [1]


def test_a_loaded_module_is_served_at_once() -> None:
    seen: list[ModuleType] = []

    after_import("json", seen.append)

    assert seen == [sys.modules["json"]]


def test_an_import_survives_what_it_raises(folder: Path) -> None:
    (folder / "mm_fragile.py").write_text("x = 1\n")

    def then(_: ModuleType) -> None:
        raise RuntimeError("ours")

    after_import("mm_fragile", then)

    assert importlib.import_module("mm_fragile").x == 1


def test_an_import_that_fails_fails_as_before(folder: Path) -> None:
    (folder / "mm_broken.py").write_text("raise OSError('theirs')\n")
    after_import("mm_broken", print)
    after_import("mm_missing", print)

    with pytest.raises(OSError, match="theirs"):
        importlib.import_module("mm_broken")
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("mm_missing")
