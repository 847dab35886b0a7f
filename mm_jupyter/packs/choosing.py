"""What of a run goes into its pack: what a replay needs, and nothing that is private or too large."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from mm_jupyter.records import (
    NO_BLOB,
    Artifact,
    BlobDigest,
    ContentDigest,
    Execution,
    FileUse,
    LeftOut,
    Run,
)

AtHand = Callable[[FileUse], BlobDigest | None]


@dataclass(slots=True)
class Choice:
    """Takes files in or leaves them out. ``limit`` is in bytes, ``private`` are shell patterns of paths or names.

    ``at_hand`` is asked for an input whose bytes were not kept: it may lie on the disk as it was.
    """

    limit: int
    limit_said: str
    private: Sequence[str]
    at_hand: AtHand
    left_out: dict[tuple[str, str, ContentDigest | None], LeftOut] = field(default_factory=dict)
    unused: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.unused = set(self.private)

    def run(self, run: Run) -> Run:
        """The run without what stays out. A pickle of a model is never in: its state is compared by digest."""
        run = replace(run, files=tuple(self.file(use) for use in run.files))
        hidden = {one.digest for one in self.left_out.values() if one.why.startswith("private")}
        for model in run.models:
            if model.content is not None:
                why = "packs hold no pickles: the digest of its state is compared"
                self._leave(LeftOut(kind="model", name=model.name, why=why, size=model.size))
        artifacts = tuple(self._artifact(artifact, hidden) for artifact in run.artifacts)
        models = tuple(replace(model, content=None) for model in run.models)
        git = replace(run.git, diff=None) if run.git else None
        if run.git and run.git.diff:
            why = "the difference to the commit is not needed"
            self._leave(LeftOut(kind="git", name="diff", why=why))
        return replace(run, models=models, artifacts=artifacts, git=git)

    def executions(
        self, executions: Iterable[Execution], steps: Collection[int]
    ) -> tuple[Execution, ...]:
        """Those that recipes repeat; of others the modules alone that they loaded, since a step may use them."""
        kept = []
        for one in executions:
            if one.seq in steps:
                kept.append(replace(one, files=tuple(self._used(use) for use in one.files)))
            elif one.modules:
                kept.append(_modules_alone(one))
        return tuple(kept)

    def file(self, use: FileUse) -> FileUse:
        """The use with its bytes, or without them and a line among those left out."""
        if use.digest is None:
            return use
        pattern = next((one for one in self.private if _fits(use.path, one)), None)
        if pattern is not None:
            self.unused.discard(pattern)
            return self._without(use, f"private, by the pattern {pattern!r}")
        if use.size > self.limit:
            return self._without(use, f"larger than {self.limit_said}")
        content = use.content
        if content is None and use.role == "input":
            content = self.at_hand(use)
        if content is None:
            return self._without(use, "not kept when it was recorded")
        return replace(use, content=content)

    def hide_values(self, run: Run) -> Run:
        """The run without the comparable forms of values and models: a table read from a private file is in them."""
        forms = [value.form for value in run.values] + [model.form for model in run.models]
        if any(form is not None for form in forms):
            why = "private data may be in them: values are compared by digest (what cells showed is inside)"
            self._leave(LeftOut(kind="values", name="comparable forms", why=why))
        values = tuple(replace(value, form=None) for value in run.values)
        return replace(
            run, values=values, models=tuple(replace(model, form=None) for model in run.models)
        )

    def _used(self, use: FileUse) -> FileUse:
        # What a step wrote is compared where the run itself wrote it; a replay's steps write theirs anew.
        return self.file(use) if use.role == "input" else replace(use, content=None)

    def _without(self, use: FileUse, why: str) -> FileUse:
        self._leave(
            LeftOut(
                kind="input" if use.role == "input" else "output file",
                name=use.path,
                why=why,
                digest=use.digest,
                size=use.size,
            )
        )
        return replace(use, content=None)

    def _artifact(self, artifact: Artifact, hidden: Collection[ContentDigest | None]) -> Artifact:
        if artifact.digest in hidden:
            why = "private: it is the same as a private file"
        elif artifact.size > self.limit:
            why = f"larger than {self.limit_said}"
        else:
            return artifact
        self._leave(
            LeftOut(
                kind="artifact",
                name=artifact.name,
                why=why,
                digest=artifact.digest,
                size=artifact.size,
            )
        )
        return replace(artifact, content=NO_BLOB)

    def _leave(self, one: LeftOut) -> None:
        self.left_out.setdefault((one.kind, one.name, one.digest), one)


def _fits(path: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(
        PurePosixPath(path).name, pattern
    )


def _modules_alone(one: Execution) -> Execution:
    return Execution(
        session=one.session,
        seq=one.seq,
        cell_id=None,
        count=one.count,
        source="",
        started=one.started,
        seconds=one.seconds,
        status=one.status,
        modules=one.modules,
    )
