"""The state of a generator as JSON: no pickle, and no help of ours is needed to put it back.

A kept state is canonical JSON (sorted keys, no spaces, UTF-8). Words are little-endian and base64:

- ``{"generator": "random", "kind": "python", "version": 3, "words": uint32 x 625, "gauss": null or float}``
- ``{"generator": "numpy.random", "kind": "MT19937", "words": uint32 x 624, "pos", "has_gauss", "gauss"}``
- a generator object under its path (``random_paths``), kind ``python.Random`` (keys as above), ``numpy.Generator`` or
  ``numpy.RandomState`` (``bit_generator`` and ``state``: numpy's own dict, an int as digits, an array as
  ``{"uint32": ...}`` after its dtype), ``torch.Generator`` (keys as below)
- ``{"generator": "torch" or "torch.cuda:0", "kind": "torch", "bytes": ...}``
"""

from __future__ import annotations

import base64
import json
import random
import struct
import sys
from typing import Any

_WORDS = struct.Struct("<625I")


def kind_of(value: object) -> str | None:
    """The ``kind`` under which a generator object is kept, None for anything else.

    A subclass with a state of its own, or bits that another library makes, have no form here.
    """
    kind: Any = type(value)
    if issubclass(kind, random.Random):  # isinstance() would ask a proxy what it is
        return "python.Random" if kind.getstate is random.Random.getstate else None
    numpy = sys.modules.get("numpy.random")
    for attribute, bits in (("Generator", "bit_generator"), ("RandomState", "_bit_generator")):
        if _is_a(value, numpy, attribute):
            own = type(getattr(value, bits, None)).__module__.startswith("numpy.random.")
            return f"numpy.{attribute}" if own else None
    return "torch.Generator" if _is_a(value, sys.modules.get("torch"), "Generator") else None


def _is_a(value: object, module: object, attribute: str) -> bool:
    cls = getattr(module, attribute, None)
    return isinstance(cls, type) and issubclass(type(value), cls)


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
