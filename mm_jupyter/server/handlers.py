"""One class a route: each reads its arguments and calls one verb."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast, get_args

import nbformat
from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.ioloop import IOLoop

from mm_jupyter.api import data, enabling, groups, history, recipes, replays, runs, work
from mm_jupyter.errors import BadInput
from mm_jupyter.records import RunRef
from mm_jupyter.records.jobs import JobKind
from mm_jupyter.server.handler import MmHandler
from mm_jupyter.wire import comparison, page, shapes

PAGE = 500
"""Rows that one page has at the most."""
COMPARED = 500
"""Runs that are compared at the most."""


class Experiments(MmHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        def verb() -> Any:
            space = self.space
            found = groups.history(
                self.get_argument("query", ""),
                notebook=self.notebook(),
                metric=self.get_argument("metric", None),
                workspace=space,
            )
            return page.history(found, space.root.name, space.store.read_only)

        await self.reply(verb)


class Runs(MmHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        def verb() -> Any:
            found = history.page(
                self.get_argument("query", ""),
                experiment=self.get_argument("experiment", None),
                notebook=self.notebook(),
                sort=self.get_argument("sort", None),
                offset=self.whole("offset", 0, 10**9),
                limit=self.whole("limit", 50, PAGE),
                with_changes=self.get_argument("changes", "1") != "0",
                workspace=self.space,
            )
            return page.page(found)

        await self.reply(verb)

    @web.authenticated
    @authorized
    async def delete(self) -> None:
        def verb() -> shapes.DoneShape:
            names = _names(self.body())
            runs.delete(names, workspace=self.space)
            return {"tag": "done", "runs": names}

        await self.reply(verb)


class OneRun(MmHandler):
    @web.authenticated
    @authorized
    async def get(self, experiment: str, version: str) -> None:
        name = f"{experiment}/{version}"
        against = self.get_argument("against", None)
        await self.reply(
            lambda: page.run(history.run_page(name, against=against, workspace=self.space))
        )

    @web.authenticated
    @authorized
    async def patch(self, experiment: str, version: str) -> None:
        """``{"note": text or null, "tags": {key: text or null}}``: what is not named stays."""

        def verb() -> shapes.DoneShape:
            name, said, space = f"{experiment}/{version}", self.body(), self.space
            note, tags = said.get("note"), said.get("tags", {})
            if not isinstance(tags, dict) or not all(
                _is_text(one) for one in (note, *tags.values())
            ):
                raise BadInput("A note and the values of tags are texts, or null.")
            if "note" in said:
                runs.note(name, note or None, workspace=space)
            runs.tag(name, {key: value or None for key, value in tags.items()}, workspace=space)
            return {"tag": "done", "runs": [name]}

        await self.reply(verb)


class Difference(MmHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        old, new = self.get_argument("old", ""), self.get_argument("new", "")
        await self.reply(lambda: page.diff(runs.diff(old, new, workspace=self.space)))


class DataDifference(MmHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        old, new = self.get_argument("old", ""), self.get_argument("new", "")
        await self.reply(lambda: page.data(data.data_diff(old, new, workspace=self.space)))


class Compared(MmHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        names = [name for name in self.get_argument("runs", "").split(",") if name]

        def verb() -> Any:
            if not names or len(names) > COMPARED:
                raise BadInput(f"From 1 to {COMPARED} runs can be compared, not {len(names):,}.")
            return comparison.compare(history.compare(names, workspace=self.space))

        await self.reply(verb)


class Series(MmHandler):
    @web.authenticated
    @authorized
    async def get(self, experiment: str, version: str) -> None:
        name, key = f"{experiment}/{version}", self.get_argument("name", "")
        points = self.whole("points", 1000, 20_000)

        def verb() -> Any:
            chunk = runs.series(name, key, workspace=self.space)
            return page.series(name, history.sampled(chunk, points), len(chunk.steps))

        await self.reply(verb)


class Artifact(MmHandler):
    """The bytes of an artifact. Whatever a run kept is a download, never a page of this server."""

    @web.authenticated
    @authorized
    async def get(self, experiment: str, version: str, digest: str) -> None:
        name = f"{experiment}/{version}"
        media_type, content = await IOLoop.current().run_in_executor(
            None, lambda: history.artifact(name, digest, workspace=self.space)
        )
        picture = media_type in ("image/png", "image/jpeg", "image/gif", "image/webp")
        self.set_header("Content-Type", media_type if picture else "application/octet-stream")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Disposition", "inline" if picture else "attachment")
        await self.finish(content)


class RecipeOf(MmHandler):
    @web.authenticated
    @authorized
    async def get(self, experiment: str, version: str) -> None:
        """The recipe as a notebook."""
        name = f"{experiment}/{version}"

        def verb() -> Any:
            return json.loads(nbformat.writes(recipes.recipe_notebook(name, workspace=self.space)))

        await self.reply(verb)


class Verdicts(MmHandler):
    @web.authenticated
    @authorized
    async def get(self, experiment: str, version: str) -> None:
        name = f"{experiment}/{version}"
        await self.reply(
            lambda: [page.verdict(one) for one in replays.verdicts(name, workspace=self.space)]
        )


class Models(MmHandler):
    @web.authenticated
    @authorized
    async def get(self, experiment: str, version: str) -> None:
        name = f"{experiment}/{version}"
        await self.reply(lambda: page.run(history.run_page(name, workspace=self.space))["models"])


class Jobs(MmHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        def verb() -> shapes.ReplaysShape:
            space = self.space
            self.spaces.queue(space)  # goes on with what an earlier server left
            return page.replays(history.reproduced(workspace=space), work.work(workspace=space))

        await self.reply(verb)

    @web.authenticated
    @authorized("execute", "kernels")  # type: ignore[untyped-decorator]  # typed for its bare form only
    async def post(self) -> None:
        """``{"runs": [names]}`` or ``{"unreplayed": true}``: start replays. Replaying runs code. ``kind`` may ask to
        ``explain`` the runs, or to measure their ``noise``, instead."""

        def verb() -> Any:
            said, space = self.body(), self.space
            if said.get("unreplayed"):
                rows = runs.find(
                    "verdict == None and status == 'completed'", limit=1000, workspace=space
                )
                refs = [row.ref for row in rows]
            else:
                refs = [RunRef.parse(name) for name in _names(said)]
            return [page.job(one) for one in self.spaces.queue(space).add(refs, _kind(said))]

        await self.reply(verb)


class OneJob(MmHandler):
    @web.authenticated
    @authorized("execute", "kernels")  # type: ignore[untyped-decorator]  # typed for its bare form only
    async def delete(self, key: str) -> None:
        """Stop a job, or with the name of a batch all that is left of it."""

        def verb() -> Any:
            queue = self.spaces.queue(self.space)
            stopped = [queue.cancel(int(key))] if key.isdecimal() else queue.cancel_batch(key)
            return [page.job(one) for one in stopped]

        await self.reply(verb)


class Names(MmHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.reply(lambda: page.names(history.names(workspace=self.space)))


class Cells(MmHandler):
    """The tracked cells of a notebook; with ``?cell=`` the versions of one."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        def verb() -> Any:
            notebook, cell = self.notebook() or "", self.get_argument("cell", "")
            if cell:
                return page.cell(cell, history.cell(notebook, cell, workspace=self.space))
            return page.cells(notebook, history.cells(notebook, workspace=self.space))

        await self.reply(verb)


class Setting(MmHandler):
    """Whether new kernels record themselves."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.reply(self._said)

    @web.authenticated
    @authorized("write", "kernels")  # type: ignore[untyped-decorator]  # typed for its bare form only
    async def put(self) -> None:
        def verb() -> shapes.SettingShape:
            wanted = self.body().get("enabled")
            if not isinstance(wanted, bool):
                raise BadInput("enabled takes true or false.")
            if wanted:
                enabling.enable()
            else:
                enabling.disable()
            return self._said()

        await self.reply(verb)

    def _said(self) -> shapes.SettingShape:
        folder = self.spaces.place(str(Path(self.get_argument("path", "")).parent))
        return {"tag": "setting", "enabled": enabling.enabled_in(folder)}


def _names(said: dict[str, Any]) -> list[str]:
    names = said.get("runs")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise BadInput("runs takes a list of names, for example ['churn/7'].")
    return names


def _kind(said: dict[str, Any]) -> JobKind:
    kind = said.get("kind", "replay")
    kinds = [one for one in get_args(JobKind) if one != "point"]
    if kind not in kinds:
        raise BadInput(f"kind takes {', '.join(kinds)}.")
    return cast("JobKind", kind)


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)
