"""Files, artifacts and outputs of two sides."""

from __future__ import annotations

from collections.abc import Callable

from mm_jupyter.analysis.comparing.contents import match_contents, match_file
from mm_jupyter.analysis.comparing.lanes import Lane, lanes, match_lane
from mm_jupyter.analysis.comparing.matching import SAME, Match, Tolerance
from mm_jupyter.analysis.comparing.sides import Work, both, cut, read_blob
from mm_jupyter.records import Artifact, FileUse


def compare_files(work: Work) -> None:
    """Files that were written."""
    mine = {file.path: file for file in work.recorded.outcome.files if file.role == "output"}
    theirs = {file.path: file for file in work.replayed.outcome.files if file.role == "output"}
    for path, one, other in both(mine, theirs):
        shown = _size(one), _size(other)
        if one is None or other is None:
            work.absent("file", path, *shown)
        elif one.digest is None or other.digest is None:
            work.skip("file", path, "it was gone before it could be read")
        else:
            work.judge("file", path, shown, _file_match(work, one, other), differs=True)


def _file_match(work: Work, one: FileUse, other: FileUse) -> Callable[[Tolerance], Match]:
    def match(tolerance: Tolerance) -> Match:
        if one.digest == other.digest:
            return SAME
        if one.content is None or other.content is None:
            return Match("diverged", None, "the contents differ; they were too large to keep")
        return match_file(one.path, *work.read(one.content, other.content), tolerance)

    return match


def _size(kept: FileUse | Artifact | None) -> str | None:
    return None if kept is None else f"{kept.size:,} bytes"


def compare_artifacts(work: Work) -> None:
    """Artifacts and figures."""
    mine = {artifact.name: artifact for artifact in work.recorded.outcome.artifacts}
    theirs = {artifact.name: artifact for artifact in work.replayed.outcome.artifacts}
    for name, one, other in both(mine, theirs):
        kept = one or other
        kind = "figure" if kept is not None and kept.media_type.startswith("image/") else "artifact"
        if one is None or other is None:
            work.absent(kind, name, _size(one), _size(other))
        else:
            work.judge(
                kind,
                name,
                (_size(one), _size(other)),
                _artifact_match(work, one, other),
                differs=True,
            )


def _artifact_match(work: Work, one: Artifact, other: Artifact) -> Callable[[Tolerance], Match]:
    def match(tolerance: Tolerance) -> Match:
        if one.media_type != other.media_type:
            return Match("diverged", None, f"{one.media_type}, then {other.media_type}")
        if one.digest == other.digest:
            return SAME
        return match_contents(one.media_type, *work.read(one.content, other.content), tolerance)

    return match


def compare_outputs(work: Work) -> None:
    """Outputs in their order; the texts of one stream between two displays are one output."""
    mine = lanes(
        work.recorded.outcome.outputs, lambda blob: read_blob(work.recorded, blob, "recorded")
    )
    theirs = lanes(
        work.replayed.outcome.outputs, lambda blob: read_blob(work.replayed, blob, "replayed")
    )
    for name, one, other in both(mine, theirs):
        if one is None or other is None:
            work.absent("output", name, _shown(one), _shown(other))
            continue
        work.judge(
            "output",
            name,
            (cut(one.shown), cut(other.shown)),
            lambda tolerance, one=one, other=other: match_lane(one, other, tolerance),  # type: ignore[misc]
            (one.text, other.text),
        )
        if one.truncated and one.truncated == other.truncated:
            work.skip("output", name, "it was larger than the limit; what was kept is compared")
    if list(mine) != list(theirs) and mine.keys() == theirs.keys():
        work.judge(
            "output", "order", (", ".join(mine), ", ".join(theirs)), lambda _: Match("diverged")
        )


def _shown(lane: Lane | None) -> str | None:
    return None if lane is None else cut(lane.shown)
