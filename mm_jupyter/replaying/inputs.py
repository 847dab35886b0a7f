"""The files and modules that a recipe needs, as they were when it was recorded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mm_jupyter.records import BlobDigest, Execution, FileUse, NotCompared, Restored

_CHUNK = 1024 * 1024
CHILDREN_BYTES = 256 * 1024 * 1024
CHILDREN_FILES = 2_000
"""Where a recipe starts processes, the project's own files are laid out for them up to this size and number."""
_NOT_DATA = frozenset({"__pycache__", "node_modules", "site-packages", "venv", "env"})


@dataclass(frozen=True, slots=True)
class Laid:
    """What is laid out in a scratch directory. ``missing`` says by name which inputs cannot be had any more."""

    files: tuple[tuple[str, bytes], ...]
    restored: tuple[Restored, ...]
    missing: tuple[NotCompared, ...]
    unseen: tuple[NotCompared, ...] = ()
    """What the record cannot tell: files that child processes may have read or written."""


def gather(
    steps: Sequence[Execution], root: Path, read: Callable[[BlobDigest], bytes], *, restore: bool
) -> Laid:
    """Collect the inputs that the steps did not write themselves, and the project's modules that they imported.

    Recorded bytes come first; else the file as it lies on the disk, if its digest is still the recorded one. With
    ``restore`` off everything is taken from the disk as it is now. Absolute paths outside ``root`` are read in place.
    """
    files: dict[str, bytes] = {}
    restored: list[Restored] = []
    missing: list[NotCompared] = []
    written: set[str] = set()
    for step in steps:
        for use in step.files:
            if use.role == "output":
                written.add(use.path)
            elif use.path not in written and use.path not in files:
                _lay_input(use, root, read, restore, files, restored, missing)
        for module in step.modules:
            if module.path in files or Path(module.path).is_absolute():
                continue
            now = _on_disk(root / module.path)
            recorded = read(module.source)
            files[module.path] = recorded if restore or now is None else now
            if restore and now != recorded:
                restored.append(Restored(kind="module", name=module.name))
    for name in [name for name in files if name.endswith(".py")]:
        _lay_packages(name, root, files)
    unseen: tuple[NotCompared, ...] = ()
    if any(asked.kind == "process" for step in steps for asked in step.asked):
        unseen = _lay_for_children(root, written, files)
    return Laid(tuple(files.items()), tuple(restored), tuple(missing), unseen)


def _lay_for_children(
    root: Path, written: set[str], files: dict[str, bytes]
) -> tuple[NotCompared, ...]:
    """What a child process reads and writes is not recorded, and the verdict says so, whatever there is to lay out.

    It finds the project's files as they lie on the disk now.
    """
    room = CHILDREN_BYTES
    count = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in _NOT_DATA
        )
        for name in sorted(names):
            path = Path(folder) / name
            relative = path.relative_to(root).as_posix()
            if relative in files or relative in written or path.is_symlink():
                continue
            size = path.stat().st_size
            count += 1
            if size > room or count > CHILDREN_FILES:
                return (
                    _children(
                        "some of the project's files were not there for them: it is too large"
                    ),
                )
            now = _on_disk(path)
            if now is not None:
                room -= size
                files[relative] = now
    return (_children("they got the project's files as they are now"),)


def _children(what: str) -> NotCompared:
    why = f"what child processes read and wrote was not recorded; {what}"
    return NotCompared(kind="process", name="children", why=why)


def _lay_input(
    use: FileUse,
    root: Path,
    read: Callable[[BlobDigest], bytes],
    restore: bool,
    files: dict[str, bytes],
    restored: list[Restored],
    missing: list[NotCompared],
) -> None:
    path = root / use.path
    inside = not Path(use.path).is_absolute()
    same = use.digest is not None and _digest(path) == use.digest
    if not inside:
        if restore and not same:
            why = "it has changed since" if path.exists() else "it is gone"
            missing.append(NotCompared(kind="input", name=use.path, why=why))
        return
    if restore and use.content is not None and not same:
        files[use.path] = read(use.content)
        restored.append(Restored(kind="input", name=use.path))
        return
    now = _on_disk(path)
    if now is None and restore:
        missing.append(
            NotCompared(kind="input", name=use.path, why="it is gone and was too large to keep")
        )
    elif restore and not same:
        missing.append(
            NotCompared(
                kind="input", name=use.path, why="it has changed since and was too large to keep"
            )
        )
    elif now is not None:
        files[use.path] = now


def _lay_packages(module: str, root: Path, files: dict[str, bytes]) -> None:
    """Packages need their ``__init__.py``, also an empty one that no record names."""
    for folder in Path(module).parents:
        init = (folder / "__init__.py").as_posix()
        if folder.as_posix() != "." and init not in files:
            now = _on_disk(root / init)
            if now is not None:
                files[init] = now


def _on_disk(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _digest(path: Path) -> str | None:
    digest = hashlib.blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError:
        return None
    return "blake2b:" + digest.hexdigest()
