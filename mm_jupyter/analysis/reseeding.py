"""A cell's source with other seeds in the places where seeds are written down."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

_WORD = re.compile(r"(?:^|_)(?:seed|random_?state|rng_?seed)(?:$|_\d*$)", re.IGNORECASE)
_SEEDING = frozenset({"seed", "manual_seed", "manual_seed_all", "set_seed", "seed_everything", "default_rng",
                      "RandomState", "SeedSequence", "Random", "PCG64", "MT19937", "Philox", "SFC64", "PRNGKey", "key",
                      "set_random_seed"})  # fmt: skip
_MODULES = {"key": "random"}
"""What a short word must be asked of: ``jax.random.key(0)``, not any ``key``."""
STRIDE = 1009
"""From one seed to the next: a prime, so that neighbours written in the source do not meet."""
_RANGE = 2**32


@dataclass(frozen=True, slots=True)
class Reseeded:
    """``source`` with other seeds; ``where`` names what holds them, as ``train_test_split(random_state=0)``."""

    source: str
    where: tuple[str, ...]


def reseed(source: str, by: int) -> Reseeded:
    """Move every seed that the source spells out as a number by ``by`` steps; all else stays as it is.

    Seeds are whole numbers given to a keyword or bound to a name that says so (``random_state``, ``SEED``), and the
    first argument of what is there to seed (``np.random.seed``, ``default_rng``, ``torch.manual_seed``). A source that
    is no Python is given back.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Reseeded(source, ())
    places = dict(_places(tree))
    lines = source.splitlines(keepends=True)
    for node in sorted(places, key=lambda one: (one.lineno, one.col_offset), reverse=True):
        line = lines[node.lineno - 1].encode()
        assert isinstance(node.value, int)
        new = str((node.value + by * STRIDE) % _RANGE).encode()
        lines[node.lineno - 1] = (
            line[: node.col_offset] + new + line[node.end_col_offset :]
        ).decode()
    where = [places[node] for node in sorted(places, key=lambda one: (one.lineno, one.col_offset))]
    return Reseeded("".join(lines), tuple(dict.fromkeys(where)))


def _places(tree: ast.AST) -> Iterator[tuple[ast.Constant, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _call(node)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _named(target, node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield from _named(node.target, node.value)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if (
                    isinstance(key, ast.Constant)
                    and isinstance(key.value, str)
                    and _WORD.search(key.value)
                ):
                    yield from _number(value, key.value)


def _call(node: ast.Call) -> Iterator[tuple[ast.Constant, str]]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    for keyword in node.keywords:
        if keyword.arg is not None and _WORD.search(keyword.arg):
            yield from _number(keyword.value, f"{name}({keyword.arg}=%)")
    module = _MODULES.get(name)
    if (
        name in _SEEDING
        and node.args
        and (module is None or module in ast.unparse(node.func).split("."))
    ):
        yield from _number(node.args[0], f"{ast.unparse(node.func)}(%)")


def _named(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.Constant, str]]:
    name = target.id if isinstance(target, ast.Name) else getattr(target, "attr", "")
    if _WORD.search(name):
        yield from _number(value, f"{name} = %")


def _number(node: ast.expr, where: str) -> Iterator[tuple[ast.Constant, str]]:
    """One line, a plain whole number: what is negative or computed is left alone."""
    if (
        isinstance(node, ast.Constant)
        and type(node.value) is int
        and node.lineno == node.end_lineno
    ):
        yield node, where.replace("%", str(node.value))
