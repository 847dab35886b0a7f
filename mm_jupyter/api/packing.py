"""The verbs of packs: one run in one file, checked and replayed by whoever gets it."""

from __future__ import annotations

import glob
import json
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mm_jupyter.analysis.comparing import UserRule, user_rules
from mm_jupyter.analysis.secrets import Redactor, marks_in
from mm_jupyter.api.pack_content import MAX_INPUT, Files, gathered
from mm_jupyter.api.replays import allowed, own_rules, record_of
from mm_jupyter.api.runs import found
from mm_jupyter.configuration import configured, size_of
from mm_jupyter.errors import BadInput, BadPack, CannotRebuild
from mm_jupyter.packs import OpenPack, open_pack, write_pack
from mm_jupyter.packs.choosing import Choice
from mm_jupyter.records import (
    BlobDigest,
    Pack,
    PackedRecord,
    PackedRule,
    PackReplay,
    Run,
    RunRef,
    from_json,
    to_json,
)
from mm_jupyter.replaying import environments
from mm_jupyter.replaying.attempt import Settings
from mm_jupyter.replaying.confine import can_confine
from mm_jupyter.replaying.inputs import digest_file
from mm_jupyter.replaying.record import Record
from mm_jupyter.replaying.verifying import verify
from mm_jupyter.workspace import Workspace

Progress = Callable[[str, int, int], None]
"""Called with what happens, how much of it is done, and how much there is."""

SECRETS = "secrets under another key"
_MARK = re.compile(r"<redacted:([\w.\-]{1,64}):[0-9a-f]{12}>")


def pack(
    name: str,
    path: str | Path | None = None,
    *,
    max_input: int | str = MAX_INPUT,
    private: Sequence[str] = (),
    force: bool = False,
    progress: Progress | None = None,
    workspace: Workspace | None = None,
) -> Pack:
    """Write a run, and all that it takes to replay it, into one file: ``mm.pack("churn/7", "churn-7.mm.zip")``.

    The file holds the same bytes whenever the same is packed, and is read back before it takes its name.

    Args:
        path: ``EXPERIMENT-VERSION.mm.zip`` in the current folder by default.
        max_input: bytes, or a text such as ``50 MB``; of larger files the pack holds the digest alone.
        private: shell patterns of paths or names of files that stay out, all but their digest.
        force: replace a file that is there.
        progress: told what happens.

    Raises:
        NoSuchRun: with the nearest names.
        CannotReplay: it is still running, or nothing of it can be repeated.
        BadInput: the file is there, cannot be written, or a pattern fits no file.
    """
    space = found(workspace)
    ref = RunRef.parse(name)
    limit = size_of(max_input, "--max-input")
    target = Path(path) if path is not None else Path(f"{ref.experiment}-{ref.version}.mm.zip")
    record = record_of(space, ref)
    if target.is_dir() or not target.name.endswith(".zip"):
        raise BadInput(f"A pack is a file that ends in .mm.zip, not {target}.")
    if target.exists() and not force:
        raise BadInput(f"{target} is there already: --force replaces it.")
    tell = progress or _unheard
    files = Files(space, record.read)
    said = max_input if isinstance(max_input, str) else f"{max_input:,} bytes"
    if limit == MAX_INPUT:
        said = "100 MB"
    content = gathered(
        record,
        space.store.verdicts(ref),
        _rules(space, record),
        files,
        Choice(limit, said, tuple(private), files.at_hand),
        Redactor(space.key).text,
        lambda what: tell(what, 0, 1),
    )
    checked: list[Pack] = []

    def check(written: Path) -> None:
        with open_pack(written, lambda done, of: tell("reading it back", done, of)) as opened:
            checked.append(replace(opened.pack, path=str(target)))

    write_pack(
        target,
        content,
        files.read,
        check=check,
        progress=lambda done, of: tell("packing", done, of),
    )
    return checked[0]


def verify_pack(path: str | Path, *, progress: Progress | None = None) -> Pack:
    """Read a pack and check that it is whole, without running or unpacking anything of it.

    Raises:
        NoSuchFile: there is none.
        BadPack: it is not whole, and why.
    """
    tell = progress or _unheard
    with open_pack(Path(path), lambda done, of: tell("checking", done, of)) as opened:
        return opened.pack


def confined() -> bool:
    """Whether the operating system confines a replay on this machine: nothing written outside, no network."""
    return can_confine()


def replay_pack(
    path: str | Path,
    *,
    times: int = 1,
    environment: str = "recorded",
    without: Sequence[str] = (),
    inputs: Mapping[str, str | Path] | None = None,
    allow: Sequence[str] = (),
    timeout: float | None = None,
    progress: Progress | None = None,
) -> PackReplay:
    """Check a pack, then replay its run on this machine: confined, in a temporary directory, no store touched.

    This runs the code of whoever packed it.

    Args:
        times: replays that must agree.
        environment: ``recorded`` (rebuilt by uv from wheels), ``current``, or the path of an interpreter.
        without: packages to leave out of a rebuilt environment.
        inputs: files for the inputs that are not in the pack, by the path that the record gives them.
        allow: ``network``, ``process``, or paths outside the temporary directory that may be written.
        timeout: seconds for one replay; by default ten times the record, and at least a minute.
        progress: told what happens.

    Raises:
        NoSuchFile, BadPack: as ``verify_pack``.
        BadInput: a given input is not the recorded one.
        CannotRebuild: the environment cannot be had.
        CannotReplay: the run cannot be replayed.
    """
    if times < 1:
        raise BadInput(f"--times takes a number from 1 on, not {times}.")
    tell = progress or _unheard
    permitted = frozenset(allowed(one) for one in allow)
    with (
        open_pack(Path(path), lambda done, of: tell("checking", done, of)) as opened,
        tempfile.TemporaryDirectory(prefix="mm-pack-") as empty,
    ):
        settings = Settings(
            key=secrets.token_bytes(32),
            root=Path(opened.pack.record.root),
            files=Path(empty),
            allow=permitted,
            timeout=timeout,
            rules=_packed_rules(opened.pack),
        )
        record = _record(opened, settings, inputs or {})
        settings = _within(record, settings, environment, without, tell)
        try:
            verified = verify(record, settings, times=times, progress=tell)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            # Blobs are checked by digest, and their content only here, where it is used.
            why = f"its record cannot be replayed ({type(error).__name__}: {error})"
            raise BadPack(path, why) from error
        return PackReplay(pack=opened.pack, judgement=replace(verified.judgement, recipe=None))


def _unheard(_what: str, _done: int, _of: int) -> None:
    """Nobody listens."""


def _rules(space: Workspace, record: Record) -> tuple[PackedRule, ...]:
    project = user_rules(configured(space.root).noise, "pyproject.toml")
    rules = (*own_rules(space, record.run.row), *project)
    return tuple(
        PackedRule(
            name=one.name,
            kind=one.kind,
            item=one.item,
            pattern=one.pattern,
            rtol=one.rtol,
            atol=one.atol,
        )
        for one in rules
    )


def _packed_rules(pack: Pack) -> tuple[UserRule, ...]:
    """The pack's noise rules, and one for the marks of secrets, which another key makes others."""
    rules: list[UserRule] = []
    for one in pack.rules:
        said = {
            key: value for key, value in to_json(one).items() if key != "name" and value is not None
        }
        rules += user_rules({one.name: said}, pack.path)
    return (*rules, UserRule(name=SECRETS, pattern=_MARK.pattern), *_secret_items(pack.record.run))


def _secret_items(run: Run) -> Iterator[UserRule]:
    """Params and values that hold a secret: without its key they differ whatever they are, and nobody can say more."""
    held = [("param", one.name, one.value) for one in run.row.params]
    held += [("value", one.name, one.summary) for one in run.values]
    for kind, name, text in held:
        if isinstance(text, str) and _MARK.search(text):
            yield UserRule(name=SECRETS, kind=kind, item=glob.escape(name))


def _within(
    record: Record, settings: Settings, environment: str, without: Sequence[str], tell: Progress
) -> Settings:
    if environment == "current":
        return settings
    try:
        if environment != "recorded":
            python = environments.named(environment)
            return replace(settings, python=(str(python),), environment=str(python))
        if record.run.environment is None:
            raise CannotRebuild(f"{record.run.row.ref} has no record of it")
        built = environments.build(
            record.run.environment,
            without=without,
            told=lambda what: tell(what, 0, 1),
            distrusted=True,
        )
    except CannotRebuild as error:
        if environment != "recorded":
            raise
        raise CannotRebuild(
            f"{error.args[0]}; '--env current' takes the one that runs here"
        ) from error
    return replace(settings, python=(str(built.python),), environment="recorded")


def _record(opened: OpenPack, settings: Settings, inputs: Mapping[str, str | Path]) -> Record:
    packed = _with_secrets(opened.pack.record, settings)
    given = _given(packed, inputs)
    packed = _with_inputs(packed, given)

    def read(digest: BlobDigest) -> bytes:
        path = given.get(digest)
        return opened.read(digest) if path is None else path[1].read_bytes()

    return Record(
        run=packed.run,
        executions=packed.executions,
        series=packed.series,
        read=read,
        verified=packed.verified,
        verified_slice=packed.verified_slice,
        of=packed.of,
    )


def _with_secrets(packed: PackedRecord, settings: Settings) -> PackedRecord:
    """The record with the marks of secrets that this machine has variables for, by name, under this replay's key."""
    text = json.dumps(to_json(packed))
    redactor = Redactor(settings.key)
    known: dict[str, str] = {}
    for mark in marks_in(text):
        for name in (mark.name, re.sub(r"\W", "_", mark.name).upper()):
            if settings.variables.get(name):
                known[mark.name] = redactor.mark_of(settings.variables[name], mark.name)
    if not known:
        return packed
    text = _MARK.sub(lambda match: known.get(match[1], match[0]), text)
    return from_json(PackedRecord, json.loads(text))


def _given(
    packed: PackedRecord, inputs: Mapping[str, str | Path]
) -> dict[BlobDigest, tuple[str, Path]]:
    """The files that were given, each with an address of its own and the path that it stands for.

    Raises:
        BadInput: the record knows no such input, or the file is another one.
    """
    known = {
        use.path: use.digest
        for execution in packed.executions
        for use in reversed(execution.files)
        if use.role == "input"
    }
    found: dict[BlobDigest, tuple[str, Path]] = {}
    for name, where in inputs.items():
        path = Path(where).expanduser().absolute()
        if name not in known:
            those = ", ".join(sorted(known)) or "none"
            raise BadInput(f"The run has no input {name}; it has {those}.")
        digest = digest_file(path)
        if digest is None:
            raise BadInput(f"{path} cannot be read.")
        if digest != known[name]:
            raise BadInput(
                f"{path} is not the recorded {name}: its digest is {digest}, not {known[name]}."
            )
        found[BlobDigest(f"given:{len(found)}")] = (name, path)
    return found


def _with_inputs(
    packed: PackedRecord, given: Mapping[BlobDigest, tuple[str, Path]]
) -> PackedRecord:
    address = {name: digest for digest, (name, _) in given.items()}
    executions = tuple(
        replace(
            execution,
            files=tuple(
                replace(use, content=address[use.path])
                if use.role == "input" and use.path in address and use.content is None
                else use
                for use in execution.files
            ),
        )
        for execution in packed.executions
    )
    return replace(packed, executions=executions)
