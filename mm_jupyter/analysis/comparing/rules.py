"""What a user says about noise -> ``UserRule``s."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mm_jupyter.analysis.comparing.sides import UserRule
from mm_jupyter.errors import BadInput

_TEXTS = ("kind", "item", "pattern")
_NUMBERS = ("rtol", "atol")


def user_rules(said: Mapping[str, object], where: str) -> tuple[UserRule, ...]:
    """Rules from ``name = "pattern"`` or ``name = {item = "auc", rtol = 1e-3}``; ``where`` it was said, for complaints.

    Raises:
        BadInput: something is no rule, or a pattern no regular expression.
    """
    return tuple(_rule(name, one, where) for name, one in said.items())


def _rule(name: str, said: object, where: str) -> UserRule:
    parts = {"pattern": said} if isinstance(said, str) else said
    if not isinstance(parts, Mapping) or not parts:
        raise BadInput(
            f"{where}: the noise rule {name!r} takes a regular expression, or a table with "
            f"{', '.join((*_TEXTS, *_NUMBERS))}."
        )
    for key, value in parts.items():
        wanted = str if key in _TEXTS else (int, float) if key in _NUMBERS else None
        if wanted is None or not isinstance(value, wanted) or isinstance(value, bool):
            raise BadInput(f"{where}: the noise rule {name!r} has no use for {key} = {value!r}.")
    pattern = parts.get("pattern")
    if pattern is not None:
        try:
            re.compile(pattern)
        except (re.error, RecursionError) as error:
            raise BadInput(
                f"{where}: the noise rule {name!r} is no regular expression: {error}."
            ) from error
    return UserRule(name=name, **parts)
