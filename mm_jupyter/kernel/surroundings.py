"""What an execution sets beside its names, for every later one to see: directory, environment, paths, options.

Libraries' options are seen by wrapping their setters: the first call in a cell keeps what was, and only then is
compared at its end, so that what is put back (``with pd.option_context(...)``) was not set. A list and a directory have
no setter: they are compared, for less than a microsecond. What an import sets is the import's own, and its cell stays
with whoever uses the library.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sys
import types
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from mm_jupyter.kernel import audit
from mm_jupyter.kernel.importing import after_import
from mm_jupyter.records import Surrounding

_SETS_ATTRIBUTE = re.compile(
    r"^[ \t]*(\w+)(?:\.\w+)+\s*(?:[-+*/|&]|//|<<|>>|\*\*)?=(?!=)|\bsetattr\(\s*(\w+)|^[ \t]*del (\w+)\.",
    re.MULTILINE,
)
_SAYS = {
    "warnings": re.compile(r"warnings|filter"),
    "environ": re.compile(r"env"),
    "sys.path": re.compile(r"path|addsitedir|run|load"),
}
"""Where a cell also imports, what it set itself has such a word in it."""
_NOT_OPTIONS = frozenset({"backend", "backend_fallback", "interactive", "toolbar", "date.epoch"})


class Surroundings:
    """Looks before and after one execution at a time."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._before: tuple[Any, ...] = ()
        self._modules: dict[str, tuple[types.ModuleType, dict[str, int]]] = {}
        self._loaded = 0
        self._source = ""
        _watch()

    def begin(self, source: str) -> None:
        """Note what is set before the cell ``source``."""
        self._source = source
        self._loaded = len(sys.modules)
        _touched.clear()
        self._modules = self._mentioned(source) if "=" in source or "setattr" in source else {}
        self._before = _state()

    def end(self) -> tuple[Surrounding, ...]:
        """What is another by now."""
        found: set[tuple[str, str]] = set()
        for (kind, name), old, new in zip(_STATE, self._before, _state(), strict=True):
            if old is not None and old != new:
                found.add((kind, name))
        for (kind, name), differs in list(_touched.items()):
            with contextlib.suppress(Exception):  # a library changed its inside meanwhile
                if differs():
                    found.add((kind, name))
        if found and len(sys.modules) != self._loaded:
            found = {
                one for one in found if one[0] not in _SAYS or _SAYS[one[0]].search(self._source)
            }
        for name, (module, old_ids) in self._modules.items():
            if _ids(module) != old_ids:
                found.add(("module", name))
        return tuple(Surrounding(kind=kind, name=name) for kind, name in sorted(found))  # type: ignore[arg-type]

    def _mentioned(self, source: str) -> dict[str, tuple[types.ModuleType, dict[str, int]]]:
        """The modules of whose attributes the cell sets some, as far as its text shows."""
        found: dict[str, tuple[types.ModuleType, dict[str, int]]] = {}
        lines = [
            line
            for line in source.replace(";", "\n").split("\n")
            if "." in line or "setattr" in line
        ]
        for groups in _SETS_ATTRIBUTE.findall("\n".join(lines)):
            for word in groups:
                module = self._namespace.get(word) if word else None
                if isinstance(module, types.ModuleType):
                    found[module.__name__] = module, _ids(module)
        return found


def _ids(module: types.ModuleType) -> dict[str, int]:
    return {
        name: id(value) for name, value in vars(module).items() if name != "__warningregistry__"
    }


_STATE = (
    ("cwd", "cwd"),
    ("sys.path", "sys.path"),
    ("warnings", "filters"),
    ("options", "numpy"),
    ("options", "numpy display"),
)


def _state() -> tuple[Any, ...]:
    try:
        here = os.getcwd()
    except OSError:  # it was deleted
        here = ""
    numpy = sys.modules.get("numpy")
    errors = numpy.geterr() if numpy is not None and hasattr(numpy, "geterr") else None
    shown = sys.modules.get("numpy._core.printoptions")
    printed = shown.format_options.get() if shown is not None else None
    return here, tuple(sys.path), tuple(warnings.filters), errors, printed


# -- setters --------------------------------------------------------------------------------------------------------

_touched: dict[tuple[str, str], Callable[[], bool]] = {}
"""What a setter was called for in this cell, and what tells whether it is another than before by now."""
_watching: list[bool] = []


def _watch() -> None:
    if _watching:
        return
    _watching.append(True)
    audit.on_environ(_environ)
    after_import("matplotlib", _matplotlib)
    after_import("pandas._config.config", _pandas)


def _environ(key: bytes | str) -> None:
    name = os.fsdecode(key)
    place = ("environ", name)
    if place not in _touched:
        old = os.environ.get(name)
        _touched[place] = lambda: os.environ.get(name) != old


def _matplotlib(matplotlib: Any) -> None:
    params = matplotlib.rcParams

    def before() -> None:
        place = ("options", "matplotlib")
        if place not in _touched:
            old = dict(params)
            _touched[place] = lambda: _other(old, dict(params))

    _wrap(type(params), "__setitem__", before)


def _other(old: dict[str, Any], new: dict[str, Any]) -> bool:
    return any(
        new.get(key) is not value and new.get(key) != value
        for key, value in old.items()
        if key not in _NOT_OPTIONS
    )


def _pandas(config: Any) -> None:
    def before() -> None:
        place = ("options", "pandas display")
        if place not in _touched:
            old = _flat(config._global_config)
            _touched[place] = lambda: _flat(config._global_config) != old
            _touched["options", "pandas"] = lambda: any(
                not key.startswith("display.") and value != old.get(key)
                for key, value in _flat(config._global_config).items()
            )

    for name in ("_set_option_impl", "_set_option"):
        if hasattr(config, name):
            _wrap(config, name, before)


def _flat(options: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in options.items():
        name = f"{prefix}{key}"
        found.update(_flat(value, f"{name}.") if isinstance(value, dict) else {name: value})
    return found


def _wrap(owner: Any, name: str, before: Callable[[], None]) -> None:
    real = getattr(owner, name)

    @functools.wraps(real)
    def noted(*args: Any, **options: Any) -> Any:
        with contextlib.suppress(Exception):  # nothing of ours stops a setter
            before()
        return real(*args, **options)

    setattr(owner, name, noted)
