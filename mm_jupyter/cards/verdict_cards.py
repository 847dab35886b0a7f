"""What replays say of a run: the sentence, its causes, the items."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mm_jupyter.cards import numbers
from mm_jupyter.cards.glyphs import SIGNS, tone, verdict_html
from mm_jupyter.cards.markup import el, page, text
from mm_jupyter.cards.rendered import Line, Rendered
from mm_jupyter.records import Cause, Item, Judgement, Verdict

_WORST: tuple[Verdict, ...] = (
    "failed",
    "diverged",
    "unstable",
    "unverifiable",
    "equivalent",
    "identical",
)
_SHOWN = 12
_CONFIRMED = {True: "confirmed", False: "excluded", None: "suspected"}
_CHECK = (
    '<svg viewBox="0 0 14 14" aria-hidden="true"><path d="m2.8 7.4 3 3 5.6-6.6" fill="none" '
    'stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"/></svg>'
)


def verdict_card(judgement: Judgement) -> Rendered:
    """Worst items first, equal ones folded into one line, what was not compared never folded."""
    differ = differing(judgement)
    return Rendered(lines=_lines(judgement, differ), html=page(verdict_html_body(judgement)))


def differing(judgement: Judgement) -> list[Item]:
    """The items that are not identical, worst first."""
    items = [item for item in judgement.items if item.verdict != "identical"]
    return sorted(items, key=lambda item: _WORST.index(item.verdict))


def _replays(judgement: Judgement) -> str:
    return f"{numbers.count(judgement.replays, 'replay')}, {numbers.duration(judgement.seconds)}"


def _recipe(judgement: Judgement) -> str:
    return f"{judgement.slice} recipe, {judgement.executions} of {numbers.count(judgement.of, 'execution')}"


def _restored(judgement: Judgement) -> str:
    """``random state (random, numpy.random), input (data.csv)``."""
    kinds: dict[str, list[str]] = {}
    for help_ in judgement.restored:
        kinds.setdefault(help_.kind, []).append(help_.name)
    said = []
    for kind, names in kinds.items():
        shown = ", ".join(numbers.cut(name, 40) for name in names[:4])
        said.append(f"{kind} ({shown}{f', {len(names) - 4} more' if len(names) > 4 else ''})")
    return ", ".join(said)


def _beside(item: Item) -> str:
    """What differs: its reason, else both sides."""
    if item.why:
        return item.why
    recorded = numbers.param(item.recorded) if item.recorded is not None else numbers.MISSING
    replayed = numbers.param(item.replayed) if item.replayed is not None else numbers.MISSING
    if recorded == replayed:
        return item.rule or ""
    return f"{recorded} → {replayed}"


def _counted(judgement: Judgement, differ: list[Item]) -> str:
    total = len(judgement.items)
    worse = [item for item in differ if item.verdict != "equivalent"]
    said = (
        f"{len(worse)} of {numbers.count(total, 'item')} differ"
        if worse
        else f"{numbers.count(total, 'item')} compared"
    )
    if len(worse) == 1:
        said = said.replace(" differ", " differs")
    return said + (
        f", {len(judgement.not_compared)} not compared" if judgement.not_compared else ""
    )


def _cause_name(cause: Cause) -> str:
    sides = [numbers.param(side) for side in (cause.recorded, cause.current) if side is not None]
    return f"{numbers.cut(cause.name, 80)} {' → '.join(sides)}".rstrip()


def _named(kind: str, name: str) -> str:
    """``metric auc``, and ``figure 1`` for the figure of that name."""
    return numbers.cut(name if name.startswith(kind) else f"{kind} {name}", 80)


def causes_lines(causes: Sequence[Cause]) -> list[Line]:
    """``because  package scikit-learn 1.3.2 -> 1.9.0  confirmed``, a line each."""
    lines: list[Line] = []
    for i, cause in enumerate(causes):
        head = "  because       " if i == 0 else "                "
        name = numbers.ascii_signs(f"{cause.factor} {_cause_name(cause)}")
        lines.append(
            ((head, "quiet"), (name, "plain"), (f"  {_CONFIRMED[cause.confirmed]}", "quiet"))
        )
    return lines


def _lines(judgement: Judgement, differ: list[Item]) -> tuple[Line, ...]:
    verdict = judgement.verdict
    lines: list[Line] = [
        (
            (f"{judgement.run}  ", "strong"),
            (f"{SIGNS[verdict]} {verdict}", tone(verdict)),
            (f": {judgement.said}", "plain"),
            (f"  ({_replays(judgement)}, {_recipe(judgement)})", "quiet"),
        )
    ]
    lines += causes_lines(judgement.causes)
    for i, item in enumerate(differ[:_SHOWN]):
        head = "  differ        " if i == 0 else "                "
        lines.append(
            (
                (head, "quiet"),
                (f"{SIGNS[item.verdict]:<2} ", tone(item.verdict)),
                (_named(item.kind, item.name), "plain"),
                (f"  {numbers.ascii_signs(_beside(item))}", "quiet"),
            )
        )
    if len(differ) > _SHOWN:
        lines.append(((f"                {len(differ) - _SHOWN} more", "quiet"),))
    same = len(judgement.items) - len(differ)
    if same:
        names = ", ".join(
            numbers.cut(item.name, 30) for item in judgement.items if item.verdict == "identical"
        )
        lines.append(
            (("  identical     ", "quiet"), (f"{same}: {numbers.cut(names, 90)}", "plain"))
        )
    for i, missing in enumerate(judgement.not_compared):
        head = "  not compared  " if i == 0 else "                "
        name = _named(missing.kind, missing.name)
        lines.append(((head, "quiet"), (name, "plain"), (f"  {missing.why}", "quiet")))
    if judgement.restored:
        lines.append((("  restored      ", "quiet"), (_restored(judgement), "plain")))
    return tuple(lines)


def verdict_html_body(judgement: Judgement) -> str:
    """Sentence, causes and items, without the frame."""
    said = judgement.said[:1].upper() + judgement.said[1:]
    head = (
        verdict_html(judgement.verdict, with_word=False, large=True)
        + f'<div class="t"><b>{escape(str(judgement.run))} {judgement.verdict}.</b> {escape(said)}</div> '
        + text(_replays(judgement), "s q", title=numbers.exact(judgement.at))
    )
    causes = causes_html(judgement.causes)
    items = _items_html(judgement)
    if causes:
        because = f'<div><div class="s q">Because</div>{causes}</div>'
        return f'<div class="hd">{head}</div><div class="two">{because}<div>{items}</div></div>'
    return f'<div class="hd">{head}</div><div class="one"><div>{items}</div></div>'


def causes_html(causes: Sequence[Cause]) -> str:
    """The same, as elements."""
    return "".join(_cause_html(cause) for cause in causes)


def _cause_html(cause: Cause) -> str:
    mark = _CHECK if cause.confirmed else "<span></span>"
    kind = "ok" if cause.confirmed else ""
    how = f'<div class="s q">{_CONFIRMED[cause.confirmed]}</div>'
    what = (
        f'<span>{escape(cause.factor)} <span class="m">{escape(_cause_name(cause))}</span></span>'
    )
    return f'<div class="cs"><span class="{kind}">{mark}</span> <div>{what} {how}</div></div>'


def _row(verdict: Verdict, name: str, beside: str, kind: str = "") -> str:
    before = f"{escape(kind)} " if kind and not name.startswith(kind) else ""
    title = escape(numbers.cut(f"{kind} {name}", 300))
    label = f'<span class="q">{before}</span>{escape(numbers.cut(name, 80))}'
    return (
        f'<div class="it">{verdict_html(verdict, with_word=False)}'
        f'<span class="el" title="{title}">{label}</span> {text(beside, "s q el num")}</div>'
    )


def _items_html(judgement: Judgement) -> str:
    differ = differing(judgement)
    rows = [el("div", escape(_counted(judgement, differ)), "s q")]
    rows += [_row(item.verdict, item.name, _beside(item), item.kind) for item in differ[:_SHOWN]]
    if len(differ) > _SHOWN:
        rows.append(f'<div class="s q">{len(differ) - _SHOWN} more differ</div>')
    rows += [
        _row("unverifiable", missing.name, missing.why, missing.kind)
        for missing in judgement.not_compared
    ]
    same = [item.name for item in judgement.items if item.verdict == "identical"]
    if same:
        folded = (
            f"{len(same)} more" if differ or judgement.not_compared else f"all {len(same)} items"
        )
        rows.append(
            _row(
                "identical",
                folded if len(same) > 3 else ", ".join(same),
                numbers.cut(", ".join(same), 60) if len(same) > 3 else "",
            )
        )
    if judgement.restored:
        rows.append(el("div", f"restored: {escape(_restored(judgement))}", "s q"))
    rows.append(el("div", escape(_recipe(judgement)), "s q"))
    return "".join(rows)
