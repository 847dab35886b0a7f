"""Records to what people read: text for a terminal and a file, static HTML for a notebook. Pure.

Views are loaded when they are first used: a kernel that never asks for one does not pay for it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mm_jupyter.cards.data_views import data_diff_view, data_view
    from mm_jupyter.cards.diff_views import diff_view
    from mm_jupyter.cards.environment_views import (
        environment_diff_view,
        environment_view,
        explanation_card,
    )
    from mm_jupyter.cards.jobs_views import batches_view, jobs_view, sweep_view
    from mm_jupyter.cards.lists import faults_view, log_view, verdicts_table
    from mm_jupyter.cards.noise_view import noise_card
    from mm_jupyter.cards.notebook_view import notebook_card
    from mm_jupyter.cards.pack_reports import pack_report, replay_report
    from mm_jupyter.cards.pack_view import pack_card
    from mm_jupyter.cards.recipe_views import recipe_view
    from mm_jupyter.cards.rendered import RUN_MIME, VIEW_MIME, Line, Rendered, Span, Tone
    from mm_jupyter.cards.run_cards import run_card
    from mm_jupyter.cards.run_pages import run_page
    from mm_jupyter.cards.run_tables import runs_table
    from mm_jupyter.cards.verdict_cards import verdict_card

__all__ = [
    "RUN_MIME",
    "VIEW_MIME",
    "Line",
    "Rendered",
    "Span",
    "Tone",
    "batches_view",
    "data_diff_view",
    "data_view",
    "diff_view",
    "environment_diff_view",
    "environment_view",
    "explanation_card",
    "faults_view",
    "jobs_view",
    "log_view",
    "noise_card",
    "notebook_card",
    "pack_card",
    "pack_report",
    "recipe_view",
    "replay_report",
    "run_card",
    "run_page",
    "runs_table",
    "sweep_view",
    "verdict_card",
    "verdicts_table",
]

_HOMES = {
    "Line": "rendered",
    "RUN_MIME": "rendered",
    "Rendered": "rendered",
    "Span": "rendered",
    "Tone": "rendered",
    "VIEW_MIME": "rendered",
    "batches_view": "jobs_views",
    "data_diff_view": "data_views",
    "data_view": "data_views",
    "diff_view": "diff_views",
    "environment_diff_view": "environment_views",
    "environment_view": "environment_views",
    "explanation_card": "environment_views",
    "faults_view": "lists",
    "jobs_view": "jobs_views",
    "log_view": "lists",
    "noise_card": "noise_view",
    "notebook_card": "notebook_view",
    "pack_card": "pack_view",
    "pack_report": "pack_reports",
    "recipe_view": "recipe_views",
    "replay_report": "pack_reports",
    "run_card": "run_cards",
    "run_page": "run_pages",
    "runs_table": "run_tables",
    "sweep_view": "jobs_views",
    "verdict_card": "verdict_cards",
    "verdicts_table": "lists",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
