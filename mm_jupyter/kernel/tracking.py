"""One open run: what a user logs by hand, and its end."""

from __future__ import annotations

import io
import mimetypes
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mm_jupyter.analysis.secrets import Redactor
from mm_jupyter.errors import BadInput
from mm_jupyter.kernel.models import keep_model
from mm_jupyter.kernel.sink import Sink
from mm_jupyter.kernel.values import content_digest, scalar
from mm_jupyter.records import (
    Artifact,
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

_Columns = tuple[list[int], list[float], list[float]]


class ActiveRun:
    """A run that is open. What is logged twice under one name keeps the last value; ``log`` makes series.

    Get one from ``with mm.track("churn") as run:``.
    """

    def __init__(self, sink: Sink, number: RunId, ref: RunRef, redact: Redactor) -> None:
        self.id = number
        self.ref = ref
        self.started = time.time()
        self._clock = time.perf_counter()
        self._sink = sink
        self._redact = redact
        self._columns: dict[str, _Columns] = {}
        self._next_step: dict[str, int] = {}
        self._waiting = 0
        self._flushed = self._clock
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
        """Keep params: text, numbers, booleans and None as they are, anything else as its short text."""
        for name, value in {**(params or {}), **named}.items():
            kept = self._redact.named(name, scalar(value))
            self.params[name] = Param(name=name, value=kept)

    def log_metrics(self, metrics: Mapping[str, Any] | None = None, **named: Any) -> None:
        """Keep final metrics: real numbers; NaN and infinities are kept.

        Raises:
            BadInput: a value is no real number.
        """
        for name, value in {**(metrics or {}), **named}.items():
            self.metrics[name] = Metric(name=name, value=_number(name, value))

    def log(self, step: int | None = None, **values: Any) -> None:
        """Add one point to each named series.

        Args:
            step: where the point lies; counted 0, 1, 2, ... for each series when left out.

        Raises:
            BadInput: a value is no real number.
        """
        now = time.time()
        for name, value in values.items():
            columns = self._columns.get(name)
            if columns is None:
                columns = self._columns[name] = ([], [], [])
            number = value if type(value) is float else _number(name, value)
            if step is None:
                at = self._next_step.get(name, 0)
                self._next_step[name] = at + 1
            else:
                at = int(step)
                self._next_step[name] = at + 1
            columns[0].append(at)
            columns[1].append(number)
            columns[2].append(now)
            self._waiting += 1
        if self._waiting >= FLUSH_POINTS or (now - self.started) - self._flushed_at > FLUSH_SECONDS:
            self.flush()

    _flushed_at = 0.0

    def flush(self) -> None:
        """Send the points that wait."""
        columns, self._columns, self._waiting = self._columns, {}, 0
        self._flushed_at = time.time() - self.started
        if columns:
            chunks = [
                SeriesChunk(name=name, steps=tuple(steps), values=tuple(values), times=tuple(times))
                for name, (steps, values, times) in columns.items()
            ]
            self._sink.add_points(self.id, chunks)

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
        self.models[name] = keep_model(name, model, self._sink)

    def _keep(self, name: str, media_type: str, data: bytes) -> None:
        self.artifacts[name] = Artifact(
            name=name,
            media_type=media_type,
            content=self._sink.put(data),
            digest=content_digest(data),
            size=len(data),
        )


def _number(name: str, value: Any) -> float:
    if isinstance(value, (bool, str, bytes)):
        raise BadInput(f"The metric {name} must be a real number, not {value!r}.")
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        kind = type(value).__name__
        raise BadInput(f"The metric {name} must be a real number, not a {kind}.") from error
