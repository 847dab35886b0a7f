"""One open run: what a user logs by hand, and its end."""

from __future__ import annotations

import io
import mimetypes
import numbers
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from mm_jupyter.analysis.secrets import Redactor
from mm_jupyter.errors import BadInput
from mm_jupyter.kernel.models import keep_model
from mm_jupyter.kernel.points import MANY, Points
from mm_jupyter.kernel.sink import Buffer
from mm_jupyter.kernel.values import content_digest, param_value, real_number
from mm_jupyter.kernel.warning import say_once, short
from mm_jupyter.records import (
    Artifact,
    BlobDigest,
    Metric,
    Model,
    Param,
    RunId,
    RunRef,
    SeriesChunk,
)

FLUSH_SECONDS = 0.5
"""Points reach the store at most this often, so that others see a series live."""
FLUSH_POINTS = 50_000

_MAX_STEP = 2**63 - 1


class RunSink(Protocol):
    """What a run needs of a ``Sink`` while it is open."""

    def put(self, *buffers: Buffer) -> BlobDigest:
        """As ``Sink.put``."""

    def add_points(self, run: RunId, chunks: Sequence[SeriesChunk]) -> None:
        """As ``Sink.add_points``."""


class _Nowhere:
    """Where a run goes that could not be opened: nothing is kept."""

    def put(self, *buffers: Buffer) -> BlobDigest:  # noqa: ARG002 - nothing is kept
        """Forget the bytes."""
        return BlobDigest("")

    def add_points(self, run: RunId, chunks: Sequence[SeriesChunk]) -> None:
        """Forget the points."""


class ActiveRun:
    """A run that is open. What is logged twice under one name keeps the last value; ``log`` makes series.

    Get one from ``with mm.track("churn") as run:``.
    """

    def __init__(self, sink: RunSink, number: RunId, ref: RunRef, redact: Redactor) -> None:
        self.id = number
        self.ref = ref
        self.started = time.time()
        self._clock = time.perf_counter()
        self._sink = sink
        self._redact = redact
        self._points = Points()
        self._flushed = self.started
        self.params: dict[str, Param] = {}
        self.metrics: dict[str, Metric] = {}
        self.tags: dict[str, str] = {}
        self.artifacts: dict[str, Artifact] = {}
        self.models: dict[str, Model] = {}
        self.note: str | None = None

    def __repr__(self) -> str:
        return f"<run {self.ref}>"

    @property
    def name(self) -> str:
        """Its name, for example ``churn/7``."""
        return str(self.ref)

    @property
    def seconds(self) -> float:
        """Seconds since it was opened."""
        return time.perf_counter() - self._clock

    def log_params(self, params: Mapping[str, Any] | None = None, **named: Any) -> None:
        """Keep params: text, numbers, booleans and None as they are, anything else as its short text.

        Raises:
            BadInput: ``params`` maps no names to values.
        """
        if params is not None and not isinstance(params, Mapping):
            raise BadInput(f"log_params takes a dict, not a {type(params).__name__}.")
        for name, value in {**(params or {}), **named}.items():
            self.params[name] = Param(name=name, value=param_value(name, value, self._redact))

    def log_metrics(self, metrics: Mapping[str, Any] | None = None, **named: Any) -> None:
        """Keep final metrics: real numbers; NaN and infinities are kept.

        Raises:
            BadInput: a value is no real number.
        """
        for name, value in {**(metrics or {}), **named}.items():
            self.metrics[name] = Metric(name=name, value=_number(name, value))

    def final_metrics(self, bound: Mapping[str, Metric] | None = None) -> tuple[Metric, ...]:
        """The metrics at the end: those that the cell bound, those that were logged, and the last points of series."""
        named = {**(bound or {}), **self.metrics}
        ends = {
            name: Metric(name=name, value=value)
            for name, value in self._points.last().items()
            if name not in named
        }
        return tuple({**named, **ends}.values())

    def log(self, step: int | None = None, **values: Any) -> None:
        """Add one point to each named series. A series' last value is a metric too, unless one has its name.

        Args:
            step: where the point lies; counted 0, 1, 2, ... for each series when left out.

        Raises:
            BadInput: a value is no real number.
        """
        if step is not None and not (type(step) is int and -_MAX_STEP <= step <= _MAX_STEP):
            step = _step(step)
        for value in values.values():
            if type(value) is not float:
                values = {name: _number(name, each) for name, each in values.items()}
                break
        now = time.time()
        rows = self._points.rows
        rows.append((step, values, now))
        if len(rows) < MANY and 0 <= now - self._flushed <= FLUSH_SECONDS:
            return
        if self._points.sort() < FLUSH_POINTS and 0 <= now - self._flushed <= FLUSH_SECONDS:
            return
        try:
            self._send(wait=False)
        except Exception as error:  # noqa: BLE001 - training must not stop because the store does not answer
            say_once(f"The points of {self.ref} are not being kept", short(error))

    def flush(self) -> None:
        """Send the points that wait. What the sink refuses waits for the next time, and its error is raised."""
        self._send(wait=True)

    def _send(self, *, wait: bool) -> None:
        self._flushed = time.time()
        self._points.send(partial(self._sink.add_points, self.id), wait=wait)

    def set_tag(self, key: str, value: Any) -> None:
        """Tag the run."""
        self.tags[key] = self._redact.text(str(value))

    def set_note(self, text: str) -> None:
        """Say a sentence about the run."""
        self.note = self._redact.text(text)

    def log_figure(self, figure: Any, name: str = "figure") -> None:
        """Keep a figure as an image: anything with ``savefig`` (matplotlib) or ``write_image``/``to_html`` (plotly).

        Raises:
            BadInput: it is no figure.
        """
        if hasattr(figure, "savefig"):
            buffer = io.BytesIO()
            # Without matplotlib's own metadata equal figures are equal bytes.
            figure.savefig(buffer, format="png", bbox_inches="tight", metadata={"Software": None})
            self._keep(name, "image/png", buffer.getvalue())
        elif hasattr(figure, "to_html"):
            self._keep(name, "text/html", figure.to_html().encode())
        else:
            raise BadInput(f"log_figure takes a figure, not {type(figure).__name__}.")

    def log_artifact(self, content: Any, name: str | None = None) -> None:
        """Keep bytes, a text under ``name``, or the file that a path names.

        Raises:
            BadInput: no such file, or bytes and text without a name.
        """
        if isinstance(content, (bytes, bytearray, memoryview)):
            if name is None:
                raise BadInput(
                    "log_artifact needs a name for bytes: log_artifact(data, 'weights.bin')."
                )
            self._keep(
                name, mimetypes.guess_type(name)[0] or "application/octet-stream", bytes(content)
            )
            return
        path = Path(content)
        if not path.is_file():
            raise BadInput(f"There is no file {str(path)[:200]} to keep as an artifact.")
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self._keep(name or path.name, kind, path.read_bytes())

    def log_text(self, text: str, name: str) -> None:
        """Keep a text, secrets redacted."""
        self._keep(name, "text/plain", self._redact.text(text).encode())

    def log_model(self, model: Any, name: str = "model") -> None:
        """Keep a model, fitted or not, under ``name``; what cannot be pickled is named on the run instead."""
        self.models[name] = keep_model(name, model, self._sink.put)

    def _keep(self, name: str, media_type: str, data: bytes) -> None:
        self.artifacts[name] = Artifact(
            name=name,
            media_type=media_type,
            content=self._sink.put(data),
            digest=content_digest(data),
            size=len(data),
        )


def unkept_run(experiment: str, redact: Redactor) -> ActiveRun:
    """A run that takes everything and keeps nothing: code that logs works where no run could be opened."""
    return ActiveRun(_Nowhere(), RunId(0), RunRef(experiment, 0), redact)


def _step(step: Any) -> int:
    try:
        at = int(step)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInput(f"A step must be a whole number, not {str(step)[:40]!r}.") from error
    if abs(at) > _MAX_STEP:
        raise BadInput(f"A step must have at most 64 bits, not {at.bit_length()}.")
    return at


def _number(name: str, value: Any) -> float:
    number = real_number(value)
    if number is not None:
        return number
    kind = type(value).__name__
    # float() would take a text for a number, and the real part of a complex one.
    odd = isinstance(value, numbers.Complex) and not isinstance(value, int)
    if odd or isinstance(value, (str, bytes)) or kind in ("bool", "bool_"):
        raise BadInput(f"The metric {name} must be a real number, not {str(value)[:40]!r}.")
    try:
        return float(value)
    except OverflowError as error:
        raise BadInput(f"The metric {name} is too large for a float.") from error
    except (TypeError, ValueError) as error:
        raise BadInput(f"The metric {name} must be a real number, not a {kind}.") from error
