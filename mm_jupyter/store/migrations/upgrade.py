"""Bring an older store up to date with alembic."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine

HERE = Path(__file__).parent


def upgrade(engine: Engine, versions: Path = HERE / "versions") -> None:
    """Run the migrations that are missing and note the last one, all in one transaction.

    The transaction begins before the store's revision is read: of two processes the second finds nothing to do.
    When a migration raises, the store stays as it was.
    """
    script = ScriptDirectory(str(HERE), version_locations=[str(versions)])

    def steps(revision: str, _: MigrationContext) -> list[RevisionStep]:
        return script._upgrade_revs("head", revision)  # alembic's own commands call the same

    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(1835887978)")
        with EnvironmentContext(Config(), script, fn=steps) as environment:
            environment.configure(connection=connection, transactional_ddl=True)
            environment.run_migrations()
