"""An environment as requirements that pip and uv read, and as a Dockerfile."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from mm_jupyter.records import Environment, Package

OURS = "mm-jupyter"
"""We come into a replay's kernel by ourselves; its environment needs nothing of ours."""
KERNEL = "ipykernel"
_VCS = re.compile(r"(git|hg|svn|bzr)\+")


def requirement(package: Package) -> str:
    """``numpy==1.26.4``, ``name @ git+https://...@commit``, ``-e file:///path``."""
    origin = package.origin
    if origin is None:
        return f"{package.name}=={package.version}"
    if origin.startswith("editable "):
        return f"-e {origin.removeprefix('editable ')}"
    return f"{package.name} @ {origin}"


def editable_path(origin: str | None) -> str | None:
    """The folder of ``editable file:///home/ann/my%20package``; None of any other origin."""
    head = "editable file://"
    if origin is None or not origin.startswith(head):
        return None
    return unquote(origin.removeprefix(head))


def requirements(environment: Environment, without: Iterable[str] = ()) -> tuple[str, ...]:
    """A line a package, sorted; a kernel is added where the environment had none."""
    left_out = {normal(name) for name in without} | {OURS}
    packages = [one for one in environment.packages if one.name not in left_out]
    lines = [requirement(one) for one in packages]
    if not any(one.name == KERNEL for one in packages):
        lines.append(KERNEL)
    return tuple(sorted(lines))


def normal(name: str) -> str:
    """A distribution's name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def short_python(environment: Environment) -> str:
    """``3.11`` of ``3.11.7``."""
    return ".".join(environment.python.split(".")[:2])


def dockerfile(environment: Environment, lock: str) -> str:
    """A Dockerfile that makes the environment from the lock file ``lock`` that lies beside it."""
    lines = [
        f"FROM python:{environment.python}-slim",
        "RUN pip install --no-cache-dir uv",
        f"COPY {lock} /tmp/{lock}",
        f"RUN uv pip install --system --no-cache --requirement /tmp/{lock}",
    ]
    lines += [
        f"ENV {name}={_quoted(value)}"
        for name, value in sorted(environment.variables.items())
        if not value.startswith("<redacted")
    ]
    return "\n".join([*lines, "WORKDIR /work", 'CMD ["python"]']) + "\n"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("\n", " ")
    return f'"{escaped}"'
