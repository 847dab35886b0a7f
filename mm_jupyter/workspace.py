"""The workspace: the folder ``.mm/`` found upward from a notebook, its store, and whether it is trusted."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mm_jupyter.errors import NoGivenStore, NoWorkspace, StoreDamaged, StoreReadOnly, StoreUntrusted
from mm_jupyter.store import Store

FOLDER = ".mm"
_FILES = {
    ".gitignore": "*\n",
    "README": "The store of mm_jupyter: runs, their code, data and models. 'mm fsck' checks it, 'mm gc' tidies it.\n",
}
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Workspace:
    """``root`` is the folder that holds ``.mm`` (with a PostgreSQL store: where the search began or the git root).

    ``key`` is the secret with which redacted values get their digest; ``url`` is
    a PostgreSQL store's, with its password.
    """

    root: Path
    store: Store
    key: bytes
    url: str | None = None
    identity: int = 0
    """The inode of the store's file when it was opened."""

    def relative(self, path: str | Path) -> str:
        """``path`` from the root, in POSIX form; absolute where it lies outside. ``.`` is the root itself."""
        whole = Path(os.path.abspath(self.root / path))
        for root in (self.root, self.root.resolve()):
            if whole.is_relative_to(root):
                return whole.relative_to(root).as_posix()
        return whole.as_posix()

    @property
    def trusted(self) -> bool:
        """Whether runs of this store may be replayed: it is our own, or was trusted by word."""
        folder = self.store.folder
        return folder is None or _owner(folder) == _me() or str(folder) in _trusted_folders()

    @property
    def location(self) -> str:
        """What MM_STORE must hold for another process to find this workspace's store."""
        return self.url or str(self.store.folder)

    def check_trust(self) -> None:
        """Raises StoreUntrusted when the store is another user's and was not trusted."""
        if not self.trusted and self.store.folder is not None:
            raise StoreUntrusted(str(self.store.folder), _owner_name(self.store.folder))


def find(start: Path) -> Workspace | None:
    """The workspace of ``start`` (a folder, or a file in it): the nearest ``.mm`` upward, None where there is none.

    The environment variable MM_STORE comes first: a store's folder, a folder that holds ``.mm``, or a URL.

    Raises:
        NoGivenStore: MM_STORE names none.
        StoreError: the store is there and cannot be opened.
    """
    given = os.environ.get("MM_STORE")
    if given:
        space = _given(given, start, create=False)
        if space is None:
            raise NoGivenStore(given)
        return space
    root = _nearest(start)
    return None if root is None else _open(root, root / FOLDER, create=False)


_known: list[tuple[str, Workspace]] = []
"""The workspace that was asked for last, and by what it was found."""


def known(start: Path) -> Workspace | None:
    """As ``find``; the one that was asked for last stays open for the next who asks, as long as it is the same.

    One that could not be written is opened anew: it may have become writable.

    Raises:
        NoGivenStore, StoreError: as ``find``.
    """
    given = os.environ.get("MM_STORE")
    root = None if given else _nearest(start)
    way = given or str(root)
    last = _known[:1]
    if last and last[0][0] == way and same_store(last[0][1]):
        return last[0][1]
    space = find(start) if root is None else _open(root, root / FOLDER, create=False)
    _known[:] = [] if space is None or space.store.read_only else [(way, space)]
    return space


def open_or_create(start: Path) -> Workspace:
    """The workspace of ``start``; where there is none it is made at the git root, else in ``start`` itself.

    Raises:
        StoreError: it cannot be opened or made.
    """
    given = os.environ.get("MM_STORE")
    if given:
        space = _given(given, start, create=True)
        assert space is not None
        return space
    root = _nearest(start) or _git_root(start) or _upward(start)[0]
    return _open(root, root / FOLDER, create=True)


def at(root: Path, location: str, key: bytes) -> Workspace:
    """The workspace of a folder whose store and key are known: another process, maybe on another machine, has it open.

    Raises:
        StoreError: the store is not there, or cannot be opened.
    """
    if "://" in location:
        return Workspace(root, Store.open(location), key, location)
    return Workspace(root, Store.open(Path(location)), key, identity=_identity(Path(location)))


def trust(path: Path) -> Path:
    """Trust the store of the workspace at ``path`` (its root, or ``.mm`` itself), and return the store's folder.

    The list is ``mm_jupyter/trusted.json`` in the user's configuration folder, readable by the user alone.

    Raises:
        NoWorkspace: there is no store.
    """
    whole = Path(os.path.abspath(path))
    folder = next((each for each in (whole, whole / FOLDER) if _is_store(each)), None)
    if folder is None:
        raise NoWorkspace(str(whole))
    known = _trusted_folders()
    if str(folder) not in known:
        _write_private(_trust_file(), json.dumps(sorted({*known, str(folder)}), indent=1).encode())
    return folder


def _given(given: str, start: Path, *, create: bool) -> Workspace | None:
    if "://" in given:
        root = _git_root(start) or _upward(start)[0]
        store = Store.open(given, create=create)
        return Workspace(root, store, _key(_config() / "key"), given)
    folder = Path(os.path.abspath(Path(given).expanduser()))
    if not _is_store(folder) and folder.name != FOLDER:
        folder = folder / FOLDER
    if not create and not _is_store(folder):
        return None
    return _open(folder.parent, folder, create=create)


def _open(root: Path, folder: Path, *, create: bool) -> Workspace:
    store = Store.open(folder, create=create)
    if create:
        for name, text in _FILES.items():
            if not (folder / name).exists():
                _write_private(folder / name, text.encode())
    try:
        key = _key(folder / "key")
    except BaseException:
        store.close()
        raise
    return Workspace(root, store, key, identity=_identity(folder))


def same_store(space: Workspace) -> bool:
    """Whether the store that was opened is still the one on the disk."""
    return space.store.folder is None or _identity(space.store.folder) == space.identity


def _identity(folder: Path) -> int:
    try:
        return (folder / "store.db").stat().st_ino
    except OSError:
        return 0


def _key(path: Path) -> bytes:
    """The key in ``path``, made if it is not there; two processes that make it at once get the same one."""
    with suppress(FileNotFoundError):
        try:
            key = path.read_bytes()
        except PermissionError:
            # Another user's store, which we may read: its redacted secrets stay unknown to us.
            return secrets.token_bytes(_KEY_BYTES)
        if len(key) != _KEY_BYTES:
            raise StoreDamaged(
                f"The key {path}", f"it has {len(key)} bytes instead of {_KEY_BYTES}"
            )
        return key
    _write_private(path, secrets.token_bytes(_KEY_BYTES), keep=True)
    return path.read_bytes()


def _write_private(path: Path, data: bytes, *, keep: bool = False) -> None:
    """Write a file for its owner alone, whole or not at all; with ``keep`` one that is there stays.

    Raises:
        StoreReadOnly: it cannot be written.
    """
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if keep:
            with suppress(FileExistsError):
                os.link(partial, path)
        else:
            os.replace(partial, path)
    except OSError as error:
        raise StoreReadOnly(str(path.parent), error.strerror or str(error)) from error
    finally:
        partial.unlink(missing_ok=True)


def _upward(start: Path) -> list[Path]:
    """``start``'s folder and those above it."""
    whole = Path(os.path.abspath(start))
    folder = whole if whole.is_dir() or not whole.exists() else whole.parent
    return [folder, *folder.parents]


def _nearest(start: Path) -> Path | None:
    return next((folder for folder in _upward(start) if _is_store(folder / FOLDER)), None)


def _is_store(folder: Path) -> bool:
    return (folder / "store.db").is_file()


def project_root(start: Path) -> Path:
    """The folder that the project of a file begins with: the nearest one upward with a repository, a store or a
    pyproject.toml; its own where there is none."""
    folders = _upward(start)
    marks = (".git", FOLDER, "pyproject.toml")
    return next(
        (one for one in folders if any((one / name).exists() for name in marks)), folders[0]
    )


def _git_root(start: Path) -> Path | None:
    return next((folder for folder in _upward(start) if (folder / ".git").exists()), None)


def _config() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "mm_jupyter"


def _trust_file() -> Path:
    return _config() / "trusted.json"


def _trusted_folders() -> list[str]:
    """A list that is not ours or not readable trusts nothing."""
    path = _trust_file()
    try:
        if _owner(path) != _me():
            return []
        folders = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return []
    return (
        [folder for folder in folders if isinstance(folder, str)]
        if isinstance(folders, list)
        else []
    )


def _owner(path: Path) -> int:
    return path.stat().st_uid


def _me() -> int:
    """Windows has no user numbers: there every file's is 0."""
    return os.geteuid() if hasattr(os, "geteuid") else 0


def _owner_name(folder: Path) -> str:
    try:
        return folder.owner()
    except (KeyError, NotImplementedError):
        return f"user number {_owner(folder)}"
