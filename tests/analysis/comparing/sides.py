"""Sides of a comparison, made from real values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from mm_jupyter.analysis.comparing import Side
from mm_jupyter.analysis.fingerprints import fingerprint
from mm_jupyter.analysis.models import model_state
from mm_jupyter.records import (
    Artifact,
    BlobDigest,
    ContentDigest,
    Failure,
    FileUse,
    Metric,
    Model,
    Outcome,
    Output,
    Param,
    RunStatus,
    Scalar,
    SeriesChunk,
    Value,
)

Media = Mapping[str, str | bytes]


class Blobs(dict[BlobDigest, bytes]):
    def put(self, data: bytes) -> BlobDigest:
        digest = BlobDigest(f"blake2b:{hashlib.blake2b(data).hexdigest()}")
        self[digest] = data
        return digest


def content_digest(data: bytes) -> ContentDigest:
    return ContentDigest(f"blake2b:{hashlib.blake2b(data, digest_size=16).hexdigest()}")


def side(  # noqa: PLR0913 - one for each part of an outcome
    *,
    status: RunStatus = "completed",
    failure: tuple[str, str] | None = None,
    params: Mapping[str, Scalar] | None = None,
    metrics: Mapping[str, float] | None = None,
    series: Mapping[str, list[float]] | None = None,
    values: Mapping[str, Any] | None = None,
    models: Mapping[str, Any] | None = None,
    outputs: list[Media | tuple[str, str]] | None = None,
    artifacts: Mapping[str, tuple[str, bytes]] | None = None,
    files: Mapping[str, bytes] | None = None,
) -> Side:
    """A side. An output is a map of media types, or a stream's name and text."""
    blobs = Blobs()
    outcome = Outcome(
        status="failed" if failure else status,
        seconds=1.0,
        failure=Failure(name=failure[0], message=failure[1], traceback="...") if failure else None,
        params=tuple(Param(name=name, value=value) for name, value in (params or {}).items()),
        metrics=tuple(Metric(name=name, value=value) for name, value in (metrics or {}).items()),
        series=tuple(_chunk(name, points) for name, points in (series or {}).items()),
        values=tuple(_value(blobs, name, value) for name, value in (values or {}).items()),
        models=tuple(_model(blobs, name, model) for name, model in (models or {}).items()),
        outputs=tuple(_output(blobs, output) for output in outputs or []),
        artifacts=tuple(
            Artifact(
                name=name,
                media_type=kind,
                content=blobs.put(data),
                digest=content_digest(data),
                size=len(data),
            )
            for name, (kind, data) in (artifacts or {}).items()
        ),
        files=tuple(
            FileUse(
                path=path,
                role="output",
                digest=content_digest(data),
                size=len(data),
                content=blobs.put(data),
            )
            for path, data in (files or {}).items()
        ),
    )
    return Side(outcome, blobs.__getitem__)


def _chunk(name: str, points: list[float]) -> SeriesChunk:
    steps = tuple(range(len(points)))
    return SeriesChunk(name=name, steps=steps, values=tuple(points), times=tuple(map(float, steps)))


def _value(blobs: Blobs, name: str, value: Any) -> Value:
    found = fingerprint(value, seconds=60)
    return Value(
        name=name,
        type=found.type,
        digest=found.digest,
        summary=found.summary,
        form=None if found.form is None else blobs.put(found.form),
        why=found.why,
    )


def _model(blobs: Blobs, name: str, model: Any) -> Model:
    found = model_state(model, seconds=60)
    return Model(
        name=name,
        type=found.type,
        state=found.digest,
        form=None if found.form is None else blobs.put(found.form),
        format=None,
        content=None,
        size=0,
    )


def _output(blobs: Blobs, output: Media | tuple[str, str]) -> Output:
    if isinstance(output, tuple):
        name, text = output
        return Output(kind="stream", name=name, data={"text/plain": blobs.put(text.encode())})
    data = {
        kind: blobs.put(value.encode() if isinstance(value, str) else value)
        for kind, value in output.items()
    }
    return Output(kind="display_data", name="", data=data)
