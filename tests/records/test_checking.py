"""JSON of a stranger becomes a record only where every field is what its type says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mm_jupyter.records import (
    Execution,
    FileUse,
    Item,
    Judgement,
    RunRef,
    SessionId,
    checked_from_json,
    from_json,
    to_json,
)

EXECUTION = Execution(
    session=SessionId("s"), seq=1, cell_id=None, count=2, source="x = 1", started=1.5, seconds=2,
    status="ok", files=(FileUse(path="a", role="input", digest=None, size=1),),
    shares=(("a", "b"), ("c",)),
)  # fmt: skip
JUDGEMENT = Judgement(
    run=RunRef("churn", 1), verdict="identical", said="the same", slice="whole", executions=1, of=1,
    items=(Item(kind="metric", name="a", recorded=None, replayed="1", verdict="identical"),),
    restored=(), not_compared=(), causes=(), replays=1, seconds=float("inf"), at=1.0,
)  # fmt: skip


@pytest.mark.parametrize("record", [EXECUTION, JUDGEMENT])
def test_what_was_written_comes_back(record: Any) -> None:
    assert checked_from_json(type(record), json.loads(json.dumps(to_json(record)))) == record


@pytest.mark.parametrize(
    ("key", "value", "where"),
    [
        ("seq", "1", "Execution.seq holds str"),
        ("seq", 1.0, "Execution.seq holds float"),
        ("seq", True, "Execution.seq holds bool"),
        ("seq", 10**400, "Execution.seq holds int"),
        ("count", "1", "Execution.count holds str"),
        ("started", None, "Execution.started holds NoneType"),
        ("status", "great", "Execution.status holds str"),
        ("bound", [1], "Execution.bound"),
        ("bound", "ab", "Execution.bound holds str"),
        ("shares", [["a"], [1]], "Execution.shares"),
        (
            "files",
            [{"path": "a", "role": "both", "digest": None, "size": 1}],
            "Execution.files.role",
        ),
        ("files", {"path": "a"}, "Execution.files"),
        ("surroundings", 7, "Execution.surroundings"),
    ],
)
def test_a_field_of_another_type_is_named(key: str, value: Any, where: str) -> None:
    with pytest.raises(TypeError, match=where):
        checked_from_json(Execution, to_json(EXECUTION) | {key: value})


def test_the_lenient_reader_would_have_taken_it() -> None:
    assert from_json(Execution, to_json(EXECUTION) | {"seq": "1"}).seq == "1"  # type: ignore[comparison-overlap]
