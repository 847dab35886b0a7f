"""What is given the inputs: one class each, with the seeds that it changes."""

from __future__ import annotations

import io
import json
import random
import struct
import time
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nbformat
from blake3 import blake3

from fuzzing import mutating
from mm_jupyter.analysis.names import body, cell_names
from mm_jupyter.analysis.queries import parse_query, parse_sort
from mm_jupyter.analysis.slicing import slice_executions
from mm_jupyter.analysis.tainting import taint
from mm_jupyter.api.notebooks import read_notebook
from mm_jupyter.errors import BadName
from mm_jupyter.kernel.bundle import BundleSink
from mm_jupyter.packs import form
from mm_jupyter.packs.reading import open_pack
from mm_jupyter.records import (
    Execution,
    Metric,
    Outcome,
    Param,
    Query,
    RunOpening,
    RunRef,
    SeriesChunk,
    Session,
    SessionId,
)
from mm_jupyter.records.names import experiment_name
from mm_jupyter.replaying.bundles import read_bundle
from mm_jupyter.replaying.saved_outputs import shows_something, side_of
from mm_jupyter.store import Store
from mm_jupyter.store.series import pack_chunk, unpack_chunk

CHECKOUT = Path(__file__).resolve().parents[2]


class Names:
    """Names of experiments and runs."""

    seeds = ("churn", "churn/7", "ünder_score/12", "a.b-c/999999999", "字/1", "x" * 100)

    def __init__(self, _: Path, store: Store) -> None:
        self.store = store

    def make(self, rng: random.Random) -> str:
        return mutating.text(rng, self.seeds)

    def try_(self, given: str) -> None:
        """A name of a run is refused as a name of an experiment, and the other way round: both are asked."""
        try:
            experiment_name(given)
        except BadName:
            self.store.rows([RunRef.parse(given)])


class Queries:
    """Queries and orders, asked of a store."""

    seeds = (
        'metrics.accuracy > 0.9 and params.n_estimators >= 100 or tags.stage == "baseline"',
        "not (status == 'failed') and verdict in ('identical', 'equivalent')",
        'metrics["odd name"] != params.x and started > "-24h"',
        'experiment == "churn" and version <= 3', "verdict == None", '"part" in note', "seconds < 1e3",
        "0.1 < metrics.loss <= 0.5", 'started < "2026-11-01T10:00:00+02:00"', "-metrics.accuracy", "started",
        "params.flag == True", 'kind in ["cell", "notebook"]', 'params.name != "a\\"b"',
    )  # fmt: skip

    sorts = ("-metrics.accuracy", "started", "params.depth", "-version", 'tags["odd name"]', "note")
    fields = (
        "experiment", "version", "kind", "status", "verdict", "notebook", "note", "started", "seconds",
        "metrics.accuracy", "params.depth", "tags.stage",
    )  # fmt: skip
    values = (
        "0", "-1", "3.5", "1e308", "1e999", "9" * 400, "True", "None", "'completed'", "'-24h'", "'2026-11-01'",
        "'0001-01-01'", "'9999-12-31T23:59:59-14:00'", "'-999999999w'", "('a', 1)", "[]", "metrics.loss", "'\\ud800'",
    )  # fmt: skip

    def __init__(self, _: Path, store: Store) -> None:
        self.store = store

    def make(self, rng: random.Random) -> tuple[str, str]:
        sort = mutating.text(rng, self.sorts) if rng.random() < 0.3 else rng.choice(self.sorts)
        if rng.random() < 0.4:
            return self._made(rng, 3), sort
        return mutating.text(rng, self.seeds), sort

    def _made(self, rng: random.Random, depth: int) -> str:
        """A query that is one by its grammar, of odd names and values."""
        if depth and rng.random() < 0.5:
            left, right = self._made(rng, depth - 1), self._made(rng, depth - 1)
            return rng.choice(
                (f"({left})", f"not {left}", f"{left} and {right}", f"{left} or {right}")
            )
        name = json.dumps(mutating.text(rng, ("accuracy", "odd name"))[:50], ensure_ascii=False)
        field = rng.choice((*self.fields, f"metrics[{name}]", f"params[{name}]", f"tags[{name}]"))
        value = rng.choice((*self.values, repr(mutating.text(rng, ("baseline",))[:50])))
        return f"{field} {rng.choice(('==', '!=', '<', '>=', 'in', 'not in'))} {value}"

    def try_(self, given: tuple[str, str]) -> None:
        condition, sort = parse_query(given[0], time.time()), parse_sort(given[1])
        self.store.runs(Query(condition=condition, sort=sort, limit=5))
        self.store.count(condition)


class Cells:
    """Sources of cells: what they bind and use, and slices of a session of them."""

    def __init__(self, _: Path, __: Store) -> None:
        found = [
            *CHECKOUT.glob("notebooks/*.ipynb"),
            *CHECKOUT.glob("benchmarks/notebooks/*.ipynb"),
        ]
        self.seeds = [
            cell.source
            for path in sorted(found)
            for cell in nbformat.read(path, as_version=4).cells
            if cell.cell_type == "code"
        ] + [
            "%%track churn -p a\n%time x = 1\n!ls {x}\ny = !pwd\n?x\nx??\n%cd ..",
            "async def f():\n    await g()\nawait f()",
            "match x:\n    case [1, *rest] if rest: y = rest\n    case {'a': b, **c}: pass", "del a[0], b.c; global d",
            "with open('a') as f, g() as (h, *i): j = [k for k in f if (l := k)]", "try:\n 1/0\nexcept* E as e: pass",
            "class A(B, metaclass=C):\n    x: int = 1\n    def m(self): nonlocal_ = super().m()",
            "f'{x!r:>{w}}' + rf'{y}'",
        ]  # fmt: skip

    def make(self, rng: random.Random) -> list[str]:
        return [
            mutating.text(rng, self.seeds) if rng.random() < 0.6 else rng.choice(self.seeds)
            for _ in range(rng.randint(1, 4))
        ]

    def try_(self, given: list[str]) -> None:
        for source in given:
            cell_names(source)
            body(source)
        session = [
            Execution(
                session=SessionId("s"), seq=seq, cell_id=None, count=seq, source=source, started=float(seq),
                seconds=0.1, status="ok",
            )
            for seq, source in enumerate(given, 1)
        ]  # fmt: skip
        for how in ("optimistic", "conservative", "whole"):
            slice_executions(session, len(given), how)  # type: ignore[arg-type]
        taint(given)


class Notebooks:
    """Notebook files, read as ``mm verify`` and ``mm run`` read them, and their saved outputs."""

    def __init__(self, folder: Path, _: Store) -> None:
        self.path = folder / "fuzzed.ipynb"
        found = [
            *CHECKOUT.glob("notebooks/*.ipynb"),
            *CHECKOUT.glob("benchmarks/notebooks/*.ipynb"),
        ]
        self.seeds = [json.loads(path.read_text()) for path in sorted(found)]
        for seed in self.seeds:
            seed["cells"] = seed["cells"][:8]
            for number, output in enumerate(_outputs()):
                code = [cell for cell in seed["cells"] if cell["cell_type"] == "code"]
                code[number % len(code)]["outputs"].append(output)

    def make(self, rng: random.Random) -> bytes:
        seed = rng.choice(self.seeds)
        if rng.random() < 0.2:
            return mutating.data(rng, json.dumps(seed).encode())
        return mutating.dumped(mutating.structure(rng, seed))

    def try_(self, given: bytes) -> None:
        self.path.write_bytes(given)
        notebook = read_notebook(self.path)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                shows_something(side_of(cell))
                cell_names(cell.source)


def _outputs() -> list[dict[str, Any]]:
    return [
        {"output_type": "stream", "name": "stdout", "text": ["a\n", "b"]},
        {"output_type": "error", "ename": "E", "evalue": "no", "traceback": ["a", "b"]},
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": "aGFsbG8=", "text/plain": "x"}},
        {
            "output_type": "execute_result", "metadata": {}, "execution_count": 1,
            "data": {"application/json": {"a": [1, 2]}, "text/html": "<b>"},
        },
    ]  # fmt: skip


class Bundles:
    """What a replay kernel may leave: a zip file changed by bytes, or a whole one with another document."""

    def __init__(self, folder: Path, _: Store) -> None:
        self.path = folder / "fuzzed.bundle"
        sink = BundleSink()
        _fill(sink)
        sink.write(self.path, [("network", "host:1")], [{"x": "blake2b:0"}])
        self.seed = self.path.read_bytes()
        with zipfile.ZipFile(self.path) as archive:
            self.document = json.loads(archive.read("bundle.json"))
            self.blobs = {
                name: archive.read(name) for name in archive.namelist() if name != "bundle.json"
            }

    def make(self, rng: random.Random) -> bytes:
        if rng.random() < 0.4:
            return mutating.data(rng, self.seed)
        file = io.BytesIO()
        with zipfile.ZipFile(
            file, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
        ) as archive:
            archive.writestr("bundle.json", mutating.dumped(mutating.structure(rng, self.document)))
            for name, data in self.blobs.items():
                archive.writestr(name, data if rng.random() < 0.8 else mutating.data(rng, data))
        return file.getvalue()

    def try_(self, given: bytes) -> None:
        self.path.write_bytes(given)
        bundle = read_bundle(self.path)
        for digest in bundle.blobs:
            bundle.read(digest)


def _fill(sink: Any) -> None:
    name = SessionId("s")
    sink.open_session(
        Session(id=name, notebook=None, started=1.0, user="u", host="h", pid=1, cwd=".")
    )
    execution = Execution(
        session=name,
        seq=1,
        cell_id="c",
        count=1,
        source="x = 1",
        started=1.0,
        seconds=0.1,
        status="ok",
    )
    sink.append([execution])
    opening = RunOpening(
        experiment="churn", kind="cell", session=name, seq=1, cell_id="c", started=1.0, source="x = 1",
        environment=None,
    )  # fmt: skip
    run, _ = sink.open_run(opening, [execution])
    sink.put(b"kept")
    sink.add_points(
        run, [SeriesChunk(name="loss", steps=(1, 2), values=(0.5, 0.1), times=(1.0, 2.0))]
    )
    params, metrics = (Param(name="n", value=1),), (Metric(name="m", value=0.5),)
    outcome = Outcome(status="completed", seconds=1.0, params=params, metrics=metrics)
    sink.close_run(run, outcome, None)


class Packs:
    """A stranger's pack: changed by bytes, or with other members under digests and a seal that fit."""

    def __init__(self, folder: Path, _: Store) -> None:
        self.path = folder / "fuzzed.mmpack"
        self.seed = (folder / "seed.mmpack").read_bytes()
        with zipfile.ZipFile(io.BytesIO(self.seed)) as archive:
            self.members = {name: archive.read(name) for name in archive.namelist()}

    def make(self, rng: random.Random) -> bytes:
        if rng.random() < 0.3:
            return self._sealed(mutating.data(rng, self.seed), rng.random() < 0.5)
        members = dict(self.members)
        name = rng.choice([form.RECORD, form.RECORD, form.VERDICTS, form.RULES, form.MANIFEST])
        if name != form.MANIFEST:
            value = json.loads(members[name])
            members[name] = mutating.dumped(mutating.structure(rng, value))
        manifest = json.loads(members[form.MANIFEST])
        for member in manifest["members"]:
            content = members[member["name"]]
            member["size"], member["digest"] = len(content), form.digest_of(content)
        if name == form.MANIFEST:
            manifest = mutating.structure(rng, manifest)
        members[form.MANIFEST] = mutating.dumped(manifest)
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for member, content in members.items():
                archive.writestr(zipfile.ZipInfo(member), content)
            archive.comment = form.SEAL + b"0" * form.DIGITS
        return self._sealed(file.getvalue(), True)

    def _sealed(self, data: bytes, fits: bool) -> bytes:
        if not fits or len(data) < form.DIGITS:
            return data
        return data[: -form.DIGITS] + blake3(data[: -form.DIGITS]).hexdigest().encode()

    def try_(self, given: bytes) -> None:
        self.path.write_bytes(given)
        with open_pack(self.path) as opened:
            asdict(opened.pack.manifest)


class Series:
    """The columns of a series."""

    def __init__(self, _: Path, __: Store) -> None:
        steps = tuple(range(40))
        chunk = SeriesChunk(
            name="a", steps=steps, values=tuple(map(float, steps)), times=tuple(map(float, steps))
        )
        self.seed = pack_chunk(chunk)

    def make(self, rng: random.Random) -> tuple[int, bytes]:
        points = 40 if rng.random() < 0.7 else rng.choice((-1, 0, 1, 39, 41, 1024, 2**20))
        if rng.random() < 0.2:
            sizes = [rng.choice((0, 1, 20, 2**31, 2**32 - 1)) for _ in range(3)]
            return points, struct.pack("<III", *sizes) + self.seed[12:]
        return points, mutating.data(rng, self.seed)

    def try_(self, given: tuple[int, bytes]) -> None:
        unpack_chunk("a", *given)


TARGETS: dict[str, Any] = {
    "names": Names, "queries": Queries, "cells": Cells, "notebooks": Notebooks, "bundles": Bundles, "packs": Packs,
    "series": Series,
}  # fmt: skip
