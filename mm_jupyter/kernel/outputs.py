"""Outputs: what a cell shows, taken from the kernel's own messages on their way out.

The messages go out first and unchanged, so a tracked cell shows exactly what it would show without us.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from mm_jupyter.kernel.sink import Buffer
from mm_jupyter.records import OWN_MIME_PREFIX, BlobDigest, Output, OutputKind

KEPT_BYTES = 10 * 1024 * 1024
"""Outputs of one run are kept up to this size in all; what is over is counted and left out."""

_FLUSH = "_flush_streams"
"""What ipykernel's publisher calls before it sends."""


@dataclass(slots=True)
class _Shown:
    """One output while the cell runs. Text pieces are joined at the end."""

    kind: OutputKind
    name: str
    pieces: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    truncated: int = 0


class Capture:
    """The outputs of one run, in nbformat's terms: streams joined, ``clear_output`` and updates applied."""

    def __init__(self) -> None:
        self._shown: list[_Shown] = []
        self._clear_next = False
        self._room = KEPT_BYTES

    def message(self, kind: str, content: dict[str, Any]) -> None:
        """Take one message of the kernel's output channel; other kinds are ignored."""
        if kind == "clear_output":
            self._clear_next = bool(content.get("wait"))
            if not self._clear_next:
                self._clear()
            return
        if kind == "update_display_data":
            self._update(content)
            return
        if kind not in ("stream", "display_data", "execute_result", "error"):
            return
        if any(mime.startswith(OWN_MIME_PREFIX) for mime in content.get("data", ())):
            return
        if self._clear_next:
            self._clear()
            self._clear_next = False
        if kind == "stream":
            self._stream(content["name"], content["text"])
        elif kind == "error":
            text = "\n".join(content.get("traceback", ()))
            kept = self._fit(text)
            shown = _Shown("error", content.get("ename", ""), [kept], {}, len(text) - len(kept))
            self._shown.append(shown)
        else:
            name = content.get("transient", {}).get("display_id") or ""
            shown = _Shown("display_data" if kind == "display_data" else "execute_result", name)
            self._fill(shown, content.get("data", {}))
            self._shown.append(shown)

    def _clear(self) -> None:
        self._shown.clear()
        self._room = KEPT_BYTES

    def _stream(self, name: str, text: str) -> None:
        last = self._shown[-1] if self._shown else None
        if last is None or last.kind != "stream" or last.name != name:
            last = _Shown("stream", name)
            self._shown.append(last)
        kept = self._fit(text)
        last.pieces.append(kept)
        last.truncated += len(text) - len(kept)

    def _fit(self, text: str) -> str:
        kept = text[: self._room]
        self._room -= len(kept)
        return kept

    def _fill(self, shown: _Shown, data: dict[str, Any]) -> None:
        for mime, content in data.items():
            size = _size(content)
            if size > self._room:
                shown.truncated += size
                continue
            self._room -= size
            shown.data[mime] = content

    def _update(self, content: dict[str, Any]) -> None:
        name = content.get("transient", {}).get("display_id")
        for shown in self._shown:
            if name and shown.name == name and shown.kind != "stream":
                # What is replaced makes room: a progress bar is updated ten thousand times.
                self._room += sum(map(_size, shown.data.values()))
                shown.truncated = 0
                shown.data.clear()
                self._fill(shown, content.get("data", {}))

    def outputs(
        self, put: Callable[[Buffer], BlobDigest], redact: Callable[[str], str]
    ) -> tuple[Output, ...]:
        """The outputs with their bytes put into a sink; secrets in texts are redacted on the way."""
        found = []
        for shown in self._shown:
            if shown.kind in ("stream", "error"):
                text = redact("".join(shown.pieces))
                data = {"text/plain": put(text.encode("utf-8", "surrogatepass"))}
            else:
                data = {
                    mime: put(_bytes(mime, value, redact)) for mime, value in shown.data.items()
                }
            found.append(
                Output(kind=shown.kind, name=shown.name, data=data, truncated=shown.truncated)
            )
        return tuple(found)

    @property
    def truncated(self) -> int:
        """Characters left out because the limit was reached."""
        return sum(shown.truncated for shown in self._shown)


def _size(content: Any) -> int:
    return len(content) if isinstance(content, str) else len(json.dumps(content))


def _bytes(mime: str, value: Any, redact: Callable[[str], str]) -> bytes:
    if not isinstance(value, str):
        return redact(json.dumps(value, sort_keys=True)).encode()
    if mime.startswith(("image/", "application/pdf")) and not mime.startswith("image/svg"):
        try:
            return base64.b64decode(value)
        except ValueError:
            return value.encode()
    return redact(value).encode("utf-8", "surrogatepass")


class OutputTap:
    """Watches what a shell sends to its front end.

    In a kernel it wraps ``Session.send`` on the instance; elsewhere (a terminal's IPython) it stands before the
    streams while a capture is open.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._captures: dict[str, tuple[Capture, ...]] = {}
        self._tees: dict[str, _Tee] = {}
        self._session = getattr(getattr(shell, "kernel", None), "session", None)
        self._send = None
        self._wrapped = None
        if self._session is not None:
            self._send = self._session.send
            self._wrapped = self._session.__dict__.get("send")  # somebody else watches, too
            self._session.send = self._sending

    def close(self) -> None:
        """Take the wrapper off again."""
        if self._session is not None and self._session.__dict__.get("send") == self._sending:
            del self._session.send
            if self._wrapped is not None:
                self._session.send = self._wrapped
        self._captures.clear()

    def _sending(
        self, stream: Any, msg_or_type: Any, content: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        assert self._send is not None
        sent = self._send(stream, msg_or_type, content, *args, **kwargs)
        if self._captures:
            # A message that we cannot read is the kernel's business, not the user's.
            with suppress(Exception):
                self._saw(msg_or_type, content, args, kwargs)
        return sent

    def _saw(
        self, msg_or_type: Any, content: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        if isinstance(msg_or_type, dict):
            kind = msg_or_type["header"]["msg_type"]
            content = msg_or_type["content"]
            parent = msg_or_type.get("parent_header") or {}
        else:
            kind = msg_or_type
            parent = kwargs.get("parent") or (args[0] if args else None) or {}
            parent = parent.get("header", parent)
        if content:
            for capture in self._captures.get(parent.get("msg_id", ""), ()):
                capture.message(kind, content)

    def begin(self, *captures: Capture) -> str:
        """Fill ``captures`` from now on with what the current request shows; returns the key for ``end``."""
        key = self.request()
        if key is None:
            self._tees = _stand_before_streams(captures)
            return ""
        self._captures[key] = captures
        return key

    def end(self, key: str) -> None:
        """Flush the streams and stop filling the capture."""
        for stream in (sys.stdout, sys.stderr):
            if _nothing_waits(stream):
                continue
            try:
                stream.flush()
            except (ValueError, OSError):  # closed, or replaced by the user
                continue
        self._captures.pop(key, None)
        for name, tee in self._tees.items():
            if getattr(sys, name) is tee:
                setattr(sys, name, tee.stream)
        self._tees = {}

    def request(self) -> str | None:
        """The id of the execute request that runs now; None outside a kernel."""
        kernel = getattr(self._shell, "kernel", None)
        if kernel is None:
            return None
        parent = kernel.get_parent() if hasattr(kernel, "get_parent") else kernel._parent_header
        message_id: str | None = (parent or {}).get("header", {}).get("msg_id")
        return message_id


def _nothing_waits(stream: Any) -> bool:
    """Whether a kernel's stream holds no text: to flush it would only wait for its thread, a third of a millisecond."""
    buffers = getattr(stream, "_buffers", None)
    return isinstance(buffers, dict) and not any(buffer.tell() for buffer in buffers.values())


@contextmanager
def without_flushing(shell: Any) -> Iterator[None]:
    """Let a kernel show what is displayed in here without flushing its streams before, where no text waits in them.

    ipykernel waits for its thread of messages twice otherwise, which costs more than the message itself.
    """
    publisher = getattr(shell, "display_pub", None)
    idle = all(_nothing_waits(stream) for stream in (sys.stdout, sys.stderr))
    if not idle or not hasattr(type(publisher), _FLUSH) or _FLUSH in vars(publisher):
        yield
        return
    setattr(publisher, _FLUSH, lambda: None)
    try:
        yield
    finally:
        vars(publisher).pop(_FLUSH, None)


def _stand_before_streams(captures: tuple[Capture, ...]) -> dict[str, _Tee]:
    tees = {name: _Tee(getattr(sys, name), name, captures) for name in ("stdout", "stderr")}
    for name, tee in tees.items():
        setattr(sys, name, tee)
    return tees


class _Tee:
    """A stream that writes to another one and into a capture."""

    def __init__(self, stream: Any, name: str, captures: tuple[Capture, ...]) -> None:
        self.stream, self._name, self._captures = stream, name, captures

    def write(self, text: str) -> int:
        written: int = self.stream.write(text)
        for capture in self._captures:
            capture.message("stream", {"name": self._name, "text": text})
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)
