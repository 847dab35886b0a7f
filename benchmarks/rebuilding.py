"""How long an environment of our size takes to be made anew, its wheels cached: python benchmarks/rebuilding.py"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mm_jupyter.analysis.requirements import normal  # noqa: E402
from mm_jupyter.analysis.secrets import Redactor  # noqa: E402
from mm_jupyter.kernel.environment import capture  # noqa: E402
from mm_jupyter.replaying import environments  # noqa: E402


def rebuilt(times: int = 3) -> str:
    """How long the environment that runs this takes to be made anew, its wheels in uv's cache."""
    environment = capture(Redactor(b"x" * 32))
    needed = closure(
        [
            "ipykernel",
            "ipywidgets",
            "pandas",
            "scikit-learn",
            "matplotlib",
            "requests",
            "sqlalchemy",
        ]
    )
    packages = tuple(one for one in environment.packages if one.name in needed)
    environment = replace(environment, packages=packages)
    kept = uv_cache()
    took = []
    for _ in range(times + 1):
        with tempfile.TemporaryDirectory(prefix="mm-causes-") as cache:
            os.environ.update({"XDG_CACHE_HOME": cache, "UV_CACHE_DIR": kept})
            started = time.monotonic()
            environments.build(environment)
            took.append(time.monotonic() - started)
    took = sorted(took[1:])  # the first fills uv's cache
    return (
        f"An environment of {len(environment.packages)} packages is locked and rebuilt from a warm cache in "
        f"{took[len(took) // 2]:.1f} s (median of {times}: {took[0]:.1f} to {took[-1]:.1f})."
    )


def closure(names: list[str]) -> set[str]:
    """These distributions and all that they need here."""
    found: set[str] = set()
    while names:
        name = normal(names.pop())
        if name not in found:
            found.add(name)
            with suppress(metadata.PackageNotFoundError):
                for line in metadata.requires(name) or ():
                    needed, _, marker = line.partition(";")
                    if "extra" not in marker:
                        names.append(re.split(r"[^A-Za-z0-9._-]", needed.strip())[0])
    return found


def uv_cache() -> str:
    from uv import find_uv_bin

    done = subprocess.run(
        [find_uv_bin(), "cache", "dir"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    print(rebuilt())
