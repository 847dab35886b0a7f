"""The oracle's word for values: exact, by our product's code in no part, needing only what the notebook has."""

from __future__ import annotations

import hashlib
import pickle
import sys


def digest(namespace: dict, names: list[str]) -> str:
    """A digest of what the names hold, bit for bit."""
    parts = [f"{name}={_text(namespace.get(name))}" for name in names]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def _text(value: object, depth: int = 0) -> str:
    numpy = sys.modules.get("numpy")
    pandas = sys.modules.get("pandas")
    if depth > 6:
        return "..."
    if isinstance(value, float):
        return float(value).hex()
    if value is None or isinstance(value, (bool, int, str)):
        return repr(value)
    if numpy is not None and isinstance(value, numpy.ndarray):
        data = value.tobytes() if value.dtype != object else repr(value.tolist()).encode()
        return f"{value.dtype}{value.shape}{hashlib.sha256(data).hexdigest()}"
    if numpy is not None and isinstance(value, numpy.generic):
        return _text(value.item(), depth + 1)
    if pandas is not None and isinstance(value, (pandas.DataFrame, pandas.Series)):
        held = value.to_frame() if isinstance(value, pandas.Series) else value
        columns = [
            f"{name}:{_text(held.iloc[:, at].to_numpy(), depth + 1)}"
            for at, name in enumerate(held.columns)
        ]
        return f"{_text(held.index.to_numpy(), depth + 1)}{columns}"
    if isinstance(value, dict):
        return str([(_text(key, depth + 1), _text(held, depth + 1)) for key, held in value.items()])
    if isinstance(value, (list, tuple)):
        return str([_text(held, depth + 1) for held in value])
    if isinstance(value, (set, frozenset)):
        return str(sorted(_text(held, depth + 1) for held in value))
    return (
        _pickled(value) if type(value).__module__.startswith("sklearn.") else type(value).__name__
    )


def _pickled(value: object) -> str:
    try:
        return hashlib.sha256(pickle.dumps(value, 5)).hexdigest()
    except Exception:  # noqa: BLE001 - what cannot be pickled is told by its type
        return type(value).__name__
