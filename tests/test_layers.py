"""The house stands: imports point down, rooms of one level do not know each other, the kernel's side is light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

PACKAGE = "mm_jupyter"
ROOT = Path(__file__).resolve().parents[1] / PACKAGE

FLOORS = (
    ("errors",),
    ("records",),
    ("analysis", "store", "packs", "wire", "cards"),
    ("workspace", "configuration", "kernel", "replaying", "registry"),
    ("api",),
    ("cli", "widgets", "server", "pytest_plugin"),
    ("magics",),
)
"""The rooms, lowest floor first. ``mm_jupyter/__init__.py`` and ``__main__.py`` stand above them all."""

ENTRANCES = ("__init__", "__main__")
VERSION = "mm_jupyter.__version__"
"""The one name that a room may take from the entrance."""
LIGHT = frozenset(sys.stdlib_module_names) | {"IPython", "ipykernel"}
"""All that the kernel's side may import: it runs in any environment, beside any numpy."""
HEAVY = ("alembic", "blake3", "nbformat", "numpy", "pandas", "papermill", "sklearn", "sqlalchemy")


def floor_of(room: str) -> int:
    return next(floor for floor, rooms in enumerate(FLOORS) if room in rooms)


def module_name(path: Path, root: Path = ROOT) -> str:
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def files() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    return {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}


def imported(source: str, module: str, *, is_package: bool) -> Iterator[str]:
    """The dotted names that ``source`` imports, wherever the statement stands; ``from a import b`` gives ``a.b``."""
    base = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=name, names=names, level=level):
                origin = resolve_name("." * level + (name or ""), base) if level else name
                yield from (f"{origin}.{alias.name}" for alias in names)
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__")
                | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield resolve_name(name, base) if name.startswith(".") else name


def imports_of(module: str, path: Path) -> set[str]:
    return set(imported(path.read_text("utf-8"), module, is_package=path.name == "__init__.py"))


def own(name: str, modules: dict[str, Path]) -> str | None:
    """The module of the package that the imported ``name`` loads (its longest prefix), or None."""
    while name.split(".", maxsplit=1)[0] == PACKAGE:
        if name in modules:
            return name
        name = name.rpartition(".")[0]
    return None


def room_of(module: str) -> str:
    return [*module.split("."), "__init__"][1]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import mm_jupyter.store.runs", {"mm_jupyter.store.runs"}),
        ("from mm_jupyter import store", {"mm_jupyter.store"}),
        ("from mm_jupyter.store import runs as r", {"mm_jupyter.store.runs"}),
        ("from ..store import runs", {"mm_jupyter.store.runs"}),
        ("from . import sink", {"mm_jupyter.kernel.sink"}),
        ("def f():\n    if x:\n        import pandas as pd", {"pandas"}),
        (
            "import importlib\nimportlib.import_module('mm_jupyter.cli')",
            {"importlib", "mm_jupyter.cli"},
        ),
        ("__import__('torch')", {"torch"}),
    ],
)
def test_every_form_of_import_is_seen(source: str, expected: set[str]) -> None:
    assert set(imported(source, "mm_jupyter.kernel.session", is_package=False)) == expected


def test_every_room_has_a_floor() -> None:
    known = {room for rooms in FLOORS for room in rooms} | set(ENTRANCES)
    assert {room_of(module) for module in files()} <= known


def test_imports_point_down() -> None:
    modules = files()
    wrong = []
    for module, path in modules.items():
        room = room_of(module)
        if room in ENTRANCES:
            continue
        for name in imports_of(module, path):
            target = own(name, modules)
            if target is None or room_of(target) == room or name == VERSION:
                continue
            if room_of(target) in ENTRANCES or floor_of(room_of(target)) >= floor_of(room):
                wrong.append(f"{module} imports {name}")
    assert wrong == []


def test_front_doors_speak_to_api_and_not_to_the_rooms_below_it() -> None:
    allowed = {"errors", "records", "wire", "cards", "api", "widgets"}
    modules = files()
    wrong = [
        f"{module} imports {name}"
        for module, path in modules.items()
        if room_of(module) in ("cli", "server")
        for name in imports_of(module, path)
        if name != VERSION
        and (target := own(name, modules))
        and room_of(target) not in allowed | {room_of(module)}
    ]
    assert wrong == []


def test_no_file_imports_itself_by_a_detour() -> None:
    modules = files()
    graph = {
        module: {target for name in imports_of(module, path) if (target := own(name, modules))}
        - {module}
        for module, path in modules.items()
        if room_of(module) not in ENTRANCES
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def kernel_side() -> set[str]:
    """``kernel/`` and every module of ours that it reaches."""
    modules = files()
    reached = {PACKAGE}  # it loads on demand, which the test in a fresh interpreter holds
    waiting = [module for module in modules if room_of(module) == "kernel"]
    while waiting:
        module = waiting.pop()
        if module in reached:
            continue
        reached.add(module)
        package = module.rpartition(".")[0]
        waiting += [package] if package in modules else []
        waiting += [
            target for name in imports_of(module, modules[module]) if (target := own(name, modules))
        ]
    return reached - {PACKAGE}


def test_the_kernel_side_imports_the_standard_library_and_ipython_only() -> None:
    modules = files()
    wrong = [
        f"{module} imports {name}"
        for module in sorted(kernel_side())
        for name in imports_of(module, modules[module])
        if name.split(".")[0] not in LIGHT | {PACKAGE}
    ]
    assert wrong == []


def loaded(code: str, folder: Path) -> set[str]:
    """Which of HEAVY are loaded after ``code`` in a fresh interpreter."""
    report = f"import sys; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def test_the_check_of_loaded_packages_sees_one(tmp_path: Path) -> None:
    assert loaded("import numpy", tmp_path) == {"numpy"}


def test_importing_the_package_and_the_kernel_side_loads_nothing_heavy(tmp_path: Path) -> None:
    code = "\n".join(f"import {module}" for module in [PACKAGE, *sorted(kernel_side())])
    assert loaded(code, tmp_path) == set()


def test_loading_the_extension_into_a_known_workspace_loads_no_library_of_the_user(
    tmp_path: Path,
) -> None:
    (tmp_path / ".mm").mkdir()
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "InteractiveShell.instance().run_line_magic('load_ext', 'mm_jupyter')\n"
    )
    loaded(code, tmp_path)  # the first one makes the schema, and may need alembic for it
    assert loaded(code, tmp_path) <= {"blake3", "sqlalchemy"}
