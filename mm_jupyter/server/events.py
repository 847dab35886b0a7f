"""Server-sent events: a browser hears within a quarter of a second that the store or a replay has changed."""

from __future__ import annotations

import asyncio
import atexit
import json
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.iostream import StreamClosedError

from mm_jupyter.errors import MmError
from mm_jupyter.server.handler import MmHandler
from mm_jupyter.server.spaces import Spaces

EVERY = 0.2
"""Seconds between two looks at the store: each is one PRAGMA, about 10 us."""
BEAT = 15.0
"""Seconds after which a silent stream says that it is alive."""


class Events(MmHandler):
    """``GET events?path=``: a stream of ``Event``s as long as the browser listens."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        space = self.space
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")
        watch = space.store.watch()
        silent = 0.0
        try:
            await self._say("hello")
            while True:
                await asyncio.sleep(EVERY)
                silent += EVERY
                what = watch.changed()
                for one in what:
                    await self._say(one)
                if what:
                    silent = 0.0
                elif silent > BEAT:
                    silent = 0.0
                    self.write(": alive\n\n")
                    await self.flush()
                if self.space is not space:  # deleted: another store may lie further up
                    await self._say("gone")
                    return
        except StreamClosedError:
            return  # the browser has gone
        except MmError:
            await self._say("gone")
        finally:
            watch.close()

    async def _say(self, what: str) -> None:
        self.write(f"data: {json.dumps({'tag': 'event', 'what': what})}\n\n")
        await self.flush()


def add_settings(settings: dict[str, Any], root: str) -> None:
    """What the handlers share."""
    spaces = settings["mm_jupyter_spaces"] = Spaces(root)
    atexit.register(spaces.close)
