"""The files and modules that a recipe needs, as they were when it was recorded."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mm_jupyter.records import (
    BlobDigest,
    ContentDigest,
    Execution,
    FileUse,
    LocalModule,
    NotCompared,
    Restored,
)

_CHUNK = 1024 * 1024
CHILDREN_BYTES = 256 * 1024 * 1024
CHILDREN_FILES = 2_000
"""Where a recipe starts processes, the project's own files are laid out for them up to this size and number."""
_MAKES_FOLDERS = re.compile(r"mkdir|makedirs|copytree|extractall|git clone")
_NOT_DATA = frozenset({"__pycache__", "node_modules", "site-packages", "venv", "env"})


@dataclass(frozen=True, slots=True)
class Laid:
    """What is laid out in a scratch directory. ``missing`` says by name which inputs cannot be had any more."""

    files: tuple[tuple[str, bytes], ...]
    restored: tuple[Restored, ...]
    missing: tuple[NotCompared, ...]
    unseen: tuple[NotCompared, ...] = ()
    """What the record cannot tell: files that child processes may have read or written."""
    before: Mapping[int, tuple[tuple[str, bytes], ...]] = field(default_factory=dict)
    """``seq`` -> files that were others by then than what the steps before it left: an editor's, another program's."""
    times: Mapping[str, float] = field(default_factory=dict)
    """When files were last changed, in seconds since the epoch."""
    folders: tuple[str, ...] = ()
    """Folders that were there, whatever lies in them."""
    modules: Mapping[str, str] = field(default_factory=dict)
    """The paths of the project's modules by name."""


def gather(
    steps: Sequence[Execution],
    root: Path,
    read: Callable[[BlobDigest], bytes],
    *,
    restores: Callable[[str], bool],
    session: Sequence[Execution] = (),
    elsewhere: bool = False,
) -> Laid:
    """Collect the inputs that the steps did not write themselves, and the project's modules that they imported.

    ``session`` holds all executions up to the last step: a module is recorded with the first that imports it, which
    may not be among the steps.

    Recorded bytes come first; else the file as it lies on the disk, if its digest is still the recorded one.
    ``restores`` is asked for each path: what it denies is taken from the disk as it is now. Absolute paths outside
    ``root`` are read in place; with ``elsewhere`` (the record is another machine's) they are laid out, too.
    """
    found = _Gathering(root, read, restores, elsewhere)
    wanted = {step.seq for step in steps}
    aside: list[LocalModule] = []
    others = [one for one in session if one.seq not in wanted]
    for step in sorted((*steps, *others), key=_seq):
        if step.seq in wanted:
            found.step(step, aside)
            aside = []
        else:
            aside += step.modules
    return found.laid(steps)


def _seq(step: Execution) -> int:
    return step.seq


class _Gathering:
    """``_held``: what a path holds by the record, after the steps so far (None: nobody knows)."""

    def __init__(
        self,
        root: Path,
        read: Callable[[BlobDigest], bytes],
        restores: Callable[[str], bool],
        elsewhere: bool,
    ) -> None:
        self._root = root
        self._elsewhere = elsewhere
        self._read = read
        self._restores = restores
        self._held: dict[str, ContentDigest | None] = {}
        self._files: dict[str, bytes] = {}
        self._times: dict[str, float] = {}
        self._before: dict[int, list[tuple[str, bytes]]] = {}
        self._restored: dict[Restored, None] = {}
        self._missing: list[NotCompared] = []
        self._listed: dict[str, set[str]] = {}
        self._modules: dict[str, str] = {}

    def step(self, step: Execution, aside: Sequence[LocalModule]) -> None:
        """``aside``: modules that executions between the last step and this one loaded."""
        for module in (*aside, *step.modules):
            self._module(step.seq, module)
        for listing in step.listings:
            if not Path(listing.path).is_absolute():
                self._listed.setdefault(listing.path, set()).update(
                    name for name in listing.names if f"{listing.path}/{name}" not in self._held
                )
        for use in step.files:
            if use.role == "output":
                self._held[use.path] = use.digest
            elif use.path not in self._held:
                self._held[use.path] = use.digest
                self._first(use)
            elif self._other(use.path, use.digest) and use.content is not None:
                self._again(step.seq, use.path, use.digest, use.content)
                self._restored[Restored(kind="input", name=use.path)] = None

    def laid(self, steps: Sequence[Execution]) -> Laid:
        for name in [name for name in self._files if name.endswith(".py")]:
            _lay_packages(name, self._root, self._files)
        unseen: tuple[NotCompared, ...] = self._stand_ins()
        if any(asked.kind == "process" for step in steps for asked in step.asked):
            written = {use.path for step in steps for use in step.files if use.role == "output"}
            unseen = (*unseen, *_lay_for_children(self._root, written, self._files))
        return Laid(
            tuple(self._files.items()),
            tuple(self._restored),
            tuple(self._missing),
            unseen,
            {seq: tuple(files) for seq, files in self._before.items()},
            self._times,
            _folders(steps),
            self._modules,
        )

    def _other(self, path: str, digest: ContentDigest | None) -> bool:
        """Whether the file was changed by nobody whom the recipe repeats."""
        held = self._held[path]
        return self._restores(path) and None not in (digest, held) and digest != held

    def _again(
        self, seq: int, path: str, digest: ContentDigest | None, content: BlobDigest
    ) -> None:
        self._held[path] = digest
        self._before.setdefault(seq, []).append((path, self._read(content)))

    def _module(self, seq: int, module: LocalModule) -> None:
        path = self._modules[module.name] = module.path
        if path in self._held:
            if self._other(path, module.digest):
                self._again(seq, path, module.digest, module.source)
                self._restored[Restored(kind="module", name=module.name)] = None
            return
        self._held[path] = module.digest
        now = _on_disk(self._root / path)
        recorded = self._read(module.source)
        self._files[path] = recorded if self._restores(path) or now is None else now
        if self._restores(path) and now != recorded:
            self._restored[Restored(kind="module", name=module.name)] = None

    def _first(self, use: FileUse) -> None:
        """An input that no step before it wrote."""
        path = self._root / use.path
        same = use.digest is not None and digest_file(path) == use.digest
        restore = self._restores(use.path)
        if Path(use.path).is_absolute() and (same or not self._elsewhere):
            if restore and not same:
                why = "it has changed since" if path.exists() else "it is gone"
                self._missing.append(NotCompared(kind="input", name=use.path, why=why))
            return
        if use.modified is not None and restore:
            self._times[use.path] = use.modified
        if restore and use.content is not None and not same:
            self._files[use.path] = self._read(use.content)
            self._restored[Restored(kind="input", name=use.path)] = None
            return
        now = _on_disk(path)
        if restore and (now is None or not same):
            what = "is gone" if now is None else "has changed since"
            why = (
                "it is not in the pack"
                if self._elsewhere
                else f"it {what} and was too large to keep"
            )
            self._missing.append(NotCompared(kind="input", name=use.path, why=why))
        elif now is not None:
            self._files[use.path] = now

    def _stand_ins(self) -> tuple[NotCompared, ...]:
        """Empty files for those that were listed and never read: a listing is as it was, and the verdict says so."""
        notes = []
        for folder, names in self._listed.items():
            count = 0
            for name in sorted(names):
                path = posixpath.normpath(f"{folder}/{name}")
                if name.endswith("/") or path in self._files or not self._restores(folder):
                    continue
                self._files[path] = b""
                count += 1
            if count:
                files = "1 file" if count == 1 else f"{count:,} files"
                why = f"{files} in it were listed and not read: empty ones stood for them"
                notes.append(NotCompared(kind="input", name=f"{folder}/", why=why))
        return tuple(notes)


def _folders(steps: Sequence[Execution]) -> tuple[str, ...]:
    """Where steps ran and wrote, and the folders that they listed, unless one of them makes folders itself."""
    if any(_MAKES_FOLDERS.search(step.source) for step in steps):
        return ()
    found = {step.cwd for step in steps}
    found |= {posixpath.dirname(use.path) for step in steps for use in step.files}
    for listing in (listing for step in steps for listing in step.listings):
        found.add(listing.path)
        found |= {f"{listing.path}/{name}" for name in listing.names if name.endswith("/")}
    inside = {posixpath.normpath(one) for one in found if one and one[:1] != "/"}
    return tuple(sorted(one for one in inside if one != "." and one[:2] != ".."))


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


def digest_file(path: Path) -> ContentDigest | None:
    """The digest of a file's bytes, as records have it; None where it cannot be read."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError:
        return None
    return ContentDigest("blake2b:" + digest.hexdigest())
