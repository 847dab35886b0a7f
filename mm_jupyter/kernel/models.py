"""Models are kept, not only named: pickle protocol 5 with the arrays out of band, so that equal blocks are shared.

The container is ours and holds no code of its own: ``MMP5``, the number of parts, the length of each, the parts. The
first part is the pickle, the others its buffers. Loading it needs a word of trust (``unpack``).
"""

from __future__ import annotations

import pickle
import struct
import sys
from collections.abc import Callable
from typing import Any

from mm_jupyter.analysis.models import model_state
from mm_jupyter.errors import StoreDamaged
from mm_jupyter.kernel.convergence import converged
from mm_jupyter.kernel.warning import short
from mm_jupyter.records import BlobDigest, Model

FORMAT = "pickle5"
LIMIT_BYTES = 2 * 1024**3
_MAGIC = b"MMP5"


def keep_model(name: str, model: Any, put: Callable[..., BlobDigest]) -> Model:
    """Put a model's bytes and the digest of its fitted state into a sink. Never raises for the model's sake."""
    print_ = model_state(model)
    form = put(print_.form) if print_.form is not None else None
    try:
        parts = _pack(model)
    except Exception as error:  # noqa: BLE001 - any class may raise anything while it is pickled
        return Model(
            name=name,
            type=print_.type,
            state=print_.digest,
            form=form,
            format=None,
            content=None,
            size=0,
            why=f"it cannot be pickled ({short(error)})",
        )
    size = sum(memoryview(part).nbytes for part in parts)
    if size > LIMIT_BYTES:
        why = f"it has {size / 1024**3:.1f} GiB, {LIMIT_BYTES // 1024**3} GiB are kept"
        content = None
    else:
        why, content = None, put(*parts)
    return Model(
        name=name,
        type=print_.type,
        state=print_.digest,
        form=form,
        format=FORMAT,
        content=content,
        size=size,
        why=why,
        converged=converged(model),
    )


def _pack(model: Any) -> list[bytes | memoryview]:
    buffers: list[pickle.PickleBuffer] = []
    cloudpickle = sys.modules.get("cloudpickle")
    # A class that lives in the notebook is pickled by value where cloudpickle is loaded, else by its name.
    dumps = cloudpickle.dumps if cloudpickle is not None else pickle.dumps
    body = dumps(model, protocol=5, buffer_callback=buffers.append)
    raw = [buffer.raw() for buffer in buffers]
    lengths = [len(body), *(part.nbytes for part in raw)]
    header = _MAGIC + struct.pack(f"<I{len(lengths)}Q", len(lengths), *lengths)
    return [header, body, *raw]


def unpack(data: bytes) -> Any:
    """Load a kept model. **This runs the code in its pickle**: call it only after a word of trust.

    Raises:
        StoreDamaged: the bytes are no container of ours.
    """
    if data[:4] != _MAGIC:
        raise StoreDamaged("The kept model", "it has no MMP5 header")
    try:
        (count,) = struct.unpack_from("<I", data, 4)
        lengths = struct.unpack_from(f"<{count}Q", data, 8)
    except struct.error as error:
        raise StoreDamaged("The kept model", "its header is cut off") from error
    if count < 1 or 8 + 8 * count + sum(lengths) != len(data):
        raise StoreDamaged("The kept model", "its parts have other lengths than its header says")
    view = memoryview(data)
    at = 8 + 8 * count
    parts = []
    for length in lengths:
        parts.append(view[at : at + length])
        at += length
    # Arrays must be writable again: views of bytes would not be.
    return pickle.loads(parts[0], buffers=[bytearray(part) for part in parts[1:]])
