"""The line ``%%track EXPERIMENT [options]``: what a user may say about a run before it starts."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from functools import lru_cache

from mm_jupyter.errors import BadName, BadOption
from mm_jupyter.records.names import experiment_name

USAGE = """%%track EXPERIMENT [-p NAME]... [-m NAME]... [-t KEY=VALUE]... [--note TEXT] [--model NAME]... [--no-outputs]

Run the cell as the next version of an experiment.

  EXPERIMENT        its name; the notebook's name when left out
  -p NAME           take this top-level name as a param, whoever bound it
  -m NAME           take this top-level name as a metric, whoever bound it
  -t KEY=VALUE      tag the run
  --note TEXT       a sentence about the run
  --model NAME      keep what this name holds as a model
  --no-outputs      do not keep what the cell shows

Example: %%track churn -t stage=baseline --note "first try\""""

_TAKES_VALUE = {
    "-p": "params",
    "--param": "params",
    "-m": "metrics",
    "--metric": "metrics",
    "-t": "tags",
    "--tag": "tags",
    "--note": "note",
    "--model": "models",
}


@dataclass(frozen=True, slots=True)
class TrackOptions:
    """A parsed ``%%track`` line; ``experiment`` is None where it named none."""

    experiment: str | None
    params: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    note: str | None = None
    outputs: bool = True


@lru_cache(maxsize=16)
def parse_track(line: str) -> TrackOptions:
    """Read what stands after ``%%track``. The same line gives the same object: nobody changes its tags.

    Raises:
        BadOption: one sentence says what is wrong.
    """
    try:
        words = shlex.split(line, comments=False)
    except ValueError as error:
        raise BadOption(f"%%track: {line.strip()!r} has an open quote.") from error
    names: dict[str, list[str]] = {
        "params": [],
        "metrics": [],
        "tags": [],
        "note": [],
        "models": [],
    }
    experiments: list[str] = []
    outputs = True
    rest = iter(words)
    for word in rest:
        option, glued, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if option == "--no-outputs":
            outputs = False
        elif option in _TAKES_VALUE:
            given = value if glued else next(rest, None)
            if given is None:
                raise BadOption(f"%%track: {option} needs a value.")
            names[_TAKES_VALUE[option]].append(given)
        elif option.startswith("-"):
            raise BadOption(f"%%track has no option {option[:40]}: '%%track?' lists them.")
        else:
            experiments.append(word)
    if len(experiments) > 1:
        raise BadOption(
            f"%%track takes one experiment, not {len(experiments)}: {', '.join(experiments)[:80]}."
        )
    return TrackOptions(
        _experiment(experiments[0]) if experiments else None,
        _identifiers(names["params"], "-p"),
        _identifiers(names["metrics"], "-m"),
        _identifiers(names["models"], "--model"),
        dict(_tag(text) for text in names["tags"]),
        names["note"][-1] if names["note"] else None,
        outputs,
    )


def _experiment(text: str) -> str:
    try:
        return experiment_name(text)
    except BadName as error:
        raise BadOption(f"%%track: {error}") from error


def _identifiers(texts: list[str], option: str) -> tuple[str, ...]:
    for text in texts:
        if not text.isidentifier():
            raise BadOption(f"%%track: {option} takes a top-level name, not {text[:40]!r}.")
    return tuple(texts)


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise BadOption(f"%%track: -t takes KEY=VALUE, not {text[:40]!r}.")
    return key.strip(), value
