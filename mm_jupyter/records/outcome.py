"""What a tracked execution gave: the same shape from a user's kernel and from a replay's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mm_jupyter.records.names import BlobDigest, ContentDigest, RunStatus, Scalar
from mm_jupyter.records.session import Failure, FileUse, LocalModule

OWN_MIME_PREFIX = "application/vnd.mm_jupyter."
"""Of the MIME types that mark what we show ourselves: never a result of the user's code."""

OutputKind = Literal["stream", "display_data", "execute_result", "error"]
ParamOrigin = Literal["author", "given", "default"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """A parameter.

    ``origin``: ``author`` was written as a literal, set by papermill or logged; ``given`` is part of an estimator's
    configuration and differs from its default; ``default`` is an estimator's default.
    """

    name: str
    value: Scalar
    origin: ParamOrigin = "author"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A number that the cell computed. NaN and infinities are kept."""

    name: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesChunk:
    """Consecutive points of one series: three columns of equal length; ``times`` are seconds since the epoch."""

    name: str
    steps: tuple[int, ...]
    values: tuple[float, ...]
    times: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What a top-level name held after the execution.

    ``digest`` covers every byte of the canonical form (``analysis/fingerprints.py``); ``form`` is the comparable form
    that tolerances need, kept up to a stated size; ``why`` says why there is no digest.
    """

    name: str
    type: str
    digest: ContentDigest | None
    summary: str
    form: BlobDigest | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A fitted model. ``state`` is the digest of its fitted state; ``content`` the kept bytes.

    ``format`` is ``pickle5`` (needs a word of trust to load); ``why`` says why the bytes were not kept.
    ``converged`` is False for an optimiser that used up its iterations, None where nothing tells.
    """

    name: str
    type: str
    state: ContentDigest | None
    form: BlobDigest | None
    format: str | None
    content: BlobDigest | None
    size: int
    why: str | None = None
    converged: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One output as nbformat knows it.

    ``kind`` is nbformat's ``output_type``; ``name`` the stream's name, or the display id. ``data`` maps a MIME type
    to the blob that holds its bytes: UTF-8 text, JSON, or the decoded bytes of an image. A stream has one entry,
    ``text/plain``; an error has ``text/plain`` with its traceback. ``truncated`` counts bytes dropped over the limit.
    """

    kind: OutputKind
    name: str
    data: dict[str, BlobDigest] = field(default_factory=dict)
    truncated: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """Bytes kept with a run by name: a figure, a text, a file."""

    name: str
    media_type: str
    content: BlobDigest
    digest: ContentDigest
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotKept:
    """Something that could not be recorded, and why, in a sentence for the user."""

    kind: str
    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Everything that one tracked execution gave.

    ``series`` is empty where the points went to the store live; in a bundle it holds one chunk a series.
    ``files`` are those of the tracked execution itself.
    """

    status: RunStatus
    seconds: float
    failure: Failure | None = None
    params: tuple[Param, ...] = ()
    metrics: tuple[Metric, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    note: str | None = None
    series: tuple[SeriesChunk, ...] = ()
    values: tuple[Value, ...] = ()
    models: tuple[Model, ...] = ()
    outputs: tuple[Output, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    files: tuple[FileUse, ...] = ()
    modules: tuple[LocalModule, ...] = ()
    """The project's modules that were loaded, each as it was imported last."""
    not_kept: tuple[NotKept, ...] = ()
    environment: ContentDigest | None = None
    """Replaces the one of the opening, where the run itself loaded what changes it (a BLAS)."""
    defaults: BlobDigest | None = None
    """JSON: the signature defaults of the library callables that its session called, by their full names."""
