"""Randomness whose state nobody can take or give back: TensorFlow's ops without any seed. It is named, not recorded."""

from __future__ import annotations

import functools
from typing import Any

from mm_jupyter.kernel.audit import note
from mm_jupyter.kernel.importing import after_import

NAME = "tensorflow (an op without a seed)"


def watch() -> None:
    """See from now on where TensorFlow draws without a global seed and without one of the op."""
    after_import("tensorflow.python.framework.random_seed", _tensorflow)


def _tensorflow(module: Any) -> None:
    real = module.get_seed

    @functools.wraps(real)
    def get_seed(op_seed: Any) -> Any:
        seeds = real(op_seed)
        if tuple(seeds) == (None, None):
            note("random", NAME)
        return seeds

    module.get_seed = get_seed
