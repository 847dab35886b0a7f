"""Something to do right after a module is imported, so that the very cell that imports it is watched too."""

from __future__ import annotations

import importlib.machinery
import sys
import threading
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from types import ModuleType

Then = Callable[[ModuleType], None]

_waiting: dict[str, list[Then]] = {}
_searching = threading.local()


def after_import(name: str, then: Then) -> None:
    """Call ``then(module)`` once the module called ``name`` has been executed: now if it has, else right after it is.

    What ``then`` raises is dropped: an import never fails because of it.
    """
    module = sys.modules.get(name)
    if module is not None and not _is_executing(module):
        _call(then, module)
        return
    _waiting.setdefault(name, []).append(then)
    if not any(type(finder) is _Finder for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def _is_executing(module: ModuleType) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def _call(then: Then, module: ModuleType) -> None:
    try:
        then(module)
    except Exception:  # noqa: BLE001 - a library that changed its inside is used unwatched; the import goes on
        return


class _Finder(MetaPathFinder):
    """Finds nothing itself: it lends the awaited module's real loader a hand."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in _waiting or getattr(_searching, "name", None) == name:
            return None
        _searching.name = name
        try:
            spec = _real_spec(name, path, target)
        finally:
            _searching.name = None
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Loader(spec.loader)
        return spec


def _real_spec(
    name: str, path: Sequence[str] | None, target: ModuleType | None
) -> importlib.machinery.ModuleSpec | None:
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        spec = find(name, path, target) if find and type(finder) is not _Finder else None
        if spec is not None:
            return spec  # type: ignore[no-any-return]  # finders are duck-typed
    return None


class _Loader(Loader):
    """Executes a module with its own loader, which is back in place before the module's code can look."""

    def __init__(self, real: Loader) -> None:
        self.real = real

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self.real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self.real
        module.__loader__ = self.real
        self.real.exec_module(module)
        for then in _waiting.pop(module.__name__, ()):
            _call(then, module)
