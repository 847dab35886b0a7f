"""A record and its replays -> one verdict and the sentence that says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mm_jupyter.analysis.comparing.compare import Comparison, compare
from mm_jupyter.analysis.comparing.matching import ATOL, ORDER, RTOL, worst
from mm_jupyter.analysis.comparing.sides import Excuse, Side, UserRule
from mm_jupyter.records import Item, NotCompared, Verdict

GOOD = ("identical", "equivalent")
DECISIVE = frozenset(
    {"metric", "series", "value", "model", "output", "figure", "artifact", "file", "error"}
)
"""Kinds of items that a replay can get wrong; equal params alone prove nothing."""
_PLURALS = {"series": "series"}


@dataclass(frozen=True, slots=True)
class Judged:
    """What a record and its replays say together. ``said`` is a sentence for people."""

    verdict: Verdict
    said: str
    items: tuple[Item, ...]
    not_compared: tuple[NotCompared, ...]


def overall(comparisons: Sequence[Comparison]) -> Verdict:
    """The verdict of one or more comparisons of a record with replays that agree among themselves.

    The worst item decides; nothing decisive compared is ``unverifiable``. ``judge`` also tells ``unstable``.
    """
    items = [item for comparison in comparisons for item in comparison.items]
    return _of_items(items)


def _of_items(items: Sequence[Item]) -> Verdict:
    if not any(item.kind in DECISIVE for item in items):
        bad = [item.verdict for item in items if item.verdict not in GOOD]
        return worst(bad) if bad else "unverifiable"
    return worst([item.verdict for item in items])


def agree(
    a: Side, b: Side, *, rtol: float = RTOL, atol: float = ATOL, rules: Sequence[UserRule] = ()
) -> bool:
    """Whether two replays gave the same, within tolerance."""
    found = compare(a, b, rtol=rtol, atol=atol, rules=rules)
    return all(item.verdict in GOOD for item in found.items)


def judge(
    recorded: Side,
    replays: Sequence[Side],
    *,
    rtol: float = RTOL,
    atol: float = ATOL,
    rules: Sequence[UserRule] = (),
    excuse: Excuse | None = None,
) -> Judged:
    """Compare a record with each of its replays, and the replays with each other where one differs.

    An item on which the replays disagree is ``unstable``. One replay that differs cannot tell ``unstable`` from
    ``diverged``: call again with a second one.

    Raises:
        ValueError: there is no replay.
    """
    if not replays:
        raise ValueError("a verdict needs a replay")
    found = [
        compare(recorded, replay, rtol=rtol, atol=atol, rules=rules, excuse=excuse)
        for replay in replays
    ]
    items = _worst_by_name(found)
    if any(item.verdict not in GOOD for item in items) and len(replays) > 1:
        unstable = _disputed(replays, found, rtol, atol, rules)
        items = [
            replace(item, verdict="unstable") if _key(item) in unstable else item for item in items
        ]
    not_compared = tuple(
        dict.fromkeys(part for comparison in found for part in comparison.not_compared)
    )
    verdict = _of_items(items)
    return Judged(
        verdict,
        _sentence(verdict, items, not_compared, len(replays), rtol),
        tuple(items),
        not_compared,
    )


def _key(item: Item) -> tuple[str, str]:
    return item.kind, item.name


def _worst_by_name(found: Sequence[Comparison]) -> list[Item]:
    """The items of every comparison; of several about one thing the worst, the earliest where they are alike."""
    kept: dict[tuple[str, str], Item] = {}
    for comparison in found:
        for item in comparison.items:
            known = kept.get(_key(item))
            if known is None or ORDER.index(item.verdict) > ORDER.index(known.verdict):
                kept[_key(item)] = item
    return list(kept.values())


def _disputed(
    replays: Sequence[Side],
    found: Sequence[Comparison],
    rtol: float,
    atol: float,
    rules: Sequence[UserRule],
) -> set[tuple[str, str]]:
    """What the replays disagree on, ends included: one that raised and one that did not."""
    disputed: set[tuple[str, str]] = set()
    ends = [any(item.verdict == "failed" for item in comparison.items) for comparison in found]
    for replay in replays[1:]:
        between = compare(replays[0], replay, rtol=rtol, atol=atol, rules=rules)
        disputed.update(_key(item) for item in between.items if item.verdict not in GOOD)
    if any(ends) and not all(ends):
        disputed.add(("error", "error"))
    return disputed


# -- the sentence --------------------------------------------------------------------------------------------------


def _sentence(
    verdict: Verdict,
    items: Sequence[Item],
    skipped: Sequence[NotCompared],
    replays: int,
    rtol: float,
) -> str:
    bad = [item for item in items if item.verdict == verdict]
    rest = _left_out(skipped)
    if verdict == "identical":
        rules = dict.fromkeys(item.rule for item in items if item.rule)
        aside = f" ({', '.join(rules)} aside)" if rules else ""
        return f"The result is the same, bit for bit{aside}: {_counted(items)}.{rest}"
    if verdict == "equivalent":
        rule = next((item.rule for item in bad if item.rule), None)
        how = (
            f"by the rule {rule!r}"
            if rule and all(item.rule for item in bad)
            else f"within {rtol:g}"
        )
        return f"The result is the same {how}: {_named(bad)}.{rest}"
    if verdict == "unstable":
        return f"The code is not deterministic: {replays} replays disagree on {_named(bad)}.{rest}"
    if verdict == "diverged":
        return f"The result is another one: {_named(bad)}.{rest}"
    if verdict == "failed":
        return _failed(bad[0])
    why = f": {skipped[0].name}: {skipped[0].why}" if skipped else ": it gave nothing"
    return f"Nothing decisive could be compared{why}."


def _failed(item: Item) -> str:
    if item.recorded is None:
        replayed = item.replayed or "an exception"
        if replayed.startswith("the replay"):
            return f"{replayed[:1].upper()}{replayed[1:]} before it gave a result."
        return f"The replay raised {replayed}; the run did not."
    if item.replayed is None:
        return f"The run raised {item.recorded}; the replay did not."
    return f"The run raised {item.recorded}; {item.replayed}."


def _named(items: Sequence[Item]) -> str:
    first = items[0]
    change = ""
    if (
        first.kind in ("metric", "param")
        and first.recorded is not None
        and first.replayed is not None
    ):
        change = f" {first.recorded} -> {first.replayed}"
    elif first.why is not None:
        change = f" ({first.why})"
    more = f" and {len(items) - 1:,} more" if len(items) > 1 else ""
    name = first.name if first.name.startswith(first.kind) else f"{first.kind} {first.name}"
    return f"{name}{change}{more}"


def _counted(items: Sequence[Item]) -> str:
    counts: dict[str, int] = {}
    for item in items:
        counts[item.kind] = counts.get(item.kind, 0) + 1
    texts = [
        f"{count:,} {kind if count == 1 else _PLURALS.get(kind, kind + 's')}"
        for kind, count in counts.items()
    ]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def _left_out(skipped: Sequence[NotCompared]) -> str:
    if not skipped:
        return ""
    first = skipped[0]
    more = f" and {len(skipped) - 1:,} more" if len(skipped) > 1 else ""
    return f" Not compared: {first.kind} {first.name}{more}."
