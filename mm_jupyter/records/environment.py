"""What a run ran in."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """An installed distribution. ``origin`` is its direct URL (editable, local, VCS) with secrets redacted."""

    name: str
    version: str
    origin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Interpreter, packages, machine, threads and the environment variables that matter."""

    python: str
    implementation: str
    platform: str
    machine: str
    processor: str
    cpus: int
    packages: tuple[Package, ...] = ()
    blas: tuple[str, ...] = ()
    threads: dict[str, int] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GitState:
    """The commit checked out while a run ran and the redacted difference to it (None: clean)."""

    commit: str
    branch: str | None
    dirty: bool
    diff: str | None = None
