"""TensorFlow's ops without a seed are named, and those with one are not."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

_PROGRAM = """
from mm_jupyter.kernel import audit, unseeded
audit.install()
unseeded.watch()
import tensorflow as tf
{before}
audit.begin()
{cell}
print([name for kind, name in audit.end().asked if kind == "random"])
"""


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="tensorflow is not installed")
@pytest.mark.parametrize(
    ("before", "cell", "named"),
    [
        ("", "tf.random.uniform((2,))", True),
        ("", "tf.random.uniform((2,), seed=3)", False),
        ("tf.random.set_seed(1)", "tf.random.uniform((2,))", False),
    ],
)
def test_an_op_without_a_seed_is_named(before: str, cell: str, named: bool) -> None:
    program = _PROGRAM.format(before=before, cell=cell)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ("tensorflow" in done.stdout.splitlines()[-1]) is named
