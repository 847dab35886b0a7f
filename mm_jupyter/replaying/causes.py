"""What differs between the environment of a record and that of its replay: suspects, until an experiment decides."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from mm_jupyter.analysis.calls import changed_defaults
from mm_jupyter.analysis.comparing import Side
from mm_jupyter.records import Cause, Environment, Execution, Model, Recipe
from mm_jupyter.replaying.record import Record


def other_inputs(
    executions: Sequence[Execution], recipe: Recipe, read: Mapping[str, str | None]
) -> tuple[Cause, ...]:
    """The files that the replay read with another content than the record did; ``read`` holds its digests by path."""
    seqs = {step.seq for step in recipe.steps}
    recorded = {
        use.path: use.digest
        for execution in executions
        if execution.seq in seqs
        for use in execution.files
        if use.role == "input"
    }
    return tuple(
        Cause(factor="input", name=path, recorded=digest, current=read[path], confirmed=None)
        for path, digest in recorded.items()
        if path in read and read[path] != digest
    )


def other_defaults(record: Record, recipe: Recipe, replayed: Side | None) -> tuple[Cause, ...]:
    """The defaults that the recipe relies on and that were others in the replay."""
    digests = (record.run.defaults, replayed.outcome.defaults if replayed else None)
    if replayed is None or None in digests:
        return ()
    before = json.loads(record.read(digests[0])) if digests[0] else {}
    after = json.loads(replayed.read(digests[1])) if digests[1] else {}
    changes = changed_defaults(before, after, [step.source for step in recipe.steps])
    return tuple(
        Cause(factor="default", name=one.short, recorded=one.old, current=one.new, confirmed=None)
        for one in changes
    )


def unconverged(models: Sequence[Model]) -> tuple[Cause, ...]:
    """Models whose optimiser used up its iterations: where it stops then depends on the last digit."""
    return tuple(
        Cause(
            factor="optimiser of",
            name=model.name,
            recorded="did not converge",
            current=None,
            confirmed=None,
        )
        for model in models
        if model.converged is False
    )


def suspects(recorded: Environment | None, current: Environment | None) -> tuple[Cause, ...]:
    """The factors that differ, in the order in which they tend to matter. None of them is confirmed."""
    if recorded is None or current is None:
        return ()
    found: list[Cause] = []

    def differ(factor: str, name: str, before: object, after: object) -> None:
        if before != after:
            found.append(
                Cause(
                    factor=factor,
                    name=name,
                    recorded=None if before is None else str(before),
                    current=None if after is None else str(after),
                    confirmed=None,
                )
            )

    old = {package.name: package.version for package in recorded.packages}
    new = {package.name: package.version for package in current.packages}
    for name in sorted(old):  # one that was added since could not be used by the record
        differ("package", name, old[name], new.get(name))
    differ("python", "python", recorded.python, current.python)
    if recorded.blas and current.blas:
        differ("blas", "blas", ", ".join(recorded.blas), ", ".join(current.blas))
    for name in sorted(recorded.threads.keys() | current.threads.keys()):
        differ("threads", name, recorded.threads.get(name), current.threads.get(name))
    differ("processor", "processor", recorded.processor, current.processor)
    for name in sorted(recorded.variables.keys() | current.variables.keys()):
        differ("variable", name, recorded.variables.get(name), current.variables.get(name))
    return tuple(found)
