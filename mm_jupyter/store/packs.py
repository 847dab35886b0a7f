"""Pack files: ``packs/<name>.pack`` holds the new blocks of one object, end to end. They are made once and never
changed; a pack that no row names is a put that never became durable."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from mm_jupyter.errors import StoreDamaged, StoreReadOnly

SUFFIX, PARTIAL = ".pack", ".partial"


def new_name() -> str:
    return secrets.token_hex(10)


def path_of(folder: Path, name: str) -> Path:
    return folder / f"{name}{SUFFIX}"


@contextmanager
def making(folder: Path, name: str) -> Iterator[FileIO]:
    """A file to write a pack's bytes to; when the block ends it is safe on disk under its name.

    When the block raises nothing stays.

    Raises:
        StoreReadOnly: the disk is full or cannot be written.
    """
    partial = folder / f"{name}{PARTIAL}"
    try:
        folder.mkdir(exist_ok=True)
        try:
            with open(partial, "xb", buffering=0) as file:
                yield file
                os.fsync(file.fileno())
            os.replace(partial, path_of(folder, name))
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        _sync_folder(folder)
    except OSError as error:
        raise StoreReadOnly(str(folder.parent), error.strerror or str(error)) from error


def write_all(file: FileIO, data: bytes | memoryview) -> int:
    """Write every byte: a raw file may take less than it was given. Returns the length."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]
    return len(data)


def read_ranges(path: Path, ranges: Iterable[tuple[int, int]]) -> Iterator[bytes]:
    """The bytes at each ``(start, length)`` of a pack.

    Raises:
        FileNotFoundError: there is no such pack (any more).
        StoreDamaged: it is too short.
    """
    with open(path, "rb") as file:
        for start, length in ranges:
            file.seek(start)
            data = file.read(length)
            if len(data) != length:
                raise StoreDamaged(f"The pack {path.name}", "it ends too early")
            yield data


def _sync_folder(folder: Path) -> None:
    """A new name is durable when its folder is; Windows does that by itself."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
