"""What stands behind ``%%track`` is read, or one sentence says what is wrong."""

from __future__ import annotations

import pytest

from mm_jupyter.errors import BadOption
from mm_jupyter.kernel.options import USAGE, TrackOptions, parse_track


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", TrackOptions(None)),
        ("  churn ", TrackOptions("churn")),
        (
            "churn -p a --param b -m acc --metric=f1",
            TrackOptions("churn", ("a", "b"), ("acc", "f1")),
        ),
        ("--no-outputs churn", TrackOptions("churn", outputs=False)),
        ("churn --model m --model n", TrackOptions("churn", models=("m", "n"))),
        (
            "churn -t stage=baseline --tag=url=http://x/?a=b -t empty=",
            TrackOptions("churn", tags={"stage": "baseline", "url": "http://x/?a=b", "empty": ""}),
        ),
        ('churn --note "first try, -p 3"', TrackOptions("churn", note="first try, -p 3")),
        ("churn --note a --note=b", TrackOptions("churn", note="b")),
        ("größe_2 -p größe", TrackOptions("größe_2", params=("größe",))),
        ("churn # no comment", None),
    ],
)
def test_a_line_is_read(line: str, expected: TrackOptions | None) -> None:
    if expected is None:
        with pytest.raises(BadOption):
            parse_track(line)
    else:
        assert parse_track(line) == expected


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("a b", "one experiment, not 2: a, b"),
        ("churn/7", "'churn/7' cannot name an experiment"),
        ("churn -x", "no option -x"),
        ("churn --nope=1", "no option --nope"),
        ("churn -p", "-p needs a value"),
        ("churn -p a.b", "-p takes a top-level name, not 'a.b'"),
        ("churn -m 3", "-m takes a top-level name"),
        ("churn --model 'a b'", "--model takes a top-level name"),
        ("churn -t =x", "-t takes KEY=VALUE, not '=x'"),
        ("churn -t stage", "-t takes KEY=VALUE"),
        ("churn --note 'open", "open quote"),
    ],
)
def test_what_is_wrong_is_one_sentence(line: str, says: str) -> None:
    with pytest.raises(BadOption) as caught:
        parse_track(line)
    assert says in str(caught.value)
    assert str(caught.value).count("%%track") <= 2
    assert "\n" not in str(caught.value)


def test_the_usage_names_every_short_option() -> None:
    for option in ("-p", "-m", "-t", "--note", "--model", "--no-outputs"):
        assert option in USAGE
