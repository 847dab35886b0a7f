"""What a cell draws from the operating system to seed something: recorded, so that a replay can give it again.

Three sources are caught, each where its library draws: numpy's ``SeedSequence`` (and so ``default_rng()``,
``RandomState()``, ``np.random.seed()``), Python's ``random.Random`` (and ``random.seed()``), and ``uuid4``. The types
and what they do stay as they are. What asks for secret randomness is named and never kept.
"""

from __future__ import annotations

import functools
import os
import random
import sys
import threading
import types
import uuid
from collections.abc import Container
from typing import Any, Literal

from mm_jupyter.kernel import unseeded
from mm_jupyter.kernel.audit import note
from mm_jupyter.kernel.importing import after_import
from mm_jupyter.records import Entropy

_Source = Literal["numpy", "random", "uuid"]
MAX_DRAWS = 1_000
"""A cell that draws more often is recorded up to here."""
_HOSTS = frozenset(
    "IPython ipykernel jupyter_client comm ipywidgets traitlets tornado zmq tempfile".split()
)
"""Whose draws are not the user's, though they happen while a cell runs."""
_SEED_BYTES = 32


class _Draws:
    """The draws of the running cell. ``local`` holds the names of the project's modules."""

    __slots__ = ("local", "now", "own", "watching")

    def __init__(self) -> None:
        self.watching = False
        self.now: list[Entropy] | None = None
        self.local: Container[str] = ()
        self.own = threading.local()


_draws = _Draws()


def begin(local: Container[str]) -> None:
    """Start recording."""
    if not _draws.watching:
        _draws.watching = True
        _watch()
    _draws.local = local
    _draws.now = []


def end() -> tuple[Entropy, ...]:
    """Stop recording and hand over what was drawn, in order."""
    drawn, _draws.now = _draws.now, None
    return tuple(drawn or ())


def _drawn(source: _Source, bits: int) -> int:
    if _draws.now is not None and len(_draws.now) < MAX_DRAWS:
        _draws.now.append(Entropy(source=source, bits=f"{bits:x}"))
    return bits


def _watch() -> None:
    after_import("numpy.random.bit_generator", _numpy)
    _random()
    _uuid()
    _secrets()
    unseeded.watch()


def _numpy(module: Any) -> None:
    real = module.randbits

    def randbits(size: int) -> int:
        _draws.own.quiet = True  # it asks SystemRandom, which the user did not
        try:
            bits = real(size)
        finally:
            _draws.own.quiet = False
        return bits if _is_importing() else _drawn("numpy", bits)

    module.randbits = randbits


def _is_importing() -> bool:
    """Whether numpy seeds its global generator, once, while it is imported: that state is recorded as it is."""
    return bool(
        getattr(getattr(sys.modules.get("numpy.random"), "__spec__", None), "_initializing", False)
    )


def _random() -> None:
    real = random.Random.seed

    @functools.wraps(real)
    def seed(self: random.Random, a: Any = None, version: int = 2) -> None:
        if a is None and _draws.now is not None and not _by_host(sys._getframe(1)):
            a = _drawn("random", int.from_bytes(os.urandom(_SEED_BYTES)))
        real(self, a, version)

    random.Random.seed = seed  # type: ignore[method-assign]  # the class is Python's own, and stays
    shared = random.getstate.__self__  # type: ignore[attr-defined]  # the instance behind random.random()
    random.seed = shared.seed


def _uuid() -> None:
    """``uuid4`` asks the ``os`` of its module; everybody else's stays as it is."""

    def urandom(size: int) -> bytes:
        drawn = os.urandom(size)
        if _draws.now is None or _by_host(sys._getframe(2)):
            return drawn
        return _drawn("uuid", int.from_bytes(drawn)).to_bytes(size)

    shim = types.ModuleType("os")
    shim.__dict__.update(vars(os), urandom=urandom)
    uuid.os = shim  # type: ignore[attr-defined]  # a module's globals may be set


def _secrets() -> None:
    real = random._urandom  # type: ignore[attr-defined]  # what SystemRandom, and so ``secrets``, asks
    everybody = os.urandom

    def of_system_random(size: int) -> bytes:
        if _draws.now is not None and not getattr(_draws.own, "quiet", False):
            frame: types.FrameType | None = sys._getframe(1)
            name = "random.SystemRandom"
            while frame is not None and frame.f_globals.get("__name__") in ("random", "secrets"):
                if frame.f_globals["__name__"] == "secrets":
                    name = f"secrets.{frame.f_code.co_name}"
                frame = frame.f_back
            _secret(name, frame)
        return real(size)  # type: ignore[no-any-return]

    @functools.wraps(everybody)
    def urandom(size: int, /) -> bytes:
        if _draws.now is not None:
            _secret("os.urandom", sys._getframe(1))
        return everybody(size)

    random._urandom = of_system_random  # type: ignore[attr-defined]
    os.urandom = urandom


def _secret(name: str, asker: types.FrameType | None) -> None:
    module = asker.f_globals.get("__name__") if asker is not None else None
    if module == "__main__" or module in _draws.local:
        note("secret", name)


def _by_host(frame: types.FrameType | None) -> bool:
    """Whether a draw was asked for by the kernel or a widget, not by the cell's own code."""
    while frame is not None and frame.f_globals.get("__name__") == "random":
        frame = frame.f_back
    module: str = frame.f_globals.get("__name__", "") if frame is not None else ""
    return module.partition(".")[0] in _HOSTS
