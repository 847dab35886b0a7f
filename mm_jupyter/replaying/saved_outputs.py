"""A cell's outputs as a notebook file holds them -> one side of a comparison."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nbformat import NotebookNode

from mm_jupyter.analysis.comparing import Side
from mm_jupyter.records import OWN_MIME_PREFIX, BlobDigest, Failure, Outcome, Output, OutputKind

_TEXT = "text/plain"
_KINDS: dict[str, OutputKind] = {
    "display_data": "display_data",
    "execute_result": "execute_result",
}


def side_of(cell: NotebookNode) -> Side:
    """What a cell shows, without what we show ourselves; pieces of one stream that follow each other are one."""
    blobs: dict[BlobDigest, bytes] = {}

    def put(content: bytes) -> BlobDigest:
        digest = BlobDigest(hashlib.blake2b(content, digest_size=32).hexdigest())
        blobs[digest] = content
        return digest

    failure: Failure | None = None
    outputs: list[Output] = []
    for output in cell.outputs:
        if output.output_type == "error":
            text = "\n".join(output.traceback)
            failure = Failure(name=output.ename, message=output.evalue, traceback=text)
        elif output.output_type == "stream":
            _stream(outputs, output.name, output.text, blobs, put)
        elif not any(mime.startswith(OWN_MIME_PREFIX) for mime in output.data):
            data = {mime: put(_bytes(mime, value)) for mime, value in output.data.items()}
            outputs.append(Output(kind=_KINDS[output.output_type], name="", data=data))
    outcome = Outcome(
        status="completed" if failure is None else "failed",
        seconds=0.0,
        failure=failure,
        outputs=tuple(outputs),
    )
    return Side(outcome, blobs.__getitem__)


def shows_something(side: Side) -> bool:
    """Whether there is anything to compare."""
    return bool(side.outcome.outputs) or side.outcome.failure is not None


def _stream(
    outputs: list[Output],
    name: str,
    text: str,
    blobs: dict[BlobDigest, bytes],
    put: Callable[[bytes], BlobDigest],
) -> None:
    """Front ends cut a stream anywhere."""
    content = text.encode("utf-8", "surrogatepass")
    last = outputs[-1] if outputs else None
    if last is not None and (last.kind, last.name) == ("stream", name):
        outputs[-1] = replace(last, data={_TEXT: put(blobs[last.data[_TEXT]] + content)})
    else:
        outputs.append(Output(kind="stream", name=name, data={_TEXT: put(content)}))


def _bytes(mime: str, value: Any) -> bytes:
    """As records keep them: images decoded, JSON with sorted keys, text in UTF-8."""
    if not isinstance(value, str):
        return json.dumps(value, sort_keys=True).encode()
    if mime.startswith(("image/", "application/pdf")) and not mime.startswith("image/svg"):
        try:
            return base64.b64decode(value)
        except ValueError:
            return value.encode()
    return value.encode("utf-8", "surrogatepass")
