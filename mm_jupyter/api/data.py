"""The verbs for data: which versions of which files a run used, and what changed from one to another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mm_jupyter.analysis.tables import NoTable, compare_tables, read_table
from mm_jupyter.api.replays import record_of
from mm_jupyter.api.runs import found
from mm_jupyter.errors import BadInput, StoreError
from mm_jupyter.records import (
    BlobDigest,
    ContentDigest,
    DataDiff,
    DataVersion,
    FileChange,
    FileUse,
    RunData,
    RunRef,
)
from mm_jupyter.replaying.inputs import digest_file
from mm_jupyter.replaying.record import recipes
from mm_jupyter.workspace import Workspace

READ_BYTES = 256 * 1024 * 1024
"""A file on the disk is read as a table up to this size."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class _Side:
    version: DataVersion
    content: Callable[[], bytes | None]


def data(name: str, *, workspace: Workspace | None = None) -> RunData:
    """The files that a run read and wrote, and so did the executions that it needs.

    Raises:
        NoSuchRun: with the nearest names.
    """
    space = found(workspace)
    ref = RunRef.parse(name)
    uses = _uses(space, ref)
    others = _others(space, ref)
    versions = [
        _version(use, seqs, tuple(others.get((use.path, use.digest), ()))) for use, seqs in uses
    ]
    return RunData(run=ref, versions=tuple(versions))


def data_diff(
    old: str,
    new: str | None = None,
    *,
    path: str | None = None,
    progress: Progress | None = None,
    workspace: Workspace | None = None,
) -> DataDiff:
    """What changed in the inputs from one run to another: rows, columns, types and distributions of a table.

    Args:
        new: another run; None compares with the files as they are now.
        path: only this file.

    Raises:
        NoSuchRun: with the nearest names.
        BadInput: neither run has such an input.
    """
    space = found(workspace)
    first = RunRef.parse(old)
    second = None if new is None else RunRef.parse(new)
    before = _inputs(space, first)
    after = _on_disk(space.root, before) if second is None else _inputs(space, second)
    names = list(dict.fromkeys((*before, *after)))
    if path is not None:
        wanted = space.relative(path) if Path(path).is_absolute() else path
        if wanted not in names:
            has = ", ".join(names) or "none"
            raise BadInput(f"{old} has no input called {wanted!r}; it has {has}.")
        names = [wanted]
    changes = []
    for at, one in enumerate(names):
        if progress is not None:
            progress(one, at, len(names))
        changes.append(_change(one, before.get(one), after.get(one), now=second is None))
    return DataDiff(old=first, new=second, files=tuple(changes))


def _uses(space: Workspace, ref: RunRef) -> list[tuple[FileUse, tuple[int, ...]]]:
    """The files of a run's recipe, inputs first: each version once, with the executions that used it."""
    record = record_of(space, ref)
    held: dict[tuple[str, str, ContentDigest | None], tuple[FileUse, list[int]]] = {}
    for step in record.steps(recipes(record)[0]):
        for use in step.files:
            key = use.role, use.path, use.digest
            held.setdefault(key, (use, []))[1].append(step.seq)
    ordered = sorted(held.values(), key=lambda one: one[0].role != "input")
    return [(use, tuple(seqs)) for use, seqs in ordered]


def _others(space: Workspace, ref: RunRef) -> dict[tuple[str, ContentDigest | None], list[RunRef]]:
    """Files by version -> the other runs of the experiment that used them themselves, newest first."""
    found_in: dict[tuple[str, ContentDigest | None], list[RunRef]] = {}
    for row in space.store.runs():
        if row.ref != ref and row.ref.experiment == ref.experiment:
            for use in space.store.run(row.ref).files:
                found_in.setdefault((use.path, use.digest), []).append(row.ref)
    return found_in


def _version(use: FileUse, seqs: tuple[int, ...], same_in: tuple[RunRef, ...] = ()) -> DataVersion:
    return DataVersion(
        path=use.path,
        role=use.role,
        digest=use.digest,
        size=use.size,
        kept=use.content is not None,
        modified=use.modified,
        read_by=seqs,
        same_in=same_in,
    )


def _inputs(space: Workspace, ref: RunRef) -> dict[str, _Side]:
    """The inputs of a run by path; of a file read in several versions the last."""
    sides: dict[str, _Side] = {}
    for use, seqs in _uses(space, ref):
        if use.role == "input":
            sides[use.path] = _Side(_version(use, seqs), _reader(space, use))
    return sides


def _reader(space: Workspace, use: FileUse) -> Callable[[], bytes | None]:
    def read() -> bytes | None:
        if use.content is not None:
            return space.store.read_blob(BlobDigest(use.content))
        path = space.root / use.path
        if use.size <= READ_BYTES and digest_file(path) == use.digest:
            return path.read_bytes()
        return None

    return read


def _on_disk(root: Path, before: dict[str, _Side]) -> dict[str, _Side]:
    sides = {}
    for name in before:
        path = root / name
        digest = digest_file(path)
        if digest is None:
            continue
        stat = path.stat()
        version = DataVersion(
            path=name, role="input", digest=digest, size=stat.st_size, kept=False,
            modified=stat.st_mtime,
        )  # fmt: skip
        fits = stat.st_size <= READ_BYTES
        sides[name] = _Side(version, path.read_bytes if fits else lambda: None)
    return sides


def _change(path: str, old: _Side | None, new: _Side | None, *, now: bool) -> FileChange:
    before, after = (side.version if side else None for side in (old, new))

    def change(said: str, **facts: object) -> FileChange:
        return FileChange(path=path, old=before, new=after, said=said, **facts)  # type: ignore[arg-type]

    if old is None:
        return change("it is new")
    if new is None:
        return change("it is gone" if now else "it is not used any more")
    if old.version.digest == new.version.digest:
        return change("it is the same")
    try:
        mine, theirs = old.content(), new.content()
    except (OSError, StoreError) as error:
        return change(f"its bytes cannot be had: {error}")
    if mine is None or theirs is None:
        return change("it changed; a version that was too large to keep is gone")
    try:
        tables = read_table(path, mine), read_table(path, theirs)
    except NoTable as error:
        why = "" if str(error) == "it is no table" else f"; {error}"
        return change(f"it changed{_first_difference(mine, theirs)}{why}")
    found_change = compare_tables(*tables)
    return change("it changed", table=found_change)


def _first_difference(old: bytes, new: bytes) -> str:
    """Where two files differ first: a line of a text, else a byte."""
    try:
        mine, theirs = old.decode().splitlines(), new.decode().splitlines()
    except UnicodeDecodeError:
        at = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), None)
        return f" from byte {min(len(old), len(new)) if at is None else at:,} on"
    for number, (one, other) in enumerate(zip(mine, theirs, strict=False), 1):
        if one != other:
            return f" from line {number:,} on"
    return f": {len(mine):,} lines, then {len(theirs):,}"
