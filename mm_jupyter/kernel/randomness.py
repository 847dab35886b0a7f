"""The state of every generator, taken before and after each cell (``random_states`` says its kept form)."""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mm_jupyter.kernel.importing import after_import
from mm_jupyter.kernel.random_paths import locate
from mm_jupyter.kernel.random_states import encode, kind_of

_PYTHON = random.getstate.__self__  # type: ignore[attr-defined]  # the instance behind random.random()
_HEADER = object.__basicsize__  # reference count and type: they move on their own
_MT19937_BYTES = 624 * 4 + 4


@dataclass(frozen=True, slots=True)
class _State:
    """A generator's state as its library gives it. ``owner`` tells another object from the same one moved."""

    kind: str
    raw: Any
    owner: int


Snapshot = Mapping[str, _State]


class Generators:
    """Takes the states of the process's generators.

    It runs around every cell: a state is read in full only after its bytes in memory have changed, and becomes JSON
    only when an execution moved it.
    """

    def __init__(self) -> None:
        self._memory: dict[str, tuple[object, Any]] = {}
        self._at_import: dict[str, _State] = {}
        for module, read in _LIBRARIES.items():
            if module not in sys.modules:
                after_import(module, lambda _, read=read: self._at_import.update(read(self)))  # type: ignore[misc]

    def take(self, namespace: Mapping[str, object], paths: Iterable[str]) -> Snapshot:
        """The states now: ``random``, numpy's and torch's global ones where loaded, and the generators that ``paths``
        (see ``random_paths``) lead to from ``namespace`` (an object on two paths counts once, on the first)."""
        states = {"random": _State("python", self._python("random", _PYTHON), id(_PYTHON))}
        for module, read in _LIBRARIES.items():
            if module in sys.modules:
                states.update(read(self))
        owners: set[int] = set()
        for path in paths:
            value = locate(namespace, path)
            kind = kind_of(value)
            if kind is not None and id(value) not in owners and path not in states:
                owners.add(id(value))
                states[path] = _State(kind, self._object(path, kind, value), id(value))
        return states

    def moved(self, before: Snapshot, after: Snapshot) -> list[tuple[str, bytes | None, bytes]]:
        """The generators whose state differs: name, JSON before (None: that object did not exist), JSON after.

        A library that was imported in between has the state it had right after its import as ``before``.
        """
        changes = []
        for name, now in after.items():
            old = before.get(name) or self._at_import.get(name)
            if old is not None and (old.owner, old.kind) != (now.owner, now.kind):
                old = None
            if old is None or not _same(old.raw, now.raw):
                was = None if old is None else encode(name, old.kind, old.raw)
                changes.append((name, was, encode(name, now.kind, now.raw)))
        return changes

    def _python(self, name: str, generator: random.Random) -> Any:
        memory = _memory(generator)
        seen = None if memory is None else (memory, getattr(generator, "gauss_next", None))
        return self._unless_same(name, generator.getstate, seen)

    def _numpy(self) -> dict[str, _State]:
        shared = _numpy_global()
        if shared is None:
            return {}
        raw = self._random_state("numpy.random", shared)
        return {"numpy.random": _State("numpy.RandomState", raw, id(shared))}

    def _random_state(self, name: str, generator: Any) -> Any:
        return self._unless_same(
            name, lambda: generator.get_state(legacy=False), _numpy_memory(generator)
        )

    def _torch(self) -> dict[str, _State]:
        torch = sys.modules["torch"]
        states = {"torch": _State("torch", _torch_bytes(torch.default_generator), 0)}
        cuda = getattr(torch, "cuda", None)
        if cuda is not None and cuda.is_initialized():
            for device, generator in enumerate(cuda.default_generators):
                states[f"torch.cuda:{device}"] = _State("torch", _torch_bytes(generator), 0)
        return states

    def _object(self, name: str, kind: str, value: Any) -> Any:
        if kind == "python.Random":
            return self._python(name, value)
        if kind == "numpy.RandomState":
            return self._random_state(name, value)
        return value.bit_generator.state if kind == "numpy.Generator" else _torch_bytes(value)

    def _unless_same(self, name: str, read: Callable[[], Any], memory: object) -> Any:
        """The state read before, while the object's bytes in memory are the same (20 to 70 us saved a cell)."""
        if memory is None:
            return read()
        known = self._memory.get(name)
        if known is None or known[0] != memory:
            known = self._memory[name] = (memory, read())
        return known[1]


_LIBRARIES: dict[str, Callable[[Generators], dict[str, _State]]] = {
    "numpy.random.mtrand": Generators._numpy,
    "torch": Generators._torch,
}


def _memory(value: object) -> bytes | None:
    """The bytes of a C object, which hold its whole state; None where memory cannot be read so."""
    ctypes = sys.modules.get("ctypes")
    if ctypes is None or sys.implementation.name != "cpython":
        return None
    return ctypes.string_at(id(value) + _HEADER, type(value).__basicsize__ - _HEADER)  # type: ignore[no-any-return]


def _numpy_memory(generator: Any) -> object:
    """Mersenne's words (where numpy says that they are), and the object's own bytes: those hold the spare normal."""
    bits = generator._bit_generator
    own = _memory(generator)
    if own is None or type(bits).__name__ != "MT19937":
        return None
    address = bits.ctypes.state_address
    return own, sys.modules["ctypes"].string_at(address, _MT19937_BYTES)


def _numpy_global() -> Any:
    module = sys.modules.get("numpy.random.mtrand")
    return getattr(module, "_rand", None)


def _torch_bytes(generator: Any) -> bytes:
    state = generator.get_state()  # a byte tensor on the CPU, 5,056 long
    ctypes = sys.modules.get("ctypes")
    if ctypes is None:
        return bytes(state.tolist())
    return ctypes.string_at(state.data_ptr(), state.numel())  # type: ignore[no-any-return]


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if hasattr(one, "tobytes"):
        return bool(one.tobytes() == other.tobytes())
    return bool(one == other)


def seed_global(names: Iterable[str], seed: int) -> None:
    """Start the process's own generators (``random``, ``numpy.random``, ``torch``) of these names at a seed; a library
    that cannot be loaded has none."""
    for name in names:
        head, function = _SEEDED.get(name.partition(".")[0], (None, ""))
        with suppress(ImportError):
            if head is not None:
                getattr(importlib.import_module(head), function)(seed)


_SEEDED = {
    "random": ("random", "seed"),
    "numpy": ("numpy.random", "seed"),
    "torch": ("torch", "manual_seed"),
}
