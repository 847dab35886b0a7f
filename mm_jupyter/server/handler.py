"""What every route shares: who may ask, how an answer and an error look."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar

from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.ioloop import IOLoop

from mm_jupyter.errors import (
    BadInput,
    BadQuery,
    CannotReplay,
    MmError,
    NotFound,
    StoreLocked,
    StoreReadOnly,
    StoreUntrusted,
)
from mm_jupyter.server.spaces import Spaces, relative
from mm_jupyter.wire.shapes import ErrorShape

STATUS: tuple[tuple[type[MmError], int], ...] = (
    (StoreUntrusted, 403),
    (NotFound, 404),
    (BadInput, 400),
    (CannotReplay, 409),
    (StoreLocked, 503),
    (StoreReadOnly, 409),
)
"""The first that fits; everything else of ours is 500."""


def status_of(error: MmError) -> int:
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


class MmHandler(APIHandler):
    """A route. Subclasses answer with ``self.reply(verb)``, which runs ``verb`` in a thread."""

    auth_resource = "mm_jupyter"
    changed: ClassVar[Callable[[str], None]]

    @property
    def spaces(self) -> Spaces:
        found: Spaces = self.settings["mm_jupyter_spaces"]
        return found

    @property
    def space(self) -> Any:
        """The workspace of ``?path=``."""
        return self.spaces.at(self.get_argument("path", ""))

    def notebook(self) -> str | None:
        """``?notebook=`` as the workspace names it, None where the question is about all notebooks."""
        path = self.get_argument("notebook", "")
        return relative(self.space, self.spaces.place(path)) if path else None

    def whole(self, name: str, default: int, most: int) -> int:
        """A whole number from 0 to ``most``.

        Raises:
            BadInput: it is none.
        """
        text = self.get_argument(name, str(default))
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            raise BadInput(f"{name} takes a whole number, not {text[:40]!r}.")
        return min(int(text), most)

    def body(self) -> dict[str, Any]:
        """The JSON object of the request.

        Raises:
            BadInput: it is none.
        """
        try:
            found = json.loads(self.request.body or b"{}")
        except (ValueError, RecursionError) as error:
            raise BadInput("The body of this request is no JSON.") from error
        if not isinstance(found, dict):
            raise BadInput("The body of this request is no JSON object.")
        return found

    async def reply(self, verb: Callable[[], Any]) -> None:
        """Answer with what ``verb`` returns. It reads a disk, so that it runs beside the server's loop."""
        try:
            value = await IOLoop.current().run_in_executor(None, verb)
        except MmError as error:
            self.refuse(error)
            return
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-cache")
        await self.finish(
            json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        )

    def refuse(self, error: MmError) -> None:
        """Say what is wrong."""
        self.set_status(status_of(error))
        said: ErrorShape = {
            "tag": "error",
            "code": error.code,
            "message": error.why if isinstance(error, BadQuery) else str(error),
            "column": error.column if isinstance(error, BadQuery) else None,
        }
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(said))

    def log_exception(self, *raised: Any) -> None:
        """What is refused with a sentence is no fault of the server: its log is spared the traceback."""
        if not isinstance(raised[1], MmError):
            super().log_exception(*raised)

    def write_error(self, status_code: int, **facts: Any) -> None:
        """Everything else that goes wrong has the same form."""
        raised = facts.get("exc_info", (None, None, None))[1]
        if isinstance(raised, MmError):
            self.refuse(raised)
            return
        message = raised.log_message if isinstance(raised, web.HTTPError) else None
        said: ErrorShape = {
            "tag": "error",
            "code": f"http-{status_code}",
            "message": message or self._reason,
            "column": None,
        }
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(said))
