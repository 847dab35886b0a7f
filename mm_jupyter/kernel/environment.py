"""What the kernel runs in: interpreter, packages, machine, BLAS, threads and the variables that matter."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mm_jupyter.analysis.requirements import editable_path
from mm_jupyter.analysis.secrets import Redactor
from mm_jupyter.records import Environment, Package

_DISTRIBUTION = re.compile(r"(.+?)(?:-([^-]+?)(?:-py[\d.]+)?)?\.(?:dist|egg)-info")
_LIBRARY = re.compile(
    r"lib\w*?(openblas|mkl_rt|blis|atlas|cublas)[\w.\-]*|lib(gomp|iomp5|omp)[\w.\-]*|(Accelerate)"
)
_VARIABLES = re.compile(
    r"PYTHONHASHSEED|PYTHONPATH|LANG|LANGUAGE|TZ|MPLBACKEND|ACCELERATE_.+|SKLEARN_.+|SCIPY_.+|GOMP_.+|NPY_.+"
    r"|GOTO_NUM_THREADS|(?:OMP|MKL|OPENBLAS|NUMEXPR|BLIS|VECLIB|CUDA|CUBLAS|CUDNN|NVIDIA|TORCH|PYTORCH|XLA|JAX|LC"
    r"|POLARS|NUMBA|LOKY|TOKENIZERS)_.+|TF_(?!CLI_).+"
)

_scanned: dict[str, tuple[int, tuple[Package, ...]]] = {}


def capture(redactor: Redactor) -> Environment:
    """The environment now: about 5 ms for 300 packages, 1 ms when they have not changed since.

    Packages come from the names of the metadata folders on ``sys.path``, the first of a name wins as in an import.
    ``blas`` and ``threads`` name the libraries that are loaded by now, so they grow with the first numerical import.
    """
    system = os.uname() if hasattr(os, "uname") else None
    libraries = _loaded_libraries()
    return Environment(
        python=sys.version.split()[0],
        implementation=sys.implementation.name,
        platform=_platform(),
        machine=system.machine if system else os.environ.get("PROCESSOR_ARCHITECTURE", ""),
        processor=_processor(),
        cpus=_cpus(),
        packages=_packages(redactor.text),
        blas=tuple(sorted(filter(None, map(_blas, libraries)))),
        threads=_threads(libraries),
        variables={
            name: str(redactor.named(name, value))
            for name, value in sorted(os.environ.items())
            # Where caches lie changes no result, and a replay has its own.
            if _VARIABLES.fullmatch(name) and not name.endswith(("_CACHE_DIR", "_CACHE_PATH"))
        },
    )


def _platform() -> str:
    if not hasattr(os, "uname"):
        return sys.platform
    system = os.uname()
    parts = [system.sysname, system.release]
    with contextlib.suppress(ValueError, OSError, AttributeError):
        parts.append((os.confstr("CS_GNU_LIBC_VERSION") or "").replace(" ", "-"))
    return "-".join(filter(None, parts))


def _processor() -> str:
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        start = file.read(4096)  # of the first processor; all of a large machine's are slow to read
        found = re.search(r"^model name\s*:\s*(.+)$", start, re.MULTILINE)
        if found:
            return " ".join(found[1].split())
    return os.environ.get("PROCESSOR_IDENTIFIER", "")


def _cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _packages(redact: Callable[[str], str]) -> tuple[Package, ...]:
    first: dict[str, Package] = {}
    for folder in sys.path:
        for package in _packages_in(folder or os.curdir, redact):
            first.setdefault(package.name, package)
    return tuple(sorted(first.values(), key=lambda package: package.name))


_editable: dict[str, tuple[int, tuple[str, ...]]] = {}


def editable_folders() -> tuple[str, ...]:
    """The folders of packages that are installed in development mode (PEP 660)."""
    return tuple(path for folder in sys.path for path in _editable_in(folder or os.curdir))


def _editable_in(folder: str) -> tuple[str, ...]:
    try:
        changed = os.stat(folder).st_mtime_ns
        known = _editable.get(folder)
        if known is not None and known[0] == changed:
            return known[1]
        names = [name for name in os.listdir(folder) if name.endswith(".dist-info")]
    except OSError:  # a zip file, or a folder that is not there
        return ()
    places = (os.path.join(folder, name, "direct_url.json") for name in names)
    paths = (editable_path(_origin(place)) for place in places if os.path.exists(place))
    found = tuple(os.path.realpath(path) for path in paths if path is not None)
    _editable[folder] = (changed, found)
    return found


def _packages_in(folder: str, redact: Callable[[str], str]) -> tuple[Package, ...]:
    try:
        changed = os.stat(folder).st_mtime_ns
        known = _scanned.get(os.path.abspath(folder))
        if known is not None and known[0] == changed:
            return known[1]
        names = [name for name in os.listdir(folder) if name.endswith((".dist-info", ".egg-info"))]
    except OSError:  # a zip file, or a folder that is not there
        return ()
    found = tuple(filter(None, (_package(folder, name, redact) for name in names)))
    _scanned[os.path.abspath(folder)] = (changed, found)
    return found


def _package(folder: str, entry: str, redact: Callable[[str], str]) -> Package | None:
    parts = _DISTRIBUTION.fullmatch(entry)
    if parts is None:
        return None
    name, version = parts[1], parts[2]
    if version is None:  # a project in development mode: only its metadata knows
        version = _metadata_version(os.path.join(folder, entry, "PKG-INFO"))
    origin = _origin(os.path.join(folder, entry, "direct_url.json"))
    return Package(
        name=re.sub(r"[-_.]+", "-", name).lower(),
        version=version.replace("_", "-"),  # as a folder's name has it
        origin=redact(origin) if origin else None,
    )


def _metadata_version(path: str) -> str:
    with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as file:
        found = re.search(r"^Version:\s*(\S+)", file.read(4096), re.MULTILINE)
        return found[1] if found else "unknown"
    return "unknown"


def _origin(path: str) -> str | None:
    """PEP 610's direct URL in pip's notation: ``git+https://...@commit``, ``editable file:///...``."""
    try:
        with open(path, encoding="utf-8") as file:
            data: dict[str, Any] = json.load(file)
        url = str(data["url"])
        if control := data.get("vcs_info"):
            return f"{control['vcs']}+{url}@{control['commit_id']}"
        return f"editable {url}" if data.get("dir_info", {}).get("editable") else url
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _loaded_libraries() -> list[str]:
    """Paths of the numerical libraries mapped into this process."""
    found: dict[str, None] = {}
    with contextlib.suppress(OSError), open("/proc/self/maps", encoding="utf-8") as file:
        for line in file:
            path = line[line.find("/") :].strip() if "/" in line else ""
            if path and _LIBRARY.match(os.path.basename(path)):
                found[path] = None
    return list(found)


def _call(path: str, names: tuple[str, ...], result: str) -> Any:
    """What a parameterless function of a loaded library answers; ``result`` is its ctypes type."""
    ctypes = sys.modules.get("ctypes")
    if ctypes is None:
        return None
    with contextlib.suppress(OSError):
        library = ctypes.CDLL(path)
        for name in names:
            function = getattr(library, name, None)
            if function is not None:
                function.restype = getattr(ctypes, result)
                return function()
    return None


def _symbols(stem: str) -> tuple[str, ...]:
    """How builds of OpenBLAS call one function."""
    return tuple(
        prefix + stem + suffix for prefix in ("scipy_", "") for suffix in ("64_", "", "_64")
    )


def _blas(path: str) -> str | None:
    """``OpenBLAS 0.3.30 ... Haswell MAX_THREADS=64`` in its own words: the kernel type changes bits."""
    name = Path(path).name
    if "openblas" in name:
        said = _call(path, _symbols("openblas_get_config"), "c_char_p")
        core = _call(path, _symbols("openblas_get_corename"), "c_char_p")
        words = [word.decode("ascii", "replace").strip() for word in (said, core) if word]
        return " ".join(dict.fromkeys(" ".join(words).split())) or name
    return name if "omp" not in name else None


def _threads(libraries: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for path in libraries:
        name = Path(path).name
        if "openblas" in name:
            kind, answer = "openblas", _call(path, _symbols("openblas_get_num_threads"), "c_int")
        elif "mkl_rt" in name:
            kind, answer = "mkl", _call(path, ("MKL_Get_Max_Threads",), "c_int")
        elif "blis" in name:
            kind, answer = "blis", _call(path, ("bli_thread_get_num_threads",), "c_int")
        elif "omp" in name:
            kind, answer = "openmp", _call(path, ("omp_get_max_threads",), "c_int")
        else:
            continue
        if answer is not None:
            counts[kind] = max(int(answer), counts.get(kind, 0))
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_num_threads"):
        counts["torch"] = int(torch.get_num_threads())
    return dict(sorted(counts.items()))
