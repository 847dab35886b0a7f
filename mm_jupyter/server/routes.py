"""The one table of routes, what the OpenAPI file says of them, and how a server gets them."""

from __future__ import annotations

import atexit
from dataclasses import dataclass
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import url_path_join
from tornado import web

from mm_jupyter import __version__
from mm_jupyter.server import events, handlers
from mm_jupyter.server.handler import MmHandler
from mm_jupyter.wire.typescript import schemas

BASE = "mm/api"
_RUN = "runs/{experiment}/{version}"
_PARTS = {
    "{experiment}": r"([^/?]+)",
    "{version}": r"([1-9][0-9]{0,8})",
    "{digest}": r"(blake2b:[0-9a-f]{32})",
    "{id}": r"([0-9]{1,18}|[a-z]{5,7}-[0-9a-f]{6})",
}


@dataclass(frozen=True, slots=True)
class Route:
    """``answers`` maps each method to the shape of its answer (``[Shape]``: a list); ``query`` names its arguments."""

    path: str
    handler: type[MmHandler]
    answers: dict[str, str]
    query: tuple[str, ...] = ()
    body: str | None = None


class OpenApi(MmHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.reply(openapi)


_FIND = ("query", "notebook")
ROUTES = (
    Route("experiments", handlers.Experiments, {"get": "History"}, (*_FIND, "metric")),
    Route(
        "runs",
        handlers.Runs,
        {"get": "Page", "delete": "Done"},
        (*_FIND, "experiment", "sort", "offset", "limit", "changes"),
        "runs",
    ),
    Route(_RUN, handlers.OneRun, {"get": "Run", "patch": "Done"}, ("against",), "note, tags"),
    Route(f"{_RUN}/series", handlers.Series, {"get": "Series"}, ("name", "points")),
    Route(f"{_RUN}/artifacts/{{digest}}", handlers.Artifact, {"get": "bytes"}),
    Route(f"{_RUN}/recipe", handlers.RecipeOf, {"get": "notebook"}),
    Route(f"{_RUN}/verdicts", handlers.Verdicts, {"get": "[Verdict]"}),
    Route(f"{_RUN}/models", handlers.Models, {"get": "[Model]"}),
    Route("diff", handlers.Difference, {"get": "Diff"}, ("old", "new")),
    Route("data-diff", handlers.DataDifference, {"get": "DataDiff"}, ("old", "new")),
    Route("compare", handlers.Compared, {"get": "Compare"}, ("runs",)),
    Route("jobs", handlers.Jobs, {"get": "Replays", "post": "[Job]"}, (), "runs, unreplayed"),
    Route("jobs/{id}", handlers.OneJob, {"delete": "[Job]"}),
    Route("names", handlers.Names, {"get": "Names"}),
    Route("cells", handlers.Cells, {"get": "Cells"}, ("notebook", "cell")),
    Route("setting", handlers.Setting, {"get": "Setting", "put": "Setting"}, (), "enabled"),
    Route("events", events.Events, {"get": "text/event-stream"}),
    Route("openapi.json", OpenApi, {"get": "object"}),
)


def add_to(app: Any) -> None:
    """Give a Jupyter server the routes."""
    events.add_settings(app.web_app.settings, app.root_dir)
    atexit.register(app.web_app.settings["mm_jupyter_spaces"].close)
    base = app.web_app.settings["base_url"]
    app.web_app.add_handlers(
        ".*$", [(url_path_join(base, BASE, pattern(route.path)), route.handler) for route in ROUTES]
    )


def pattern(path: str) -> str:
    """A route's path as the regular expression that finds it."""
    for part, expression in _PARTS.items():
        path = path.replace(part, expression)
    return path + "$"


def openapi() -> dict[str, Any]:
    """The OpenAPI description of all routes, made from the table and the shapes."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "mm_jupyter", "version": __version__},
        "paths": {f"/{BASE}/{route.path}": _described(route) for route in ROUTES},
        "components": {"schemas": schemas()},
    }


def _described(route: Route) -> dict[str, Any]:
    parts = [
        part for part in ("experiment", "version", "digest", "id") if f"{{{part}}}" in route.path
    ]
    parameters: list[dict[str, Any]] = [
        {"name": part, "in": "path", "required": True, "schema": {"type": "string"}}
        for part in parts
    ]
    parameters += [
        {"name": name, "in": "query", "schema": {"type": "string"}}
        for name in ("path", *route.query)
    ]
    described: dict[str, Any] = {"parameters": parameters}
    for method, shape in route.answers.items():
        described[method] = {
            "responses": {
                "200": {"description": "what was asked for", **_content(shape)},
                "default": {"description": "a sentence", **_content("Error")},
            }
        }
        if method in ("post", "put", "patch", "delete") and route.body:
            described[method]["requestBody"] = {
                "description": f"a JSON object: {route.body}",
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
    return described


def _content(shape: str) -> dict[str, Any]:
    if shape == "bytes":
        return {"content": {"application/octet-stream": {}}}
    if shape == "text/event-stream":
        return {"content": {shape: {"schema": {"$ref": "#/components/schemas/Event"}}}}
    named = shape.strip("[]")
    schema: dict[str, Any] = {"type": "object"}
    if named[0].isupper():
        schema = {"$ref": f"#/components/schemas/{named}"}
    if shape.startswith("["):
        schema = {"type": "array", "items": schema}
    return {"content": {"application/json": {"schema": schema}}}
