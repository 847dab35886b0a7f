"""What seeds an unseeded generator is recorded, and a recipe's notebook gives it again; secrets are only named."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from mm_jupyter.records import Entropy, RecipeStep
from mm_jupyter.replaying.restoring import Restoring

_RECORD = """
import json, sys, os, random, uuid, secrets, tempfile
from mm_jupyter.kernel import audit, entropy
{before}
entropy.begin(())
exec(sys.argv[1], globals())
drawn = entropy.end()
print(json.dumps([[[d.source, d.bits] for d in drawn], str(result)]))
"""


def _recorded(cell: str, before: str = "") -> tuple[list[Entropy], str]:
    program = _RECORD.format(before=before)
    done = subprocess.run(
        [sys.executable, "-c", program, cell], check=True, capture_output=True, text=True
    )
    drawn, result = json.loads(done.stdout)
    return [Entropy(source=source, bits=bits) for source, bits in drawn], result


def _again(cell: str, drawn: list[Entropy], before: str = "") -> str:
    """What plain Python gives after the visible cells of a recipe's notebook."""
    step = RecipeStep(
        seq=7, source=cell, restores=(), raises=False, parameters=False, entropy=tuple(drawn)
    )
    cells = Restoring([step], {}.__getitem__)
    program = "\n".join(
        (before, cells.helper, cells.source(step), "import random, uuid, os", cell, "print(result)")
    )
    assert "mm_jupyter" not in program
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("cell", "sources"),
    [
        ("import numpy\nresult = numpy.random.default_rng().random()", ["numpy"]),
        ("import numpy\nresult = numpy.random.SeedSequence().entropy", ["numpy"]),
        ("import numpy\nresult = numpy.random.RandomState().rand()", ["numpy"]),
        ("import numpy\nnumpy.random.seed()\nresult = numpy.random.rand()", ["numpy"]),
        (
            "import numpy\nresult = numpy.random.Generator(numpy.random.Philox()).random()",
            ["numpy"],
        ),
        ("result = random.Random().random()", ["random"]),
        ("random.seed()\nresult = random.random()", ["random"]),
        ("result = uuid.uuid4()", ["uuid"]),
        (
            """
import numpy
a, b = numpy.random.default_rng(), random.Random()
result = a.random(), b.random(), numpy.random.default_rng().random(), uuid.uuid4()
""",
            ["numpy", "random", "numpy", "uuid"],
        ),
    ],
)
def test_what_was_drawn_is_given_again(cell: str, sources: list[str]) -> None:
    drawn, result = _recorded(cell)
    assert [draw.source for draw in drawn] == sources
    assert _again(cell, drawn) == result
    assert _again(cell, drawn, before="import numpy, random, uuid") == result
    assert _recorded(cell)[1] != result, "it is random without the record"


@pytest.mark.parametrize(
    "cell",
    [
        "import numpy\nresult = numpy.random.default_rng(3).random()",
        "result = random.Random(3).random()",
        "result = tempfile.mktemp()",
        "result = secrets.token_hex(8)",
        "result = os.urandom(8)",
        "result = random.SystemRandom().random()",
    ],
)
def test_nothing_is_kept_of_seeds_secrets_and_temporary_names(cell: str) -> None:
    assert _recorded(cell)[0] == []


def test_draws_beyond_the_record_are_the_systems_own() -> None:
    cell = "import numpy\nresult = numpy.random.default_rng().random()"
    twice = cell + "\nresult = result, numpy.random.default_rng().random()"
    drawn, result = _recorded(cell)
    first, second = _again(twice, drawn), _again(twice, drawn)
    assert result in first
    assert result in second
    assert first != second


def test_types_stay_what_they_are() -> None:
    cell = """
import inspect, pickle
own = random.Random()
class Mine(random.Random):
    pass
assert type(own) is random.Random and isinstance(Mine(), random.Random)
assert pickle.loads(pickle.dumps(own)).random() == own.random()
assert uuid.UUID(str(uuid.uuid4())).version == 4
assert uuid.os.path is os.path
own.seed(5)
same = random.Random(5)
assert own.random() == same.random()
result = list(inspect.signature(random.Random.seed).parameters)
"""
    assert _recorded(cell)[1] == "['self', 'a', 'version']"


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("secrets.token_hex(8)", "secrets.token_hex"),
        ("secrets.randbelow(9)", "secrets.randbelow"),
        ("os.urandom(8)", "os.urandom"),
        ("random.SystemRandom().random()", "random.SystemRandom"),
        ("uuid.uuid4()", None),
        ("import numpy; numpy.random.default_rng()", None),
    ],
)
def test_who_asked_for_a_secret_is_named(cell: str, name: str | None) -> None:
    program = f"""
import os, random, secrets, uuid
from mm_jupyter.kernel import audit, entropy
audit.install()
entropy.begin(())
audit.begin()
{cell}
entropy.end()
print([name for kind, name in audit.end().asked if kind == "secret"])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    named: Any = [] if name is None else [name]
    assert done.stdout.strip() == str(named)
