"""Two runs -> what differs between them, most telling first."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mm_jupyter.records import (
    BlobDigest,
    Change,
    Diff,
    Environment,
    FileUse,
    InputChange,
    LocalModule,
    MetricChange,
    ModuleChange,
    Param,
    Run,
    RunRow,
    Scalar,
    TagChange,
)

T = TypeVar("T")
CONTEXT = 2
"""Unchanged lines kept around a changed one."""
_ORIGINS = ("author", "given", "default")


@dataclass(slots=True)
class _Same:
    """How much is equal so far."""

    count: int = 0


def diff_runs(
    a: Run,
    b: Run,
    *,
    sources: tuple[str, str] | None = None,
    modules_a: Sequence[LocalModule] = (),
    modules_b: Sequence[LocalModule] = (),
    read: Callable[[BlobDigest], bytes] | None = None,
) -> Diff:
    """What differs from ``a`` to ``b``.

    ``sources`` are the codes to compare, the tracked cells' own without it (a recipe's, say). ``modules_a`` and
    ``modules_b`` are the project's modules that each run used; with ``read`` their texts are compared line by line.
    """
    same = _Same()
    old, new = sources or (a.source, b.source)
    source = unified(old, new)
    inputs = tuple(_inputs(a.files, b.files, same))
    modules = tuple(_modules(modules_a, modules_b, read, same))
    changes = (
        *map(_data_change, inputs),
        *_params(a.row.params, b.row.params, same),
        *_code(source, modules),
        *_environment(a, b, same),
        *_models(a, b),
    )
    return Diff(
        old=a.row.ref,
        new=b.row.ref,
        changes=changes,
        metrics=tuple(_metrics(a.row, b.row)),
        source=source,
        same=same.count,
        inputs=inputs,
        modules=modules,
        tags=tuple(_tags(a, b)),
    )


def changes(diff: Diff) -> tuple[Change, ...]:
    """The changes as chips: those of a diff but what another chip says already.

    Code that differs by literals only, where params differ too, is not said twice. The commit says nothing beside the
    code and is left out.
    """
    told = any(change.kind == "params" for change in diff.changes) and _literals_only(diff.source)
    return tuple(
        change
        for change in diff.changes
        if not (change.kind == "code" and change.name == _CELL and told)
        and not (change.kind == "environment" and change.name == _COMMIT)
    )


_CELL = "code"
_COMMIT = "git commit"


def unified(old: str, new: str) -> tuple[str, ...]:
    """The lines of a unified diff, two lines of context, without file names; empty where the texts are equal."""
    if old == new:
        return ()
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), n=CONTEXT, lineterm="")
    return tuple(line for number, line in enumerate(lines) if number >= 2)


def _literals_only(source: tuple[str, ...]) -> bool:
    """Whether two codes are equal but for numbers, texts and True, False, None."""
    removed = [_masked(line[1:]) for line in source if line.startswith("-")]
    added = [_masked(line[1:]) for line in source if line.startswith("+")]
    return removed == added


def _masked(line: str) -> str:
    literal = r"'[^']*'|\"[^\"]*\"|(?<![\w.])-?[\d.][\w.]*|\b(?:True|False|None)\b"
    return re.sub(literal, "#", line)


def _both(old: dict[str, T], new: dict[str, T]) -> Iterator[tuple[str, T | None, T | None]]:
    for name in dict.fromkeys((*old, *new)):
        yield name, old.get(name), new.get(name)


def _params(old: Sequence[Param], new: Sequence[Param], same: _Same) -> list[Change]:
    found = []
    named = {param.name: param for param in old}, {param.name: param for param in new}
    for name, one, other in _both(*named):
        if one is not None and other is not None and _equal(one.value, other.value):
            same.count += 1
            continue
        change = Change(kind="params", name=name, old=_setting(one), new=_setting(other))
        # What somebody set on either side counts as set. What only one side has comes last: with another class of
        # model all of its defaults come and go.
        origins = [_ORIGINS.index(param.origin) for param in (one, other) if param is not None]
        found.append(((min(origins), len(origins) == 1), change))
    return [change for _, change in sorted(found, key=lambda pair: pair[0])]


def _setting(param: Param | None) -> Scalar:
    if param is None:
        return None
    return "None" if param.value is None else param.value


def _equal(one: Scalar, other: Scalar) -> bool:
    return type(one) is type(other) and (one == other or (one != one and other != other))


def _metrics(old: RunRow, new: RunRow) -> Iterator[MetricChange]:
    for name, one, other in _both(old.metrics, new.metrics):
        noise = (old.noise.get(name), new.noise.get(name))
        yield MetricChange(name=name, old=one, new=other, noise=noise)


def _tags(a: Run, b: Run) -> Iterator[TagChange]:
    for name, one, other in _both(a.row.tags, b.row.tags):
        if one != other:
            yield TagChange(name=name, old=one, new=other)
    if a.row.note != b.row.note:
        yield TagChange(name="note", old=a.row.note, new=b.row.note)


# -- data and code -------------------------------------------------------------------------------------------------


def _inputs(old: Sequence[FileUse], new: Sequence[FileUse], same: _Same) -> Iterator[InputChange]:
    mine, theirs = (
        {file.path: file for file in files if file.role == "input"} for files in (old, new)
    )
    for path, one, other in _both(mine, theirs):
        if one is not None and other is not None and one.digest == other.digest:
            same.count += 1
            continue
        yield InputChange(
            path=path,
            old=one.digest if one else None,
            new=other.digest if other else None,
            old_size=one.size if one else None,
            new_size=other.size if other else None,
        )


def _data_change(change: InputChange) -> Change:
    """By size where the sizes differ, else by digest."""
    old, new = _size(change.old_size), _size(change.new_size)
    if old == new:
        old, new = _short(change.old), _short(change.new)
    return Change(kind="data", name=change.path, old=old, new=new)


def _size(size: int | None) -> str | None:
    if size is None or size < 1000:
        return None if size is None else f"{size} B"
    amount, unit = size / 1000, "kB"
    for larger in ("MB", "GB", "TB"):
        if amount >= 1000:
            amount, unit = amount / 1000, larger
    return f"{amount:.3g} {unit}" if amount < 1000 else f"{amount:,.0f} {unit}"


def _short(digest: str | None) -> str:
    return "unread" if digest is None else digest.partition(":")[2][:8]


def _modules(
    old: Sequence[LocalModule],
    new: Sequence[LocalModule],
    read: Callable[[BlobDigest], bytes] | None,
    same: _Same,
) -> Iterator[ModuleChange]:
    named = {module.name: module for module in old}, {module.name: module for module in new}
    for name, one, other in _both(*named):
        if one is not None and other is not None and one.digest == other.digest:
            same.count += 1
            continue
        lines: tuple[str, ...] = ()
        if read is not None and one is not None and other is not None:
            texts = [read(module.source).decode("utf-8", "replace") for module in (one, other)]
            lines = unified(texts[0], texts[1])
        path = other.path if other is not None else one.path if one is not None else name
        yield ModuleChange(
            name=name,
            path=path,
            old=one.digest if one else None,
            new=other.digest if other else None,
            lines=lines,
        )


def _code(source: tuple[str, ...], modules: Sequence[ModuleChange]) -> Iterator[Change]:
    if source:
        yield Change(kind="code", name=_CELL, old=None, new=_counted(source))
    for module in modules:
        if module.lines:
            yield Change(kind="code", name=module.path, old=None, new=_counted(module.lines))
        else:
            old, new = (digest and _short(digest) for digest in (module.old, module.new))
            yield Change(kind="code", name=module.path, old=old, new=new)


def _counted(lines: tuple[str, ...]) -> str:
    added = sum(line.startswith("+") for line in lines)
    removed = sum(line.startswith("-") for line in lines)
    return f"+{added} -{removed}"


# -- environment and models ----------------------------------------------------------------------------------------


def _environment(a: Run, b: Run, same: _Same) -> Iterator[Change]:
    if a.environment is not None and a.environment is b.environment:
        same.count += (
            len(a.environment.packages)
            + len(a.environment.threads)
            + len(a.environment.variables)
            + 7
        )
    elif a.environment is not None and b.environment is not None:
        for name, one, other in _both(_facts(a.environment), _facts(b.environment)):
            if one == other:
                same.count += 1
            else:
                yield Change(kind="environment", name=name, old=one, new=other)
    commits = [run.git.commit[:12] if run.git else None for run in (a, b)]
    if commits[0] != commits[1]:
        yield Change(kind="environment", name=_COMMIT, old=commits[0], new=commits[1])


def _facts(environment: Environment) -> dict[str, str]:
    """An environment as single facts, the most telling first."""
    facts = {"python": environment.python, "implementation": environment.implementation}
    for package in environment.packages:
        origin = f" from {package.origin}" if package.origin else ""
        facts[package.name] = package.version + origin
    for name in ("platform", "machine", "processor"):
        facts[name] = str(getattr(environment, name))
    facts["cpus"] = str(environment.cpus)
    facts["blas"] = ", ".join(environment.blas)
    facts.update({f"{name} threads": str(count) for name, count in environment.threads.items()})
    facts.update({f"${name}": value for name, value in environment.variables.items()})
    return facts


def _models(a: Run, b: Run) -> Iterator[Change]:
    """Models of another class, new ones and lost ones; that a state differs is what the metrics say.

    A class that stands among the params is told there.
    """
    mine, theirs = ({model.name: model.type for model in run.models} for run in (a, b))
    told = {param.name for run in (a, b) for param in run.row.params}
    for name, one, other in _both(mine, theirs):
        if one != other and name not in told:
            yield Change(kind="model", name=name, old=one, new=other)
