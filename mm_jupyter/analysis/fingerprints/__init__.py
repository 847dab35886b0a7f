"""A value -> its digest (every byte) and its comparable form.

Standard library only, and no value is imported, called or compared: it works in any environment and changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from mm_jupyter.analysis.fingerprints.form import (
    AtomNode,
    BadForm,
    BlockNode,
    Form,
    FormWriter,
    GroupNode,
    Node,
    OpaqueNode,
    read_form,
)
from mm_jupyter.analysis.fingerprints.objects import expand
from mm_jupyter.analysis.fingerprints.parts import SIZE, Part
from mm_jupyter.analysis.fingerprints.summary import summary, type_name
from mm_jupyter.analysis.fingerprints.walker import Stopped, Walk
from mm_jupyter.records import ContentDigest

MIB = 1 << 20

__all__ = [
    "MIB",
    "AtomNode",
    "BadForm",
    "BlockNode",
    "Fingerprint",
    "Form",
    "GroupNode",
    "Node",
    "OpaqueNode",
    "fingerprint",
    "read_form",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What a value was.

    ``digest`` is None where not everything could be read; ``why`` then says so ("it holds an open file"). ``form``
    holds what could be read (``read_form``), None where that is larger than the limit. ``summary`` is for people.
    """

    type: str
    digest: ContentDigest | None
    form: bytes | None
    summary: str
    why: str | None = None


def fingerprint(
    value: object,
    *,
    limit_bytes: int = 256 * MIB,
    form_bytes: int = MIB,
    seconds: float = 2.0,
    expand: Callable[[object], Part] = expand,
) -> Fingerprint:
    """The fingerprint of any value. Never raises, never runs the value's own ``__eq__``, ``__repr__`` or properties.

    Equal contents have equal digests in every process, environment and pandas version; ``parts.py`` says the canonical
    form. A value with more than ``limit_bytes`` or that takes longer than ``seconds`` has neither digest nor form.
    ``expand`` takes a value apart; a caller may leave parts out.
    """
    writer = FormWriter(form_bytes)
    walk = Walk(expand, writer, limit_bytes, time.perf_counter() + seconds)
    digest, form = None, None
    try:
        code = walk.code(value)
        why = walk.why
        form = writer.finish()
        if why is None:
            digest = ContentDigest(f"blake2b:{blake2b(code, digest_size=SIZE).hexdigest()}")
    except Stopped as stopped:
        why = _limit(str(stopped), limit_bytes, seconds)
    except Exception as error:  # noqa: BLE001 - a value of any class may raise anything, and the user's cell goes on
        why = f"it cannot be read ({type(error).__name__})"
    return Fingerprint(
        type=type_name(value), digest=digest, form=form, summary=summary(value), why=why
    )


def _limit(what: str, limit: int, seconds: float) -> str:
    if what == "too large":
        return f"it holds more than {limit / MIB:,.0f} MiB"
    if what == "too slow":
        return f"reading it takes longer than {seconds:g} s"
    return what
