"""How a notebook shows the values that our verbs return: one table of types and views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mm_jupyter.cards.data_view import data_diff_view, data_view
from mm_jupyter.cards.diff_view import diff_view
from mm_jupyter.cards.jobs_view import sweep_view
from mm_jupyter.cards.noise_view import noise_card
from mm_jupyter.cards.notebook_view import notebook_card
from mm_jupyter.cards.pack_view import pack_card
from mm_jupyter.cards.recipe_view import recipe_view
from mm_jupyter.cards.rendered import Rendered
from mm_jupyter.cards.run_card import run_card
from mm_jupyter.cards.run_page import run_page
from mm_jupyter.cards.runs_table import runs_table
from mm_jupyter.cards.verdict_card import verdict_card
from mm_jupyter.records import (
    DataDiff,
    Diff,
    Judgement,
    Noise,
    NotebookJudgement,
    Pack,
    PackReplay,
    Recipe,
    Run,
    RunCard,
    RunData,
    RunRow,
)
from mm_jupyter.records.sweep import Sweep

VIEWS: dict[type, Callable[[Any], Rendered]] = {
    DataDiff: data_diff_view,
    Diff: diff_view,
    Judgement: verdict_card,
    Noise: noise_card,
    NotebookJudgement: notebook_card,
    Pack: pack_card,
    PackReplay: lambda done: verdict_card(done.judgement),
    Recipe: recipe_view,
    Run: run_page,
    RunCard: run_card,
    RunData: data_view,
    Sweep: sweep_view,
    RunRow: lambda row: runs_table([row]),
}


def register(shell: Any) -> None:
    """Let a shell show them."""
    formatter = shell.display_formatter.mimebundle_formatter
    for kind in VIEWS:
        formatter.for_type(kind, shown)


def shown(value: Any, **_: Any) -> dict[str, Any]:
    """The MIME bundle of one of them. IPython also says what to include and exclude, and does both itself."""
    return VIEWS[type(value)](value).bundle()
