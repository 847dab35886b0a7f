"""What goes into a pack: the record cut to what a replay needs, and the pages for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import nbformat

from mm_jupyter import __version__
from mm_jupyter.analysis.requirements import requirements
from mm_jupyter.cards import pack_report
from mm_jupyter.errors import BadInput, CannotRebuild, CannotReplay
from mm_jupyter.kernel.files import is_secret
from mm_jupyter.packs import PackContent
from mm_jupyter.packs.choosing import Choice
from mm_jupyter.packs.form import digest_of
from mm_jupyter.records import (
    PACK_FORMAT,
    BlobDigest,
    Environment,
    FileUse,
    Judgement,
    LeftOut,
    PackedRecord,
    PackedRule,
    PackManifest,
    Recipe,
    to_json,
)
from mm_jupyter.replaying import environments
from mm_jupyter.replaying.inputs import digest_file
from mm_jupyter.replaying.recipe import to_notebook
from mm_jupyter.replaying.record import Record, recipes
from mm_jupyter.workspace import Workspace

MAX_INPUT = 100 * 1024**2
"""Bytes: of larger files a pack holds the digest alone, unless it is told otherwise."""
NEUTRAL = "/project"
"""The project's folder where nothing that is packed names the real one: it may hold a person's name."""


class Files:
    """The store's blobs, and inputs that were too large for it and still lie on the disk as they were."""

    def __init__(self, space: Workspace, read: Callable[[BlobDigest], bytes]) -> None:
        self.root = space.root
        self._read = read
        self._paths: dict[BlobDigest, Path] = {}

    def at_hand(self, use: FileUse) -> BlobDigest | None:
        """The address of an input that lies on the disk as it was recorded; a likely credential is never taken."""
        path = self.root / use.path
        if is_secret(path) or digest_file(path) != use.digest:
            return None
        digest = BlobDigest(digest_of(path.read_bytes()))
        self._paths[digest] = path
        return digest

    def read(self, digest: BlobDigest) -> bytes:
        """The bytes. Raises StoreDamaged."""
        path = self._paths.get(digest)
        return self._read(digest) if path is None else path.read_bytes()


def gathered(
    record: Record,
    verdicts: Sequence[Judgement],
    rules: Sequence[PackedRule],
    files: Files,
    choice: Choice,
    redact: Callable[[str], str],
    told: Callable[[str], None],
) -> PackContent:
    """Everything that a pack of the run holds, but the bytes of its blobs.

    Raises:
        CannotReplay: it has not ended, or nothing of it can be repeated.
        BadInput: a private pattern fits no file.
    """
    row = record.run.row
    if row.status in ("running", "crashed"):
        raise CannotReplay(row.ref, f"it is {row.status} and has no result")
    tried = recipes(record)
    packed = _packed(record, tried, choice, files)
    if choice.unused:
        raise BadInput(f"--private {min(choice.unused)!r} fits no file of {row.ref}.")
    environment = record.run.environment
    people = {"recipe.ipynb": nbformat.writes(to_notebook(tried[0], states=files.read)) + "\n"}
    if environment is not None:
        people["requirements.txt"] = redact("\n".join(requirements(environment)) + "\n")
        lock = _lock(environment, choice, told)
        people |= {environments.LOCK: redact(lock)} if lock else {}
    judged = [replace(one, recipe=None) for one in verdicts]
    manifest = PackManifest(
        format=PACK_FORMAT,
        product=__version__,
        run=str(row.ref),
        as_of=max([row.started + (row.seconds or 0.0), *(one.at for one in judged)]),
        executions=len(tried[0].steps),
        of=tried[0].of,
        members=(),
        left_out=tuple(choice.left_out.values()),
    )
    people["report.html"] = pack_report(manifest, packed, judged, rules, tried[0], files.read)
    return PackContent(
        manifest=manifest, record=packed, verdicts=judged, rules=rules, people=people
    )


def _packed(record: Record, tried: Sequence[Recipe], choice: Choice, files: Files) -> PackedRecord:
    """A recipe that a replay has verified is all that goes in; else every recipe that there is to try."""
    chosen = tried[:1] if record.verified is not None else tried
    steps = {step.seq for recipe in chosen for step in recipe.steps}
    executions = choice.executions(record.executions, steps)
    run = choice.run(record.run)
    if any(one.why.startswith("private") for one in choice.left_out.values()):
        run = choice.hide_values(run)
    packed = PackedRecord(
        run=run,
        executions=executions,
        series=record.series,
        root=str(files.root),
        of=tried[0].of,
        verified=record.verified,
        verified_slice=record.verified_slice,
    )
    return packed if _names_its_folder(packed, files) else replace(packed, root=NEUTRAL)


def _names_its_folder(packed: PackedRecord, files: Files) -> bool:
    """Whether sources, outputs or modules name the project's folder, or files outside it were used."""
    root = str(files.root)
    used = [use.path for one in packed.executions for use in one.files]
    used += [module.path for one in packed.executions for module in one.modules]
    if any(path.startswith("/") for path in used):
        return True
    if root in json.dumps(to_json(replace(packed, root="")), ensure_ascii=False):
        return True
    texts = [blob for output in packed.run.outputs for blob in output.data.values()]
    texts += [module.source for one in packed.executions for module in one.modules]
    return any(root.encode() in files.read(blob) for blob in dict.fromkeys(texts))


def _lock(environment: Environment, choice: Choice, told: Callable[[str], None]) -> str | None:
    """The lock of what comes from a registry; None, and a line among what was left out, where there is none."""
    told("locking its environment")
    own = [one.name for one in environment.packages if one.origin is not None]
    try:
        return environments.lock(environment, without=own)
    except CannotRebuild as error:
        choice.left_out["lock", environments.LOCK, None] = LeftOut(
            kind="lock", name=environments.LOCK, why=str(error.args[0])[:300]
        )
        return None
