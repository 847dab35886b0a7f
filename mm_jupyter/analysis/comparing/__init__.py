"""A record and its replays -> item by item how equal they are, and a verdict."""

from mm_jupyter.analysis.comparing.compare import Comparison, compare
from mm_jupyter.analysis.comparing.judge import Judged, agree, judge, overall
from mm_jupyter.analysis.comparing.matching import ATOL, RTOL
from mm_jupyter.analysis.comparing.rules import user_rules
from mm_jupyter.analysis.comparing.sides import Excuse, Side, UserRule

__all__ = [
    "ATOL",
    "RTOL",
    "Comparison",
    "Excuse",
    "Judged",
    "Side",
    "UserRule",
    "agree",
    "compare",
    "judge",
    "overall",
    "user_rules",
]
