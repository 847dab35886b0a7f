"""What a project says about itself: ``[tool.mm_jupyter]`` in its pyproject.toml, and ``MM_KEEP_BYTES``."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mm_jupyter.errors import BadInput

KEEP_BYTES = 16 * 1024 * 1024
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_KNOWN = frozenset({"keep_bytes", "noise"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """``keep_bytes``: files up to this size are kept whole, larger ones by digest. ``noise``: the user's rules for what
    does not count when a replay is compared, by name, as they were said."""

    keep_bytes: int = KEEP_BYTES
    noise: Mapping[str, object] = field(default_factory=dict)


def configured(root: Path, variables: Mapping[str, str] = os.environ) -> Configuration:
    """The configuration of the project at ``root``; what it does not say is the default.

    Raises:
        BadInput: it says something that is none.
    """
    said = _section(root / "pyproject.toml")
    unknown = said.keys() - _KNOWN
    if unknown:
        raise BadInput(
            f"pyproject.toml: [tool.mm_jupyter] knows no {min(unknown)!r}; it takes keep_bytes and noise."
        )
    noise = said.get("noise", {})
    if not isinstance(noise, dict):
        raise BadInput(
            'pyproject.toml: [tool.mm_jupyter.noise] takes lines such as run_id = "run-[0-9a-f]+".'
        )
    given = variables.get("MM_KEEP_BYTES")
    if given:
        keep = size_of(given, "MM_KEEP_BYTES")
    else:
        keep = size_of(said.get("keep_bytes", KEEP_BYTES), "pyproject.toml: keep_bytes")
    return Configuration(keep_bytes=keep, noise=noise)


def size_of(value: object, where: str) -> int:
    """Bytes from a number, or from a text such as ``64 MiB`` (a thousand is 1,024 here).

    Raises:
        BadInput: it is neither.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise BadInput(
            f"{where} takes a size such as '64 MiB' or a number of bytes, not {value!r}."
        )
    return int(float(found[1]) * 1024 ** _UNITS[found[2].lower()])


def _section(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    try:
        found = tomllib.loads(text).get("tool", {}).get("mm_jupyter", {})
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path.name} is no TOML: {error}.") from error
    except AttributeError:
        return {}
    return found if isinstance(found, dict) else {}
