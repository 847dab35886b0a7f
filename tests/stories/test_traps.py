"""Every trap that hides state in a session: from the session to the recipe to an identical replay.

The cases stand in ``traps/*.txt``: ``== name``, then cells between lines of ``--``; the last is tracked. A cell that
begins with ``# needless`` must not be in the recipe, every other one must. Cases of a file share a kernel, and so lie
among each other's cells as in a long session.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from mm_jupyter.api import recipes, replays

TRAPS = Path(__file__).parent / "traps"
SETUPS = {
    "state": "import os, random, sys, uuid, warnings\nimport numpy as np",
    "libraries": "import os, random, sys, uuid, warnings\nimport numpy as np\nimport pandas as pd\n"
    "%matplotlib inline\nimport matplotlib.pyplot as plt",
}
NEEDLESS = "# needless\n"
ANYTHING = re.compile(
    r"exec\(|globals\(\)|import \*|warnings\.|os\.environ|chdir|seterr|set_option|set_printoptions|sys\.path"
    r"|string\.extra|rcParams|t\.txt|fig33"
)
"""Cells that set something for all that follows, or that such a cell needs: they may stay in later recipes."""
BY_THE_LARGER = {"exit_stack"}
"""Only the conservative slice sees these: the change is behind code of the standard library."""
AS_INPUT = {"memory_map"}
"""What wrote the file was not seen (C did); its content is laid out as an input."""


def load(path: Path) -> dict[str, list[str]]:
    """The cases of a file: name -> cells."""
    parts = re.split(r"^== (\w+)\n", path.read_text(), flags=re.MULTILINE)[1:]
    cells = [re.split(r"^--\n", text.rstrip() + "\n", flags=re.MULTILINE) for text in parts[1::2]]
    return {
        name: [cell.rstrip("\n") for cell in case]
        for name, case in zip(parts[::2], cells, strict=True)
    }


@pytest.mark.parametrize("group", SETUPS)
def test_every_trap_is_seen_and_replays_identically(kernel: Any, project: Path, group: str) -> None:
    cases = load(TRAPS / f"{group}.txt")
    assert len(cases) > 30
    kernel.ok(SETUPS[group])
    for name, (*before, tracked) in cases.items():
        for source in before:
            kernel.run(source)
        kernel.ok(f"%%track {name}\n{tracked}")
    wrong = {name: said for name, case in cases.items() if (said := _wrong(name, case, group))}
    assert not wrong, "\n".join(f"{name}: {said}" for name, said in wrong.items())


def _wrong(name: str, case: list[str], group: str) -> str:
    (judgement,) = replays.replay([f"{name}/1"])
    sources = [step.source for step in recipes.recipe(f"{name}/1").steps]
    *before, _ = case
    said = []
    if judgement.verdict != "identical":
        said.append(f"{judgement.verdict}: {judgement.said}")
    if judgement.slice != "optimistic" and name not in BY_THE_LARGER:
        said.append(f"by the {judgement.slice} slice")
    for source in before:
        if source.startswith(NEEDLESS) and source in sources:
            said.append(f"needless {source!r}")
        if not source.startswith(NEEDLESS) and source not in sources and name not in AS_INPUT:
            said.append(f"missing {source!r}")
    if name not in BY_THE_LARGER:
        said += [
            f"of another case {one!r}"
            for one in sources[:-1]
            if one not in before and one != SETUPS[group] and not ANYTHING.search(one)
        ]
    return "; ".join(said)
