"""A replay's second look for the project's files: absolute paths into the project lead into the scratch directory.

Python's own functions are wrapped, and so everything that opens through them: pathlib, numpy, pandas, joblib. What
opens files in C (some readers of Arrow and HDF5) finds the file where its absolute path says, as it is now.
"""

from __future__ import annotations

import builtins
import functools
import io
import os
import sqlite3
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

_ONE = "stat lstat access listdir scandir readlink open mkdir rmdir remove unlink utime chmod truncate chdir".split()
_TWO = "rename replace link symlink".split()
_CHANGES = frozenset(
    "mkdir rmdir remove unlink utime chmod truncate rename replace link symlink".split()
)
_ABLE = (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def install(
    project: str, scratch: str, but: Iterable[str], outside: Mapping[str, str] | None = None
) -> None:
    """Lead paths below ``project`` to ``scratch``, from now on, but for what is at or below the paths ``but``.

    What the scratch directory does not have is read where it is; nothing is ever written there. ``outside`` says of
    single files elsewhere which files stand for them.
    """
    lead = _Lead(project, scratch, but, outside or {})
    real_open = io.open

    @functools.wraps(real_open)
    def opened(file: Any, mode: Any = "r", *args: Any, **options: Any) -> Any:
        writes = isinstance(mode, str) and any(letter in mode for letter in "wax+")
        return real_open(lead(file, writes=writes), mode, *args, **options)

    builtins.open = opened
    io.open = opened
    shell = sys.modules.get("IPython.core.interactiveshell")
    if hasattr(shell, "io_open"):  # what ``open`` in a cell calls
        shell.io_open = opened  # type: ignore[union-attr]
    for name in (*_ONE, *_TWO):
        real = getattr(os, name)
        led = _wrapped(real, lead, name, 2 if name in _TWO else 1)
        setattr(os, name, led)
        for able in _ABLE:  # shutil looks there whether it may ask for more
            if real in able:
                able.add(led)
    sqlite3.connect = _wrapped(sqlite3.connect, lead, "connect", 1)


class _Lead:
    def __init__(
        self, project: str, scratch: str, but: Iterable[str], outside: Mapping[str, str]
    ) -> None:
        self._outside = outside
        self._starts = tuple(
            dict.fromkeys(f"{one}/" for one in (project, os.path.realpath(project)))
        )
        self._scratch = scratch
        self._but = tuple(f"{one}/" for one in but)

    def __call__(self, path: Any, *, writes: bool) -> Any:
        text = os.fspath(path) if isinstance(path, os.PathLike) else path
        if not isinstance(text, str) or f"{text}/".startswith(self._but):
            return path
        if text in self._outside:
            return self._outside[text]
        for start in self._starts:
            if f"{text}/".startswith(start):
                there = f"{self._scratch}{text[len(start) - 1 :]}"
                return there if writes or self._has(there) or not self._has(text) else path
        return path

    @staticmethod
    def _has(path: str) -> bool:
        try:
            _lstat(path)
        except (OSError, ValueError):
            return False
        return True


_lstat = os.lstat


def _wrapped(real: Callable[..., Any], lead: _Lead, name: str, paths: int) -> Callable[..., Any]:
    changes = name in _CHANGES

    @functools.wraps(real)
    def led(*args: Any, **options: Any) -> Any:
        writes = changes or (name == "open" and len(args) > 1 and bool(args[1] & _WRITES))
        return real(*(lead(one, writes=writes) for one in args[:paths]), *args[paths:], **options)

    return led
