"""Records to what people read: text for a terminal and a file, static HTML for a notebook. Pure."""

from mm_jupyter.cards.data_view import data_diff_view, data_view
from mm_jupyter.cards.diff_view import diff_view
from mm_jupyter.cards.environment_view import (
    environment_diff_view,
    environment_view,
    explanation_card,
)
from mm_jupyter.cards.jobs_view import batches_view, jobs_view, sweep_view
from mm_jupyter.cards.lists import faults_view, log_view, verdicts_table
from mm_jupyter.cards.noise_view import noise_card
from mm_jupyter.cards.notebook_view import notebook_card
from mm_jupyter.cards.pack_report import pack_report, replay_report
from mm_jupyter.cards.pack_view import pack_card
from mm_jupyter.cards.recipe_view import recipe_view
from mm_jupyter.cards.rendered import RUN_MIME, VIEW_MIME, Line, Rendered, Span, Tone
from mm_jupyter.cards.run_card import run_card
from mm_jupyter.cards.run_page import run_page
from mm_jupyter.cards.runs_table import runs_table
from mm_jupyter.cards.verdict_card import verdict_card

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
