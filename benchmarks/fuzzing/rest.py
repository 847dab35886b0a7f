"""The REST interface of a real Jupyter server in this process, asked at random."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import os
import random
import socket
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fuzzing import mutating

TOKEN = "fuzz"
METHODS = ("GET", "GET", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
PARTS = {
    "{experiment}": ("churn", "other", "é"),
    "{version}": ("1", "2", "999999999"),
    "{digest}": ("blake2b:" + "0" * 32,),
    "{id}": ("1", "replay-0a1b2c", "999999999999999999"),
}
ARGUMENTS = {
    "query": ("metrics.accuracy > 0.5", "status == 'failed'", "started > '-1h'"),
    "sort": ("-metrics.accuracy", "started"),
    "path": ("", "churn.ipynb", "a/b.ipynb"), "notebook": ("churn.ipynb",), "cell": ("c1",), "metric": ("accuracy",),
    "offset": ("0", "10"), "limit": ("5", "500"), "changes": ("0",), "against": ("churn/1",), "name": ("loss",),
    "points": ("10",), "old": ("churn/1",), "new": ("churn/2",), "runs": ("churn/1,churn/2",), "experiment": ("churn",),
}  # fmt: skip
BODIES: tuple[Any, ...] = (
    {"note": "a", "tags": {"k": "v"}}, {"runs": ["churn/999"]}, {"enabled": "yes"}, {"unreplayed": False},
    {"runs": ["churn/77"], "kind": "explain"},
)  # fmt: skip
"""None starts a replay: that runs code for seconds. Whatever becomes of them must not either, and is not sent there."""


class ServerFault(AssertionError):
    """What the server logged, or an answer that is none."""

    @property
    def where(self) -> str:
        """The last place of ours in the logged traceback, and what was raised."""
        lines = str(self).splitlines()
        ours = [
            line.split('"')[1].rpartition("/mm_jupyter/")[2]
            for line in lines
            if "/mm_jupyter/" in line
        ]
        return f"{ours[-1] if ours else ''} {lines[-1].partition(':')[0][-60:]}"


class Rest:
    """A server over ``folder``. An answer may be anything that is no 500 without a code of ours; a log with a traceback
    of ours in it is a fault too. What Jupyter itself answers to an address that is none of ours counts as refused."""

    def __init__(self, folder: Path) -> None:
        self._logged: list[str] = []
        self._ready = threading.Event()
        self._port = _free_port()
        self._routes = _routes()
        home = folder / "home"
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            os.environ[name] = str(home / name.lower())
        self._thread = threading.Thread(target=self._serve, args=(folder,), daemon=True)
        self._thread.start()
        if not self._ready.wait(60):
            raise RuntimeError("the server did not start")
        self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)

    def _serve(self, folder: Path) -> None:
        from jupyter_server.serverapp import ServerApp

        from mm_jupyter.server.routes import add_to

        async def serve() -> None:
            app = ServerApp(
                port=self._port, port_retries=0, ip="127.0.0.1", open_browser=False, allow_root=True,
                root_dir=str(folder), jpserver_extensions={}, log_level=logging.ERROR,
            )  # fmt: skip
            app.init_signal = lambda: None  # signals belong to the main thread
            app.initialize(argv=[f"--IdentityProvider.token={TOKEN}"], find_extensions=False)
            add_to(app)
            app.log.handlers = [_Listening(self._logged)]
            logging.getLogger("tornado.application").addHandler(_Listening(self._logged))
            self._app, self._loop = app, asyncio.get_running_loop()
            self._stop = asyncio.Event()
            while not app.http_server._sockets:  # the app binds them itself once its loop runs
                await asyncio.sleep(0.05)
            self._ready.set()
            await self._stop.wait()

        asyncio.run(serve())

    def close(self) -> None:
        self._connection.close()
        self._app.web_app.settings["mm_jupyter_spaces"].close()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def make(self, rng: random.Random) -> tuple[str, str, bytes | None]:
        path, names, methods = rng.choice(self._routes)
        method = rng.choice(METHODS) if rng.random() < 0.3 else rng.choice(methods).upper()
        for part, values in PARTS.items():
            value = rng.choice(values)
            if rng.random() < 0.15:
                value = mutating.text(rng, values)[:300]
            path = path.replace(part, _quoted(value, ":"))
        asked = []
        for name in names:
            if rng.random() < 0.5:
                value = rng.choice(ARGUMENTS[name])
                if rng.random() < 0.5:
                    value = mutating.text(rng, ARGUMENTS[name])[:2000]
                asked.append(f"{name}={_quoted(value, '%' if rng.random() < 0.1 else '')}")
        body = None
        if method in ("POST", "PUT", "PATCH", "DELETE"):
            body = mutating.dumped(mutating.structure(rng, rng.choice(BODIES)))
            if rng.random() < 0.2:
                body = mutating.data(rng, body)
            if b"true" in body or b"1" in body:
                body = b'{"runs": [null], "note": 5}'
        return method, path + ("?" + "&".join(asked) if asked else ""), body

    def try_(self, given: tuple[str, str, bytes | None]) -> None:
        method, path, body = given
        headers = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}
        self._logged.clear()
        try:
            self._connection.request(method, f"/mm/api/{path}", body, headers)
            answer = self._connection.getresponse()
            said = answer.read()
        except http.client.HTTPException:
            self._connection.close()
            raise
        code = None
        if answer.status >= 400 and method != "HEAD":
            code = (
                json.loads(said)["code"] if "json" in (answer.headers["Content-Type"] or "") else ""
            )
        logged = " ".join(self._logged).strip()
        unnamed = answer.status >= 500 and code is not None and code.startswith("http-")
        if "/mm_jupyter/" in logged or unnamed:
            raise ServerFault(f"{answer.status} {said[:300]!r} {logged[-3000:]}")
        if code == "store-damaged":
            raise AssertionError(f"a healthy store is called damaged: {said!r}")
        if answer.status >= 400:
            raise _refused(said)


def _refused(said: bytes) -> Exception:
    from mm_jupyter.errors import BadInput

    return BadInput(said.decode("utf-8", "replace") or "refused")


def _routes() -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    from mm_jupyter.server.routes import ROUTES

    return [
        (route.path, ("path", *route.query), tuple(route.answers))
        for route in ROUTES
        if route.path != "events"  # it never ends
    ]


def _quoted(value: str, safe: str) -> str:
    return quote(value.encode("utf-8", "surrogatepass"), safe=safe)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Listening(logging.Handler):
    """Keeps what is logged with a traceback."""

    def __init__(self, logged: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._logged = logged

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self._logged.append(logging.Formatter().format(record))
