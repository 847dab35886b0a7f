"""A recorded environment as an interpreter: locked (PEP 751) and built by uv, kept by digest in the user's cache."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mm_jupyter.analysis.requirements import (
    KERNEL,
    OURS,
    editable_path,
    normal,
    requirements,
    short_python,
)
from mm_jupyter.errors import CannotRebuild
from mm_jupyter.records import Environment

LOCK = "pylock.toml"
_SECONDS = 1800.0
_MISSING = (
    re.compile(r"there (?:is|are) no versions? of ([\w.\-]+)"),
    re.compile(r"([A-Za-z0-9][\w.\-]*) was not found in the package registry"),
    re.compile(r"([A-Za-z0-9][\w.\-]*) was not found in the cache"),
    re.compile(r"Because ([\w.\-]+?)==\S+ has no (?:usable )?wheels"),
)
_NO_NETWORK = re.compile(
    r"dns error|error sending request|Could not connect|Connection refused|network is unreachable"
    r"|failed to lookup address|operation timed out",
    re.IGNORECASE,
)

_WHEELS = ("--only-binary", ":all:")
_USER = re.compile(r"(https?://)[^/@\s\"']+@")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]*")
_ORNAMENTS = " \t\u00d7\u2570\u2500\u25b6\u251c\u2502"

Told = Callable[[str], None]
"""Called with what happens."""


@dataclass(frozen=True, slots=True)
class Built:
    """An environment that is there: its interpreter, its folder and the digest of what it was made from."""

    python: Path
    folder: Path
    digest: str


def lock(environment: Environment, *, without: Iterable[str] = (), wheels: bool = False) -> str:
    """The text of a ``pylock.toml`` (PEP 751) with every package of the environment, its files and their hashes.

    ``wheels``: only packages that need not be built.

    Raises:
        CannotRebuild: another operating system, or packages that are not to be had: all of them are named.
    """
    _same_system(environment)
    lines = list(requirements(environment, without))
    missing: list[str] = []
    for _ in range(len(lines)):
        done = _resolve(lines, environment, wheels)
        if done.returncode == 0:
            break
        name = _culprit(done.stderr)
        at = next((line for line in lines if _name_of(line) == name), None)
        if at is None:
            raise CannotRebuild(_sentence(done.stderr))
        missing.append(at)
        lines.remove(at)
    if missing:
        names = ", ".join(missing)
        out = " ".join(f"--without {_name_of(one)}" for one in missing)
        raise CannotRebuild(f"{names} cannot be had (to leave it out: {out})")
    return _portable(done.stdout)


def build(
    environment: Environment,
    *,
    without: Iterable[str] = (),
    told: Told = lambda _: None,
    distrusted: bool = False,
) -> Built:
    """The environment, from the cache where it was built before. What is half built is never found there.

    ``distrusted``: a stranger wrote down what it holds. Then it comes from the registry alone, as wheels: installing
    one runs no code of its own, as building from a source does.

    Raises:
        CannotRebuild: as ``lock``, or a package cannot be built here.
    """
    _same_system(environment)
    without = (*without, *_gone(environment, distrusted))
    if distrusted:
        _from_registry(environment, without)
    lines = requirements(environment, without)
    digest = _digest(environment, lines)
    folder = cache() / digest
    built = Built(_interpreter(folder), folder, digest)
    if built.python.exists() and (folder / LOCK).exists():
        return built
    told(f"locking {len(lines)} packages")
    text = lock(environment, without=without, wheels=distrusted)
    told(f"building an environment of {len(lines)} packages")
    cache().mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".making-", dir=cache()))
    try:
        version = _python_for(environment)
        done = _uv("venv", "--quiet", "--relocatable", "--clear", "--python", version, str(made))
        if done.returncode:
            raise CannotRebuild(
                f"Python {environment.python} is not to be had: {_sentence(done.stderr)}"
            )
        (made / LOCK).write_text(text, "utf-8")
        install = ["pip", "sync", "--quiet", "--python", str(_interpreter(made)), str(made / LOCK)]
        install += _WHEELS if distrusted else []
        done = _uv(*install)
        if done.returncode:
            raise CannotRebuild(_sentence(done.stderr))
        try:
            made.rename(folder)
        except OSError:
            if not built.python.exists():  # what lies there lost its interpreter
                shutil.rmtree(folder, ignore_errors=True)
                made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return built


def _gone(environment: Environment, distrusted: bool) -> tuple[str, ...]:
    """Packages in development mode whose folder is not there, or a stranger's: the modules that were imported come
    from the record."""
    return tuple(
        package.name
        for package in environment.packages
        if (folder := editable_path(package.origin)) is not None
        and (distrusted or not os.path.isdir(folder))
    )


def named(path: str) -> Path:
    """The interpreter that a path names: an executable, or the folder of an environment.

    Raises:
        CannotRebuild: there is none, or it has no kernel.
    """
    place = Path(path).expanduser()
    found = next((one for one in (place, _interpreter(place)) if one.is_file()), None)
    if found is None:
        raise CannotRebuild(f"there is no interpreter at {path}")
    look = [
        str(found),
        "-c",
        f"import importlib.util as u; raise SystemExit(u.find_spec({KERNEL!r}) is None)",
    ]
    if subprocess.run(look, check=False, capture_output=True).returncode:
        raise CannotRebuild(f"{found} has no ipykernel: install it there")
    return found.absolute()


def cache() -> Path:
    """Where built environments lie: the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "mm_jupyter" / "environments"


def _interpreter(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _same_system(environment: Environment) -> None:
    recorded = environment.platform.split("-")[0].lower()
    here = (os.uname().sysname if hasattr(os, "uname") else sys.platform).lower()
    if recorded and recorded != here:
        raise CannotRebuild(f"it was recorded on {environment.platform}, and this is {here}")
    machine = os.uname().machine if hasattr(os, "uname") else ""
    if environment.machine and machine and environment.machine != machine:
        raise CannotRebuild(f"it was recorded on a {environment.machine}, and this is a {machine}")


def _python_for(environment: Environment) -> str:
    """Our own interpreter where the version is the same, the very version where it is there, else its minor one."""
    if environment.python == sys.version.split()[0]:
        return getattr(sys, "_base_executable", None) or sys.executable
    exact = _uv("python", "find", "--no-project", "--system", environment.python)
    return exact.stdout.strip() if exact.returncode == 0 else short_python(environment)


def _digest(environment: Environment, lines: Sequence[str]) -> str:
    said = "\n".join(
        [environment.implementation, environment.python, sysconfig.get_platform(), *lines]
    )
    return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


def _from_registry(environment: Environment, without: Sequence[str]) -> None:
    left_out = {normal(name) for name in without} | {OURS}
    for package in environment.packages:
        if normal(package.name) in left_out:
            continue
        known = _NAME.fullmatch(package.name) and _VERSION.fullmatch(package.version)
        if package.origin is not None or not known:
            where = (
                f" comes from {package.origin[:80]}" if package.origin else " has no plain version"
            )
            raise CannotRebuild(
                f"{package.name[:60]}{where}, and only packages of a registry are installed for a stranger's pack "
                f"(to leave it out: --without {normal(package.name)[:60]})"
            )
    if not _VERSION.fullmatch(environment.python):
        raise CannotRebuild("no version of Python was recorded")


def _resolve(
    lines: Sequence[str], environment: Environment, wheels: bool
) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory(prefix="mm-lock-") as name:
        wanted = Path(name) / "requirements.txt"
        wanted.write_text("\n".join(lines) + "\n", "utf-8")
        arguments = ["pip", "compile", "--quiet", "--no-header", "--no-annotate", "--format", LOCK]
        if any(line == KERNEL for line in lines):
            pass  # a kernel that nobody recorded comes with what it needs
        else:
            arguments.append("--no-deps")
        arguments += _WHEELS if wheels else []
        version = ["--python-version", environment.python]
        return _uv(*arguments, *version, str(wanted))


def _uv(*arguments: str) -> subprocess.CompletedProcess[str]:
    """uv, with pip's settings of where packages are; a second time from its cache alone where no network answers."""
    from uv import find_uv_bin

    variables = {
        name: value
        for name, value in os.environ.items()
        if name not in ("VIRTUAL_ENV", "PYTHONPATH")
    }
    for ours, theirs in (("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_CERT", "SSL_CERT_FILE")):
        if ours in variables:
            variables.setdefault(theirs, variables[ours])
    command = [find_uv_bin(), "--no-config", "--color", "never", *arguments]
    try:
        done = _run(command, variables)
        if done.returncode and _NO_NETWORK.search(done.stderr):
            done = _run([*command[:1], "--offline", *command[1:]], variables)
    except subprocess.TimeoutExpired as error:
        raise CannotRebuild(f"uv did not end within {_SECONDS:g} s") from error
    return done


def _run(command: Sequence[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, check=False, capture_output=True, text=True, env=variables, timeout=_SECONDS
    )


def _culprit(said: str) -> str | None:
    joined = " ".join(said.split())
    return next((found[1].lower() for one in _MISSING if (found := one.search(joined))), None)


def _name_of(line: str) -> str:
    return re.split(r"==| @ ", line)[0].lower()


def _sentence(said: str) -> str:
    """What uv says, without its ornaments, as the end of a sentence."""
    words = [clean for line in said.splitlines() if (clean := line.strip(_ORNAMENTS))]
    words = [line for line in words if not line.startswith(("warning:", "hint:"))]
    return (" ".join(words) or "uv failed without a word")[:600].removeprefix("error: ").rstrip(".")


def _portable(text: str) -> str:
    """Without the comment that names temporary files, and without what lets one into a registry."""
    lines = (line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    return _USER.sub(r"\1", "".join(lines))
