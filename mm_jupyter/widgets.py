"""What ``mm`` can say as widgets of the notebook: they need no server extension, so they work in VS Code and Colab too.

Each leaves a static HTML and a text form in the file, which show where no widget can: on a forge, in nbconvert.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from mm_jupyter.api import history as looking
from mm_jupyter.api import replays, runs
from mm_jupyter.cards import Rendered, diff_view, run_card, runs_table, verdict_card
from mm_jupyter.cards.rendered import VIEW_MIME
from mm_jupyter.errors import BadInput, NotFound
from mm_jupyter.wire import comparison, page, strict

_BUNDLE = Path(__file__).parent / "static" / "widget.js"
_POINTS = 1000
_LIVE = 0.5
"""Seconds between two looks at a run that is still going."""


class View(anywidget.AnyWidget):
    """A view of wire data. ``view`` says which."""

    _esm = _BUNDLE if _BUNDLE.is_file() else "export default { render() {} }"
    view = traitlets.Unicode().tag(sync=True)
    data = traitlets.Dict().tag(sync=True)

    def __init__(self, view: str, data: dict[str, Any], rendered: Rendered) -> None:
        super().__init__(view=view, data=data)
        self._rendered = rendered

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        found = super()._repr_mimebundle_(**kwargs)
        bundle, metadata = found if isinstance(found, tuple) else (found, {})
        static = {
            "text/plain": self._rendered.text,
            "text/html": self._rendered.html,
            VIEW_MIME: {},
        }
        return {**(bundle or {}), **static}, metadata


def card(name: str, *, metric: str | None = None) -> View:
    """The card of a run.

    Raises:
        NoSuchRun: with the nearest names.
    """
    space = runs.found(None)
    (line,) = looking.lines(space, [runs.get(name).row])
    shown = {"row": page.row(line), "metric": metric}
    return View("run", strict(shown), run_card(runs.card(name)))


def history(query: str | None = None, *, sort: str | None = None, limit: int = 20) -> View:
    """Runs that fit a query, newest first, as cards.

    Raises:
        BadQuery: with a caret under the fault.
    """
    found = looking.page(query, sort=sort, limit=limit)
    rows = [line.row for line in found.lines]
    return View("history", strict(page.page(found)), runs_table(rows, total=found.total))


def compare(*names: str) -> View:
    """Two or more runs: what differs, curves over each other, parallel coordinates.

    Raises:
        NoSuchRun: one of them does not exist.
        BadInput: fewer than two are named.
    """
    if len(names) < 2:
        raise BadInput("compare takes two or more runs, for example compare('churn/6', 'churn/7').")
    shape = comparison.compare(looking.compare(names))
    series = {}
    for name in names:
        for key in shape["series"][:6]:
            try:
                chunk = runs.series(name, key)
            except NotFound:
                continue  # not every run has every series
            series[f"{name} {key}"] = page.series(
                name, looking.sampled(chunk, _POINTS), len(chunk.steps)
            )
    last = runs.diff(names[0], names[-1])
    data = {
        "compare": shape,
        "series": series,
        "diffs": {f"{names[0]} {names[-1]}": page.diff(last)},
    }
    return View("compare", strict(data), diff_view(last))


def verdict(name: str) -> View:
    """The newest verdict of a run, item by item.

    Raises:
        NotFound: it was not replayed yet.
    """
    judged = replays.verdicts(name)
    if not judged:
        raise NotFound(f"{name} was not replayed yet: say mm.replay({name!r}) first.")
    return View("verdict", strict(page.verdict(judged[-1])), verdict_card(judged[-1]))


def curve(name: str, *series: str) -> View:
    """The series of a run (all, where none is named), drawn as they grow while the run goes on.

    Raises:
        NoSuchRun: with the nearest names.
    """
    view = View("curve", _curves(name, series), run_card(runs.card(name)))
    if runs.get(name).row.status == "running":
        threading.Thread(target=_follow, args=(view, name, series), daemon=True).start()
    return view


def _curves(name: str, wanted: tuple[str, ...]) -> dict[str, Any]:
    run = runs.get(name)
    shown = [key for key in wanted or run.series if key in run.series]
    found = []
    for key in shown:
        chunk = runs.series(name, key)
        found.append(page.series(name, looking.sampled(chunk, _POINTS), len(chunk.steps)))
    return {"series": strict(found)}


def _follow(view: View, name: str, series: tuple[str, ...]) -> None:
    running = True
    while running:
        time.sleep(_LIVE)
        try:
            running = runs.get(name).row.status == "running"
            view.data = _curves(name, series)
        except Exception:  # noqa: BLE001 - a curve that stops moving breaks no cell
            return
