"""The directory in which a replay runs: the recorded workspace laid out again, and removed afterwards."""

from __future__ import annotations

import os
import posixpath
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from mm_jupyter.errors import EscapesScratch, ScratchFull

GIB = 1 << 30
LIMIT = 8 * GIB
"""Bytes that a replay may hold in its scratch directory, inputs included."""

_PRIVATE = ".mm-replay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scratch:
    """A laid-out scratch directory; leaving it as a context manager removes it.

    ``base`` holds everything that the replay may write. Below it stand ``root``, the mirrored root of the workspace,
    with ``cwd`` in it or beside it, and ``private``: temporary files, caches and configuration of the kernel, and
    whatever the caller exchanges with it. ``limit`` is in bytes.
    """

    base: Path
    root: Path
    cwd: Path
    private: Path
    limit: int

    def environment(self) -> dict[str, str]:
        """Environment variables for the kernel: what it keeps for itself goes to ``private``.

        Caches that are read as well, such as downloaded data, stay where they are.
        """
        return {
            "TMPDIR": str(self.private / "tmp"),
            "JOBLIB_TEMP_FOLDER": str(self.private / "tmp"),
            "NUMBA_CACHE_DIR": str(self.private / "tmp" / "numba"),
            "IPYTHONDIR": str(self.private / "ipython"),
            "MPLCONFIGDIR": str(self.private / "matplotlib"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def place(self, root: str, path: str) -> Path:
        """Where a file stands; ``root`` and ``path`` as of ``lay_out``. Raises EscapesScratch."""
        return _place(self.base, root, path)

    def put(self, root: str, path: str, content: bytes) -> None:
        """Write one more file; ``root`` and ``path`` as of ``lay_out``. Raises EscapesScratch."""
        target = self.place(root, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def size(self) -> int:
        """Bytes that its files take on the disk."""
        total = 0
        folders = [str(self.base)]
        while folders:
            try:
                with os.scandir(folders.pop()) as entries:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False):
                            folders.append(entry.path)
                        else:
                            total += entry.stat(follow_symlinks=False).st_blocks * 512
            except FileNotFoundError:  # the kernel removes files while they are counted
                continue
        return total

    def check(self) -> None:
        """Call it while cells run.

        Raises:
            ScratchFull: there is more in it than ``limit``.
        """
        held = self.size()
        if held > self.limit:
            raise ScratchFull(held, self.limit)

    def close(self) -> None:
        """Remove it, also what was made read-only."""
        _remove(self.base)

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def lay_out(
    root: str,
    files: Iterable[tuple[str, bytes]],
    cwd: str = ".",
    limit: int = LIMIT,
    *,
    folders: Iterable[str] = (),
    times: Mapping[str, float] | None = None,
) -> Scratch:
    """Make a scratch directory and write ``files`` into it.

    ``root`` is the recorded root of the workspace. Its whole path is mirrored (``/home/ann/churn`` becomes
    ``<base>/home/ann/churn``), so that a relative path finds the same file, above the root too. The paths of ``files``,
    ``folders`` and ``cwd`` are relative to the root (POSIX), or absolute; a later file replaces an earlier one of the
    same path. ``times`` says when files were last changed (seconds since the epoch).

    Raises:
        EscapesScratch: a path leads out of the scratch directory.
        ScratchFull: ``files`` hold more than ``limit`` bytes.
    """
    # The name is short: unix sockets are made below it, and their paths may have 100 characters.
    base = Path(os.path.realpath(tempfile.mkdtemp(prefix="mm-")))
    try:
        top = _place(base, "/", root)
        here = _place(base, root, cwd)
        scratch = Scratch(base=base, root=top, cwd=here, private=base / _PRIVATE, limit=limit)
        wanted = (_place(base, root, one) for one in folders)
        for folder in (top, here, scratch.private / "tmp", *wanted):
            folder.mkdir(parents=True, exist_ok=True)
        _copy_configuration(scratch)
        left = limit
        for path, content in files:
            left -= len(content)
            if left < 0:
                raise ScratchFull(limit - left, limit)
            target = _place(base, root, path)
            if target == base:
                raise EscapesScratch(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            if times and path in times:
                os.utime(target, (times[path], times[path]))
    except BaseException:
        _remove(base)
        raise
    return scratch


def _place(base: Path, root: str, path: str) -> Path:
    """Where ``path``, relative to ``root`` or absolute, stands below ``base``."""
    depth = 0
    for part in posixpath.join("/", root, path).split("/"):
        depth += {"": 0, ".": 0, "..": -1}.get(part, 1)
        if depth < 0 or "\0" in part:
            raise EscapesScratch(path)
    inside = posixpath.normpath(posixpath.join("/", root, path)).lstrip("/")
    if inside.split("/")[0] == _PRIVATE:
        raise EscapesScratch(path)
    return base / inside


def _copy_configuration(scratch: Scratch) -> None:
    """The user's configuration of IPython and matplotlib decides what cells show: the replay has a copy of it.

    History and caches stay behind, but for matplotlib's list of fonts, which takes seconds to make.
    """
    home = Path(os.path.expanduser("~"))  # Path.home() raises where there is none
    ipython = Path(os.environ.get("IPYTHONDIR") or home / ".ipython") / "profile_default"
    profile = scratch.private / "ipython" / "profile_default"
    _copy(ipython, "*.py", profile)
    _copy(ipython, "*.json", profile)
    _copy(ipython / "startup", "*.py", profile / "startup")
    _copy(ipython / "startup", "*.ipy", profile / "startup")
    given = os.environ.get("MPLCONFIGDIR")
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "matplotlib"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "matplotlib"
    drawn = scratch.private / "matplotlib"
    for folder in (Path(given),) if given else (settings, cache, home / ".matplotlib"):
        _copy(folder, "matplotlibrc", drawn)
        _copy(folder, "fontlist-*.json", drawn)
        _copy(folder / "stylelib", "*.mplstyle", drawn / "stylelib")


def _copy(source: Path, pattern: str, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    try:
        for file in source.glob(pattern):
            shutil.copyfile(file, target / file.name)
    except OSError:
        return  # what cannot be read was no configuration of the recorded kernel either


def _remove(base: Path) -> None:
    for folder, inner, _ in os.walk(base):
        for path in (os.path.join(folder, name) for name in inner):
            if not os.path.islink(path):
                os.chmod(path, 0o700)  # else what it holds could not be found or removed
    shutil.rmtree(base, ignore_errors=True)
