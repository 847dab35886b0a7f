"""The project's own modules that an execution imported or reloaded, with the source that they had then."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from mm_jupyter.kernel.audit import Signature, signature, unwatched
from mm_jupyter.kernel.environment import editable_folders
from mm_jupyter.kernel.ignored import ignoring
from mm_jupyter.records import BlobDigest, ContentDigest, LocalModule

_OURS = "mm_jupyter"
_AUTORELOAD = "IPython.extensions.autoreload"


@dataclass(slots=True)
class _Known:
    """A module as it was loaded. ``importlib.reload`` gives a module a new ``spec``."""

    module: ModuleType
    spec: object
    file: str
    signature: Signature | None


class LocalModules:
    """Tells which modules from files under ``root``, the working directory, or a package that is installed in
    development mode changed since it was asked last."""

    def __init__(self, root: Path) -> None:
        self._root = os.path.realpath(root)
        self._known: dict[str, _Known] = {}
        self._names: set[str] = set()

    def changed(self, put: Callable[..., BlobDigest]) -> tuple[LocalModule, ...]:
        """The modules imported, reloaded or replaced since the last call; their sources go through ``put``.

        It costs a comparison a known module, and a look at each new name where ``sys.modules`` has grown or shrunk.
        A file that changed on disk while the module in memory did not is no change.
        """
        found = self._again()
        if len(sys.modules) != len(self._names):
            found |= self._new()
        if not found:
            return ()
        with unwatched():
            records = (self._describe(name, put) for name in found)
            return tuple(record for record in records if record is not None)

    def _again(self) -> dict[str, None]:
        found: dict[str, None] = {}
        autoreload = _AUTORELOAD in sys.modules  # it patches a module in place, without a reload
        for name, known in list(self._known.items()):
            module = sys.modules.get(name)
            if module is None:
                del self._known[name]
                self._names.discard(name)
            elif (
                module is not known.module
                or module.__spec__ is not known.spec
                or (autoreload and signature(known.file) != known.signature)
            ):
                found[name] = None
        return found

    def _new(self) -> dict[str, None]:
        names = set(sys.modules)
        new, self._names = names - self._names, names
        ignored = ignoring(self._root)
        own = tuple(f"{one}/" for one in (self._root, _working_directory(), *editable_folders()))
        found: dict[str, None] = {}
        folders: dict[str, str] = {}
        for name in sorted(new):
            file = getattr(sys.modules.get(name), "__file__", None)
            if not isinstance(file, str) or name == "__main__" or name.split(".")[0] == _OURS:
                continue
            path = _real(file, folders)
            if path.startswith(own) and not ignored(path):
                found[name] = None
        return found

    def _describe(self, name: str, put: Callable[..., BlobDigest]) -> LocalModule | None:
        module = sys.modules.get(name)
        file = getattr(module, "__file__", None)
        if module is None or not isinstance(file, str):
            return None
        path = os.path.realpath(file)
        known = _Known(module, getattr(module, "__spec__", None), path, signature(path))
        self._known[name] = known
        try:
            with open(path, "rb") as stream:
                source = stream.read()
        except OSError:  # deleted since it was imported
            return None
        digest = hashlib.blake2b(source, digest_size=16).hexdigest()
        inside = path.startswith(f"{self._root}/")
        return LocalModule(
            name=name,
            path=os.path.relpath(path, self._root).replace(os.sep, "/") if inside else path,
            digest=ContentDigest(f"blake2b:{digest}"),
            source=put(source),
        )


def _real(file: str, folders: dict[str, str]) -> str:
    """The real path of a file; ``folders`` remembers those of folders, since a library has hundreds of files in one."""
    if os.path.islink(file):
        return os.path.realpath(file)
    folder, name = os.path.split(file)
    if folder not in folders:
        folders[folder] = os.path.realpath(folder)
    return os.path.join(folders[folder], name)


def _working_directory() -> str:
    try:
        return os.path.realpath(os.getcwd())
    except OSError:  # it was deleted
        return "/nowhere"
