"""Two environments -> what differs, fact by fact."""

from __future__ import annotations

from collections.abc import Mapping

from mm_jupyter.records import Environment, Fact


def differing(old: Environment, new: Environment) -> tuple[tuple[Fact, ...], int]:
    """The facts that differ, the most telling kind first, and how many are the same."""
    found: list[Fact] = []
    same = 0
    for kind, before, after in _facts(old, new):
        for name in sorted(before.keys() | after.keys()):
            one, other = before.get(name), after.get(name)
            if one == other:
                same += 1
            else:
                found.append(Fact(kind=kind, name=name, old=one, new=other))
    return tuple(found), same


_Named = Mapping[str, str]


def _facts(old: Environment, new: Environment) -> list[tuple[str, _Named, _Named]]:
    return [
        ("package", _packages(old), _packages(new)),
        ("python", _python(old), _python(new)),
        ("blas", {"blas": ", ".join(old.blas)}, {"blas": ", ".join(new.blas)}),
        ("threads", _texts(old.threads), _texts(new.threads)),
        ("machine", _machine(old), _machine(new)),
        ("variable", old.variables, new.variables),
    ]


def _packages(environment: Environment) -> _Named:
    return {
        one.name: one.version + (f" from {one.origin}" if one.origin else "")
        for one in environment.packages
    }


def _python(environment: Environment) -> _Named:
    return {"python": f"{environment.implementation} {environment.python}"}


def _machine(environment: Environment) -> _Named:
    names = ("platform", "machine", "processor", "cpus")
    return {name: str(getattr(environment, name)) for name in names}


def _texts(counts: Mapping[str, int]) -> _Named:
    return {name: str(count) for name, count in counts.items()}
