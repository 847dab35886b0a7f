"""What replays say of a notebook that was never tracked: the sentence, why, and each cell."""

from __future__ import annotations

from html import escape

from mm_jupyter.cards import numbers
from mm_jupyter.cards.glyphs import SIGNS, tone, verdict_html
from mm_jupyter.cards.markup import page, text
from mm_jupyter.cards.rendered import Line, Rendered, table
from mm_jupyter.cards.verdict_cards import causes_html, causes_lines
from mm_jupyter.records import CellJudgement, NotebookJudgement

_GOOD = ("identical", "equivalent")


def notebook_card(judgement: NotebookJudgement) -> Rendered:
    """The cells that came out otherwise stand one by one with what they say, the others are counted."""
    bad = [cell for cell in judgement.cells if cell.count is not None and _is_bad(cell)]
    took = f"{numbers.count(judgement.replays, 'replay')}, {numbers.duration(judgement.seconds)}"
    lines: list[Line] = [
        (
            (f"{judgement.notebook}  ", "strong"),
            (f"{SIGNS[judgement.verdict]} {judgement.verdict}", tone(judgement.verdict)),
            (f": {judgement.said}", "plain"),
            (f"  ({took})", "quiet"),
        ),
        *causes_lines(judgement.causes),
        *table([_row(cell) for cell in bad], indent="  "),
    ]
    rest = _rest(judgement)
    if rest:
        lines.append(((f"  {rest}", "quiet"),))
    head = (
        verdict_html(judgement.verdict, with_word=False, large=True)
        + f'<div class="t"><b>{escape(numbers.cut(judgement.notebook, 80))} {judgement.verdict}.</b> '
        + f"{escape(judgement.said)}</div> "
        + text(took, "s q")
    )
    causes = causes_html(judgement.causes)
    because = f'<div class="sec"><div class="s q">Because</div>{causes}</div>' if causes else ""
    cells = "".join(_cell_html(cell) for cell in bad)
    body = f'<div class="one"><div>{cells}<div class="s q">{escape(rest)}</div></div></div>'
    return Rendered(lines=tuple(lines), html=page(f'<div class="hd">{head}</div>{because}{body}'))


def _is_bad(cell: CellJudgement) -> bool:
    """Something that was compared differs, or something could not be compared at all; not: it shows nothing."""
    return cell.verdict not in (*_GOOD, "unverifiable") or bool(cell.not_compared)


def _row(cell: CellJudgement) -> list[Line]:
    return [
        ((f"[{cell.count}]", "quiet"),),
        ((f"{SIGNS[cell.verdict]} {cell.verdict}", tone(cell.verdict)),),
        ((numbers.cut(cell.line, 40), "code"),),
        ((cell.said, "plain"),),
    ]


def _cell_html(cell: CellJudgement) -> str:
    line = f'<span class="m">[{cell.count}] {escape(numbers.cut(cell.line, 60))}</span>'
    said = f'<div class="s q">{escape(cell.said)}</div>'
    return f'<div class="cs">{verdict_html(cell.verdict, with_word=False)} <div>{line}{said}</div></div>'


def _rest(judgement: NotebookJudgement) -> str:
    """``5 cells as saved, 2 show nothing, 1 had not run``."""
    ran = [cell for cell in judgement.cells if cell.count is not None and not _is_bad(cell)]
    good = sum(cell.verdict in _GOOD for cell in ran)
    idle = len(judgement.cells) - sum(cell.count is not None for cell in judgement.cells)
    parts = [
        f"{numbers.count(good, 'cell')} as saved" if good else "",
        f"{len(ran) - good} show{'s' if len(ran) - good == 1 else ''} nothing"
        if len(ran) - good
        else "",
        f"{idle} had not run" if idle else "",
    ]
    return ", ".join(part for part in parts if part)
