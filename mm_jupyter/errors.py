"""The errors that a user may meet: one tree, one sentence each, with fields and a code to search for."""

from __future__ import annotations

from typing import ClassVar


class MmError(Exception):
    """The root. ``code`` is stable and meant for searching; ``str()`` is one sentence for the user."""

    code: ClassVar[str] = "error"
    sentence: ClassVar[str] = "{0}"

    def __str__(self) -> str:
        return self.sentence.format(*self.args)


class BadInput(MmError):
    """What the user gave cannot be used (exit status 64, HTTP 400)."""

    code = "bad-input"


class BadName(BadInput):
    code = "bad-name"
    sentence = "{0!r} cannot name an experiment: {1}."


class BadRunName(BadInput):
    code = "bad-run-name"
    sentence = "{0!r} is no run name: write EXPERIMENT/VERSION, for example churn/7."


class BadOption(BadInput):
    code = "bad-option"
    sentence = "{0}"


class BadQuery(BadInput):
    """``args``: sentence, query text, column (from 0). ``str()`` shows the query with a caret under the fault."""

    code = "bad-query"

    def __init__(self, why: str, text: str, column: int) -> None:
        super().__init__(why, text, column)
        self.why, self.text, self.column = why, text, column

    def __str__(self) -> str:
        return f"{self.why}\n  {self.text}\n  {' ' * self.column}^"


class BadNotebook(BadInput):
    code = "bad-notebook"
    sentence = "{0}: {1}."


class BadPack(BadInput):
    """``args``: the pack's path, what is wrong with it."""

    code = "bad-pack"
    sentence = "{0} is no whole pack: {1}."


class PackTooNew(BadPack):
    """``args``: the pack's path, the version of mm_jupyter that wrote it, its format."""

    code = "pack-too-new"
    sentence = "{0} was written by mm_jupyter {1} in format {2}: upgrade this one to read it."


class NoSuchFile(BadInput):
    code = "no-such-file"
    sentence = "There is no file {0}."


class NotFound(MmError):
    """Something named does not exist (exit status 64, HTTP 404)."""

    code = "not-found"


class NoSuchRun(NotFound):
    """``args``: the name asked for, names like it."""

    code = "no-such-run"

    def __str__(self) -> str:
        name, near = self.args
        hint = f" Did you mean {' or '.join(near)}?" if near else " 'mm runs' lists what there is."
        return f"There is no run {name}.{hint}"


class NoSuchExperiment(NotFound):
    code = "no-such-experiment"

    def __str__(self) -> str:
        name, near = self.args
        hint = f" Did you mean {' or '.join(near)}?" if near else " 'mm runs' lists what there is."
        return f"There is no experiment {name}.{hint}"


class NoWorkspace(NotFound):
    code = "no-workspace"
    sentence = (
        "There is no .mm folder here or above {0}: run a notebook with '%load_ext mm_jupyter' first, "
        "or point MM_STORE at a store."
    )


class NoGivenStore(NoWorkspace):
    sentence = "There is no store at {0}, which MM_STORE names."


class StoreError(MmError):
    code = "store"


class StoreUntrusted(StoreError):
    code = "store-untrusted"
    sentence = (
        "The store {0} belongs to another user ({1}). Replaying runs its code: "
        "say 'mm trust {0}' once if you trust it."
    )


class StoreReadOnly(StoreError):
    code = "store-read-only"
    sentence = "The store {0} cannot be written: {1}."


class StoreLocked(StoreError):
    code = "store-locked"
    sentence = "The store {0} was locked by another process for more than {1} s."


class StoreDamaged(StoreError):
    code = "store-damaged"
    sentence = "{0} is damaged: {1}. 'mm fsck' lists everything that is."


class StoreTooNew(StoreError):
    code = "store-too-new"
    sentence = "The store {0} was written by a newer mm_jupyter (schema {1}): upgrade this one."


class JobTaken(MmError):
    """``args``: the job."""

    code = "job-taken"
    sentence = "Job {0} has ended, or somebody else works on it."


class JobCancelled(MmError):
    code = "job-cancelled"
    sentence = "It was cancelled."


class NoCluster(BadInput):
    """``args``: what --on was given, and why it cannot be used."""

    code = "no-cluster"
    sentence = "The work cannot be done on {0}: {1}."


class JobsLeft(KeyboardInterrupt):
    """Ctrl-C while several jobs were worked off. ``args``: the batch, and how many jobs wait in it."""

    def __str__(self) -> str:
        batch, left = self.args
        return f"Interrupted; nothing that had ended is lost. {left:,} jobs are left: 'mm resume {batch}' goes on."


class Untrusted(MmError):
    code = "untrusted"
    sentence = (
        "{0} is kept as a pickle, and loading a pickle runs the code in it. "
        "If you trust where it came from, say so: {1}."
    )


class CannotReplay(MmError):
    code = "cannot-replay"
    sentence = "{0} cannot be replayed: {1}."


class CannotRebuild(MmError):
    """An environment that cannot be made again. ``args``: why, as the end of a sentence."""

    code = "cannot-rebuild"
    sentence = "The environment cannot be rebuilt: {0}."


class KernelDied(MmError):
    """``args``: what happened ("The kernel died in cell 3"), why."""

    code = "kernel-died"
    sentence = "{0}: {1}."


class KernelSideFailed(MmError):
    """Our own code failed in a kernel. ``args``: what it was about to do, the exception as text."""

    code = "kernel-side-failed"
    sentence = "mm_jupyter could not {0} in the kernel: {1}."


class ReplayTimeout(CannotReplay):
    """``args``: seconds allowed, the number of the cell that ran (from 1)."""

    code = "replay-timeout"
    sentence = "The kernel was stopped after {0:g} s, while cell {1} was running."


class ScratchFull(CannotReplay):
    """``args``: bytes in the scratch directory, bytes allowed."""

    code = "scratch-full"
    sentence = "The replay was stopped: it wrote {0:,} bytes, {1:,} are allowed."


class EscapesScratch(CannotReplay):
    """``args``: path."""

    code = "escapes-scratch"
    sentence = "{0!r} cannot be laid out for a replay: it leads out of the scratch directory."
