"""The slim card under a tracked cell: one line at every width."""

from __future__ import annotations

import math
from html import escape
from typing import Any

from mm_jupyter.cards import numbers
from mm_jupyter.cards.facts import (
    TRIANGLES,
    WITHIN,
    WORDS,
    Measure,
    change_line,
    class_name,
    ending,
    main_metric,
    measure,
    measure_line,
    sides,
    sorted_changes,
)
from mm_jupyter.cards.glyphs import model_html, status_html, verdict_html, verdict_line
from mm_jupyter.cards.markup import el, slim, text
from mm_jupyter.cards.rendered import Line, Rendered, Tone, join, plain
from mm_jupyter.records import Change, RunCard, RunRef


def run_card(card: RunCard) -> Rendered:
    """The card of a run: name, metric with its judged delta, what changed, model, inputs, duration, how to replay it,
    verdict. Of a run that did not complete: what happened, in the exception's own first line."""
    name = main_metric(card.row, card.metric)
    shown = measure(name, card.row, card.parent) if name else None
    changes = sorted_changes(card.changes)
    return Rendered(
        lines=(_line(card, shown, changes),),
        html=slim(_html(card, shown, changes)),
        json=_json(card, changes),
    )


def _replay(card: RunCard) -> str:
    return f"%mm replay {card.row.ref}"


def _facts(card: RunCard) -> list[str]:
    """Model and size, inputs, duration: the longer a fact can wait, the later it stands."""
    facts = []
    if card.models:
        _, type_, size = card.models[0]
        more = f" +{len(card.models) - 1}" if len(card.models) > 1 else ""
        facts.append(f"{numbers.cut(class_name(type_), 48)} {numbers.size(size)}{more}")
    if card.inputs:
        facts.append(numbers.count(card.inputs, "input"))
    if card.row.seconds is not None and card.row.status != "interrupted":
        facts.append(numbers.duration(card.row.seconds))
    return facts


def _since(card: RunCard, changes: tuple[Change, ...]) -> str:
    """``since churn/6``, or why there is nothing to compare."""
    if card.parent is None:
        return "first run"
    return f"since {card.parent.ref}" if changes else f"same as {card.parent.ref}"


def _line(card: RunCard, shown: Measure | None, changes: tuple[Change, ...]) -> Line:
    said = ending(card)
    parts: list[Line] = [((str(card.row.ref), "strong"),)]
    if said:
        tone: Tone = "bad" if card.row.status in ("failed", "crashed") else "quiet"
        parts.append(((said, tone),))
    if shown:
        parts.append(measure_line(shown))
    elif not said:
        parts.append((("no metric", "quiet"),))
    if changes:
        more = f" +{len(changes) - 1} more" if len(changes) > 1 else ""
        since = f"{more} since {card.parent.ref}" if card.parent else more
        parts.append((*change_line(changes[0]), (since, "quiet")))
    elif not said:
        parts.append(((_since(card, changes), "quiet"),))
    parts += [((fact, "quiet"),) for fact in _facts(card)]
    if card.row.status != "running":
        parts.append(((_replay(card), "code"),))
    if card.row.verdict:
        parts.append(verdict_line(card.row.verdict))
    return join(parts)


def _html(card: RunCard, shown: Measure | None, changes: tuple[Change, ...]) -> str:
    said = ending(card)
    parts = [status_html(card.row.status), name_html(card.row.ref)]
    if said:
        tone = {"failed": "m dn", "crashed": "dn"}.get(card.row.status, "q")
        parts.append(text(said, f"er el {tone}", most=300, title=numbers.cut(said, 1000)))
    if shown:
        parts.append(_metric_html(shown, card))
    elif not said:
        parts.append(text("no metric", "q s"))
    if changes or not said:
        parts.append(_changed_html(card, changes))
    parts.append(_facts_html(card))
    if card.row.verdict:
        parts.append(verdict_html(card.row.verdict))
    return "".join(parts)


def name_html(ref: RunRef) -> str:
    """A long name is cut, its version never."""
    name = f'<span class="el">{escape(numbers.cut(ref.experiment, 48))}</span><span>/{ref.version}</span>'
    return el("b", name, "n", f"{ref}: %mm replay {ref}")


def _metric_html(shown: Measure, card: RunCard) -> str:
    was = f", {card.parent.ref}: {shown.parent}" if card.parent and shown.parent else ""
    parts = [
        text(shown.name, "q el", most=32),
        text(shown.value, name="b", title=f"{shown.full}{was}"),
    ]
    if shown.noise is not None:
        parts.append(noise_html(shown))
    if shown.delta is not None:
        parts.append(delta_html(shown))
    return el("span", "".join(parts), "mx")


def noise_html(shown: Measure) -> str:
    """``± 0.0071``."""
    title = "standard deviation under other seeds and threads"
    return text(shown.noise, "s q d1", title=title) if shown.noise else ""


def delta_html(shown: Measure) -> str:
    """The triangle is the judgement, the sign is the arithmetic."""
    if shown.delta is None:
        return ""
    if shown.judged is None:
        return text(shown.delta, "s q", title=WITHIN if shown.inside else "")
    kind = "up" if shown.judged else "dn"
    return text(f"{TRIANGLES[shown.judged]} {shown.delta}", f"s {kind}", title=WORDS[shown.judged])


def chip_html(change: Change, most: int = 24, since: str = "") -> str:
    """``max_depth 6 → 8``: a narrow card drops the old value, then shortens the name, never the new value."""
    old, new = sides(change, most)
    if change.kind == "code":
        new = new.replace("-", numbers.MINUS)
    before = f'<i class="el">{escape(old)}</i> <i>→</i> ' if old is not None else ""
    full = f"{numbers.cut(change.name, 200)}: {new if old is None else f'{old} → {new}'} {since}"
    name = f'<span class="cn el">{escape(numbers.cut(change.name, 32))}</span>'
    return el("span", f'{name} {before}<b class="el">{escape(new)}</b>', "ch", full.rstrip())


def _changed_html(card: RunCard, changes: tuple[Change, ...]) -> str:
    parts = []
    if changes:
        parts.append(chip_html(changes[0], since=_since(card, changes)))
        if len(changes) > 1:
            others = "\n".join(plain(change_line(change)) for change in changes[1:12])
            parts.append(text(f"+{len(changes) - 1}", "s q d2", title=others))
        parts.append(text(_since(card, changes), "s q d1"))
    else:
        parts.append(text(_since(card, changes), "s q"))
    return el("span", "".join(parts), "cg")


def _facts_html(card: RunCard) -> str:
    facts = _facts(card)
    parts = []
    if card.models:
        name, type_, _ = card.models[0]
        inner = f"{model_html()} {escape(facts.pop(0))}"
        parts.append(
            el("span", inner, "s md", f"{numbers.cut(name, 80)}: {numbers.cut(type_, 200)}")
        )
    parts += [text(fact, "s q") for fact in facts]
    if card.row.status != "running":
        parts.append(
            text(
                _replay(card),
                "m q",
                title="replays this run in a fresh kernel and says whether it reproduces",
            )
        )
    return el("span", "".join(parts), "fs")


def _json(card: RunCard, changes: tuple[Change, ...]) -> dict[str, Any]:
    """Strict JSON: numbers that JSON cannot hold are texts."""
    row = card.row
    return {
        "run": str(row.ref),
        "kind": row.kind,
        "status": row.status,
        "metrics": {name: _number(value) for name, value in row.metrics.items()},
        "parent": str(card.parent.ref) if card.parent else None,
        "changes": [
            {
                "kind": change.kind,
                "name": change.name,
                "old": _number(change.old),
                "new": _number(change.new),
            }
            for change in changes
        ],
        "inputs": card.inputs,
        "models": [
            {"name": name, "type": type_, "size": size} for name, type_, size in card.models
        ],
        "seconds": row.seconds,
        "error": ending(card) if row.status != "completed" else None,
        "verdict": row.verdict,
        "replay": _replay(card),
    }


def _number(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
