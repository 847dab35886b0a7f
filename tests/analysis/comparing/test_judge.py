"""The verdict: the worst item decides, replays that disagree are unstable, nothing compared is unverifiable."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from mm_jupyter.analysis.comparing import Side, UserRule, agree, compare, judge, overall

from .sides import side


def result(**metrics: float) -> Side:
    return side(metrics=metrics)


BOOM = side(failure=("ValueError", "boom"))
BANG = side(failure=("KeyError", "bang"))
A, B, C = result(auc=0.1), result(auc=0.2), result(auc=0.3)


@pytest.mark.parametrize(
    ("recorded", "replays", "verdict"),
    [
        (A, [A], "identical"),
        (A, [A, A, A], "identical"),
        (A, [result(auc=0.1 + 1e-14)], "equivalent"),
        (A, [A, result(auc=0.1 + 1e-14)], "equivalent"),
        (A, [B], "diverged"),
        (A, [B, B], "diverged"),
        (A, [B, result(auc=0.2 + 1e-14)], "diverged"),
        (A, [B, C], "unstable"),
        (A, [B, A], "unstable"),
        (A, [A, B], "unstable"),
        (A, [B, B, C], "unstable"),
        (A, [BOOM], "failed"),
        (A, [BOOM, BOOM], "failed"),
        (A, [BOOM, A], "unstable"),
        (BOOM, [BOOM], "identical"),
        (BOOM, [A], "failed"),
        (BOOM, [A, A], "failed"),
        (BOOM, [BANG, BANG], "diverged"),
        (side(), [side()], "unverifiable"),
        (side(params={"a": 1}), [side(params={"a": 1})], "unverifiable"),
        (side(params={"a": 1}), [side(params={"a": 2})], "diverged"),
        (side(status="interrupted"), [A], "unverifiable"),
        (A, [side(status="interrupted")], "failed"),
        (result(a=1.0, b=1.0), [result(a=2.0, b=2.0), result(a=2.0, b=3.0)], "diverged"),
    ],
)
def test_verdicts(recorded: Side, replays: list[Side], verdict: str) -> None:
    assert judge(recorded, replays).verdict == verdict


def test_only_what_the_replays_dispute_is_unstable() -> None:
    found = judge(
        result(a=1.0, b=1.0, c=1.0), [result(a=2.0, b=2.0, c=1.0), result(a=2.0, b=3.0, c=1.0)]
    )
    assert [(item.name, item.verdict) for item in found.items] == [
        ("a", "diverged"),
        ("b", "unstable"),
        ("c", "identical"),
    ]


def test_a_verdict_needs_a_replay() -> None:
    with pytest.raises(ValueError, match="replay"):
        judge(A, [])


def test_rules_and_tolerance_reach_every_comparison() -> None:
    assert judge(A, [B], rtol=2.0).verdict == "equivalent"
    assert judge(A, [B], rules=[UserRule(name="noisy", item="auc")]).verdict == "equivalent"
    assert agree(B, C, rtol=2.0)
    assert not agree(B, C)
    assert agree(A, A)
    assert overall([compare(A, A), compare(A, B)]) == "diverged"
    assert overall([compare(A, A)]) == "identical"
    assert overall([]) == "unverifiable"


LOCK = side(metrics={"auc": 0.1}, values={"lock": threading.Lock()})


@pytest.mark.parametrize(
    ("recorded", "replays", "options", "said"),
    [
        (
            side(metrics={"auc": 0.1, "acc": 1.0}, outputs=[("stdout", "a")]),
            [side(metrics={"auc": 0.1, "acc": 1.0}, outputs=[("stdout", "a")])],
            {},
            "The result is the same, bit for bit: 2 metrics and 1 output.",
        ),
        (
            side(outputs=[("stdout", "<A at 0x7f8abd50ca40>")]),
            [side(outputs=[("stdout", "<A at 0x7f8abcca9500>")])],
            {},
            "The result is the same, bit for bit (addresses aside): 1 output.",
        ),
        (
            LOCK,
            [LOCK],
            {},
            "The result is the same, bit for bit: 1 metric. Not compared: value lock.",
        ),
        (
            A,
            [result(auc=0.10000000000001)],
            {},
            "The result is the same within 1e-10: metric auc 0.1 -> 0.10000000000001.",
        ),
        (
            A,
            [B],
            {"rules": [UserRule(name="noisy", item="auc")]},
            "The result is the same by the rule 'noisy': metric auc 0.1 -> 0.2.",
        ),
        (A, [B], {}, "The result is another one: metric auc 0.1 -> 0.2."),
        (
            side(values={"a": [1.0, 2.0], "b": 1}),
            [side(values={"a": [1.0, 3.0], "b": 2})],
            {},
            "The result is another one: value a (1 of 2 differ, by 1 at most) and 1 more.",
        ),
        (
            A,
            [B, C],
            {},
            "The code is not deterministic: 2 replays disagree on metric auc 0.1 -> 0.2.",
        ),
        (A, [BOOM], {}, "The replay raised ValueError: boom; the run did not."),
        (BOOM, [A], {}, "The run raised ValueError: boom; the replay did not."),
        (
            A,
            [side(status="crashed")],
            {},
            "The replay was cut off when its kernel died before it gave a result.",
        ),
        (side(), [side()], {}, "Nothing decisive could be compared: it gave nothing."),
        (
            side(status="interrupted"),
            [A],
            {},
            "Nothing decisive could be compared: status: the run itself was interrupted.",
        ),
    ],
)
def test_the_sentence(
    recorded: Side, replays: list[Side], options: dict[str, Any], said: str
) -> None:
    assert judge(recorded, replays, **options).said == said
