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
class DefaultChange:
    """A parameter whose default is another one; None: there is no such parameter, or it has no default.

    ``call`` is the full name of the callable, ``old`` and ``new`` the defaults as Python writes them.
    """

    call: str
    parameter: str
    old: str | None
    new: str | None

    @property
    def short(self) -> str:
        """``KMeans(n_init)``."""
        return f"{self.call.rpartition('.')[2]}({self.parameter})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One fact of two environments that differs: ``package``, ``python``, ``machine``, ``blas``, ``threads`` or
    ``variable``; None where one of them has none."""

    kind: str
    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentDiff:
    """What differs between two environments; ``defaults`` are those that the run relies on, ``same`` counts facts."""

    old: str
    new: str
    facts: tuple[Fact, ...]
    defaults: tuple[DefaultChange, ...]
    same: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GitState:
    """The commit checked out while a run ran and the redacted difference to it (None: clean)."""

    commit: str
    branch: str | None
    dirty: bool
    diff: str | None = None
