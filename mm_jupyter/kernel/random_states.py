"""The state of a generator as JSON, and back into a generator: no pickle, no help from us needed.

A kept state is canonical JSON (sorted keys, no spaces, UTF-8). Words are little-endian and base64:

- ``{"generator": "random", "kind": "python", "version": 3, "words": uint32 x 625, "gauss": null or float}``
- ``{"generator": "numpy.random", "kind": "MT19937", "words": uint32 x 624, "pos", "has_gauss", "gauss"}``
- a generator object under its top-level name, kind ``python.Random`` (keys as above), ``numpy.Generator`` or
  ``numpy.RandomState`` (``bit_generator`` and ``state``: numpy's own dict, an int as digits, an array as
  ``{"uint32": ...}`` after its dtype), ``torch.Generator`` (keys as below)
- ``{"generator": "torch" or "torch.cuda:0", "kind": "torch", "bytes": ...}``
"""

from __future__ import annotations

import base64
import importlib
import json
import random
import struct
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

_WORDS = struct.Struct("<625I")


def kind_of(value: object) -> str | None:
    """The ``kind`` under which a generator object is kept, None for anything else.

    A subclass with a state of its own, or bits that another library makes, have no form here.
    """
    if isinstance(value, random.Random):
        return "python.Random" if type(value).getstate is random.Random.getstate else None
    numpy = sys.modules.get("numpy.random")
    for attribute, bits in (("Generator", "bit_generator"), ("RandomState", "_bit_generator")):
        if _is_a(value, numpy, attribute):
            own = type(getattr(value, bits, None)).__module__.startswith("numpy.random.")
            return f"numpy.{attribute}" if own else None
    return "torch.Generator" if _is_a(value, sys.modules.get("torch"), "Generator") else None


def _is_a(value: object, module: object, attribute: str) -> bool:
    cls = getattr(module, attribute, None)
    return isinstance(cls, type) and isinstance(value, cls)


def encode(name: str, kind: str, raw: Any) -> bytes:
    """The JSON of a state: ``raw`` is what the library's own getter gave."""
    record: dict[str, Any] = {"generator": name, "kind": kind}
    if kind in ("python", "python.Random"):
        version, words, gauss = raw
        record |= {"version": version, "words": _base64(_WORDS.pack(*words)), "gauss": gauss}
    elif kind.startswith("torch"):
        record |= {"bytes": _base64(raw)}
    elif name == "numpy.random" and raw["bit_generator"] == "MT19937":
        record |= {
            "kind": "MT19937",
            "words": _base64(raw["state"]["key"].astype("<u4").tobytes()),
            "pos": int(raw["state"]["pos"]),
            "has_gauss": int(raw["has_gauss"]),
            "gauss": float(raw["gauss"]),
        }
    else:
        record |= {"bit_generator": raw["bit_generator"], "state": _packed(raw)}
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _packed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _packed(part) for key, part in value.items()}
    if isinstance(value, (str, float)):
        return value
    if hasattr(value, "dtype") and value.shape:
        little = value.astype(value.dtype.newbyteorder("<"))
        return {value.dtype.name: _base64(little.tobytes())}
    return str(int(value))


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict):
        (first, data) = next(iter(value.items()))
        if len(value) == 1 and first.startswith(("uint", "int", "float")) and isinstance(data, str):
            numpy = importlib.import_module("numpy")
            kind = numpy.dtype(first)
            return numpy.frombuffer(base64.b64decode(data), kind.newbyteorder("<")).astype(kind)
        return {key: _unpacked(part) for key, part in value.items()}
    return int(value) if isinstance(value, str) and value.lstrip("-").isdigit() else value


def _restore_python(
    record: dict[str, Any], name: str, namespace: MutableMapping[str, object]
) -> None:
    words = _WORDS.unpack(base64.b64decode(record["words"]))
    if record["kind"] == "python":
        generator: Any = random
    elif kind_of(namespace.get(name)) == "python.Random":
        generator = namespace[name]
    else:
        generator = namespace[name] = random.Random()
    generator.setstate((record["version"], words, record["gauss"]))


def _restore_numpy_global(
    record: dict[str, Any], _name: str, _namespace: MutableMapping[str, object]
) -> None:
    numpy = importlib.import_module("numpy")
    words = numpy.frombuffer(base64.b64decode(record["words"]), "<u4").astype("uint32")
    state = ("MT19937", words, record["pos"], record["has_gauss"], record["gauss"])
    importlib.import_module("numpy.random").set_state(state)


def _restore_numpy_object(
    record: dict[str, Any], name: str, namespace: MutableMapping[str, object]
) -> None:
    library = importlib.import_module("numpy.random")
    state = _unpacked(record["state"])
    if name == "numpy.random":  # the user changed the bits under the global functions
        library.set_bit_generator(_bit_generator(library, record))
        library.set_state(state)
        return
    old_style = record["kind"] == "numpy.RandomState"
    cls = library.RandomState if old_style else library.Generator
    generator: Any = namespace.get(name)
    bits = getattr(generator, "_bit_generator" if old_style else "bit_generator", None)
    if not isinstance(generator, cls) or type(bits).__name__ != record["bit_generator"]:
        generator = namespace[name] = cls(_bit_generator(library, record))
    if old_style:
        generator.set_state(state)
    else:
        generator.bit_generator.state = state


def _bit_generator(library: Any, record: dict[str, Any]) -> Any:
    cls = getattr(library, record["bit_generator"], None)
    if not (isinstance(cls, type) and issubclass(cls, library.BitGenerator)):
        raise ValueError(f"this numpy has no bit generator called {record['bit_generator']!r}")
    return cls()


def _restore_torch(
    record: dict[str, Any], name: str, namespace: MutableMapping[str, object]
) -> None:
    torch: Any = importlib.import_module("torch")
    state = torch.tensor(list(base64.b64decode(record["bytes"])), dtype=torch.uint8)
    if record["kind"] == "torch.Generator":
        generator = namespace.get(name)
        if not isinstance(generator, torch.Generator):
            generator = namespace[name] = torch.Generator()
        generator.set_state(state)
    elif name == "torch":
        torch.set_rng_state(state)
    else:
        torch.cuda.set_rng_state(state, device=name.removeprefix("torch."))


_RESTORERS: dict[str, Callable[[dict[str, Any], str, MutableMapping[str, object]], None]] = {
    "python": _restore_python,
    "python.Random": _restore_python,
    "MT19937": _restore_numpy_global,
    "numpy.Generator": _restore_numpy_object,
    "numpy.RandomState": _restore_numpy_object,
    "torch": _restore_torch,
    "torch.Generator": _restore_torch,
}


def restore(state: bytes, namespace: MutableMapping[str, object]) -> None:
    """Put a generator back to a recorded state; an object that ``namespace`` lacks is made and bound there.

    Raises:
        ValueError: the bytes are no recorded state.
        ImportError: its library is not installed.
    """
    try:
        record = json.loads(state)
        name, kind = record["generator"], record["kind"]
        put_back = _RESTORERS[kind]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError("these bytes are no recorded state of a generator") from error
    put_back(record, name, namespace)
