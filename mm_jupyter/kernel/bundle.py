"""The sink of a replay kernel, and the one file it leaves: what every run of the replay gave.

A bundle is a zip with ``bundle.json`` (``version``, ``outcomes``, ``executions``, ``refusals``, ``traces``) and the
bytes under ``blobs/``, each named by its blake2b digest. It is data: nothing in it is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mm_jupyter.analysis.secrets import Redactor
from mm_jupyter.kernel import current, mapping, recorded_modules
from mm_jupyter.kernel.cells import CellRecorder
from mm_jupyter.kernel.frozen_clock import stand_at
from mm_jupyter.kernel.guard import Guard
from mm_jupyter.kernel.options import TrackOptions, parse_track
from mm_jupyter.kernel.randomness import seed_global
from mm_jupyter.kernel.session import SessionLog
from mm_jupyter.kernel.sink import Buffer
from mm_jupyter.kernel.tracing import Trace
from mm_jupyter.records import (
    BUNDLE_VERSION,
    BlobDigest,
    ContentDigest,
    Environment,
    Execution,
    GitState,
    Outcome,
    ReplayJob,
    RunId,
    RunOpening,
    RunRef,
    SeriesChunk,
    Session,
    SessionId,
    from_json,
    to_json,
)


@dataclass(slots=True)
class BundleSink:
    """Keeps everything in memory until ``write``."""

    blobs: dict[BlobDigest, bytes] = field(default_factory=dict)
    executions: list[Execution] = field(default_factory=list)
    environments: list[Environment] = field(default_factory=list)
    outcomes: dict[RunId, Outcome] = field(default_factory=dict)
    openings: dict[RunId, RunOpening] = field(default_factory=dict)
    _points: dict[RunId, dict[str, SeriesChunk]] = field(default_factory=dict)

    def put(self, *buffers: Buffer) -> BlobDigest:
        """Keep bytes under their blake2b digest."""
        data = b"".join(buffers)
        digest = BlobDigest("blake2b:" + hashlib.blake2b(data, digest_size=16).hexdigest())
        self.blobs[digest] = data
        return digest

    def environment(self, environment: Environment) -> ContentDigest:
        """Keep the environment that the replay ran in."""
        self.environments.append(environment)
        text = json.dumps(to_json(environment), sort_keys=True).encode()
        return ContentDigest("blake2b:" + hashlib.blake2b(text, digest_size=16).hexdigest())

    def open_session(self, session: Session) -> None:
        """A bundle is its own session."""

    def close_session(self, session: SessionId, ended: float) -> None:
        """A bundle is its own session."""

    def append(self, executions: Sequence[Execution]) -> None:
        """Keep executions."""
        self.executions += executions

    def open_run(
        self, opening: RunOpening, executions: Sequence[Execution]
    ) -> tuple[RunId, RunRef]:
        """Number a run within the bundle."""
        id_ = RunId(len(self.openings) + 1)
        self.openings[id_] = opening
        self.executions += [one for one in executions if one.status != "running"]
        return id_, RunRef(opening.experiment, int(id_))

    def add_points(self, run: RunId, chunks: Sequence[SeriesChunk]) -> None:
        """Join points to what the series holds."""
        series = self._points.setdefault(run, {})
        for chunk in chunks:
            old = series.get(chunk.name)
            series[chunk.name] = (
                chunk
                if old is None
                else SeriesChunk(
                    name=chunk.name,
                    steps=old.steps + chunk.steps,
                    values=old.values + chunk.values,
                    times=old.times + chunk.times,
                )
            )

    def close_run(self, run: RunId, outcome: Outcome, execution: Execution | None) -> None:
        """Keep an outcome, its series inside."""
        self.add_points(run, outcome.series)
        self.outcomes[run] = replace(outcome, series=tuple(self._points.pop(run).values()))
        if execution is not None:
            self.executions.append(execution)

    def set_git(self, run: RunId, git: GitState) -> None:
        """A replay has no repository."""

    def write(
        self,
        path: Path,
        refusals: Sequence[tuple[str, str]],
        traces: Sequence[dict[str, str]] = (),
    ) -> None:
        """Write the bundle whole or not at all."""
        document = {
            "version": BUNDLE_VERSION,
            "outcomes": [
                {"opening": to_json(self.openings[id_]), "outcome": to_json(outcome)}
                for id_, outcome in sorted(self.outcomes.items())
            ],
            "executions": to_json(self.executions),
            "environment": to_json(self.environments[-1]) if self.environments else None,
            "refusals": [list(refusal) for refusal in refusals],
            "traces": list(traces),
        }
        partial = path.with_suffix(".partial")
        with zipfile.ZipFile(partial, "w") as archive:
            archive.writestr("bundle.json", json.dumps(document))
            for digest, data in self.blobs.items():
                archive.writestr(f"blobs/{digest.partition(':')[2]}", data)
        os.replace(partial, path)


@dataclass(slots=True)
class _Replay:
    job: ReplayJob
    sink: BundleSink
    recorder: CellRecorder
    guard: Guard
    trace: Trace


_replays: list[_Replay] = []
"""At most one: what ``begin`` started, for ``finish`` to end."""


def begin(argument: str) -> None:
    """Start recording this replay kernel. ``argument`` is the path of a ``ReplayJob`` as JSON."""
    from IPython import get_ipython

    job = from_json(ReplayJob, json.loads(Path(argument).read_text()))
    sink = BundleSink()
    log = SessionLog(
        sink, root=Path(job.root), redactor=Redactor(bytes.fromhex(job.key)), git=False
    )
    options = parse_track(job.line)

    def choose(number: int) -> TrackOptions | None:
        return options if number == job.target else None

    shell: Any = get_ipython()
    recorder = CellRecorder(shell, log, choose=choose)
    recorder.start(running=False)
    current.set_recorder(recorder)
    if job.notebook:
        recorder.begin_notebook(options.experiment or "notebook", job.given)
    else:
        recorder.given(job.given)
    guard = Guard(
        job.base, frozenset(job.allow), processes=job.processes, file_limit=job.file_limit
    )
    guard.install()
    if job.seed is not None:
        seed_global(job.seeded, job.seed)
    if job.clock:
        shell.events.register("pre_run_cell", _clock_of(job.clock))
    trace = Trace(shell.user_ns)
    if job.trace:
        shell.events.register("post_run_cell", trace.after_cell)
    if job.project is not None:
        but = (job.base, *filter(os.path.isabs, job.allow))
        mapping.install(
            job.project, job.root, but, {path: f"{job.base}{path}" for path in job.outside}
        )
    recorded_modules.install(job.modules, job.base)
    _replays.append(_Replay(job, sink, recorder, guard, trace))


def _clock_of(times: Sequence[float]) -> Callable[[object], None]:
    """Sets the clock before each cell; silent ones of ours do not count."""
    left = list(reversed(times))

    def stand(_: object) -> None:
        stand_at(left.pop() if len(left) > 1 else left[0])

    return stand


def finish(_: str) -> None:
    """Stop recording and write the bundle."""
    replay = _replays.pop()
    replay.guard.lift()
    replay.recorder.end_notebook()
    replay.recorder.stop()
    refusals = [(refusal.kind, refusal.name) for refusal in replay.guard.refusals]
    replay.sink.write(Path(replay.job.bundle), refusals, replay.trace.cells)
