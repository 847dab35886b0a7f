"""How a notebook shows the values that our verbs return: a table of types and views, each loaded when it is needed."""

from __future__ import annotations

import importlib
from typing import Any

from mm_jupyter.cards.rendered import Rendered

VIEWS = {
    "data.DataDiff": "data_views.data_diff_view",
    "data.RunData": "data_views.data_view",
    "diff.Diff": "diff_views.diff_view",
    "verdict.Judgement": "verdict_cards.verdict_card",
    "noise.Noise": "noise_view.noise_card",
    "verdict.NotebookJudgement": "notebook_view.notebook_card",
    "pack.Pack": "pack_view.pack_card",
    "pack.PackReplay": "displaying.replayed",
    "verdict.Recipe": "recipe_views.recipe_view",
    "run.Run": "run_pages.run_page",
    "card.RunCard": "run_cards.run_card",
    "run.RunRow": "displaying.one_row",
    "sweep.Sweep": "jobs_views.sweep_view",
}
"""By the record's module and name: the view's."""


def register(shell: Any) -> None:
    """Let a shell show them."""
    formatter = shell.display_formatter.mimebundle_formatter
    for kind in VIEWS:
        module, _, name = kind.partition(".")
        formatter.for_type_by_name(f"mm_jupyter.records.{module}", name, shown)


def shown(value: Any, **_includes: Any) -> dict[str, Any]:
    """The MIME bundle of one of them. IPython also says what to include and exclude, and does both itself."""
    kind = type(value)
    view = VIEWS[f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"]
    module, _, name = view.partition(".")
    draw = getattr(importlib.import_module(f"mm_jupyter.cards.{module}"), name)
    drawn: Rendered = draw(value)
    return drawn.bundle()


def replayed(done: Any) -> Rendered:
    """A pack that was replayed."""
    from mm_jupyter.cards.verdict_cards import verdict_card

    return verdict_card(done.judgement)


def one_row(row: Any) -> Rendered:
    """A run as a table of one."""
    from mm_jupyter.cards.run_tables import runs_table

    return runs_table([row])
