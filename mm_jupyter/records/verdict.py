"""Recipes, and what replays say."""

from __future__ import annotations

from dataclasses import dataclass

from mm_jupyter.records.names import BlobDigest, RunRef, SliceName, Verdict
from mm_jupyter.records.session import Entropy, RandomState


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeStep:
    """One execution of a recipe. ``source`` has no ``%%track`` line; ``restores`` are the generators put back before
    it; ``raises`` says that it raised when it was recorded and may raise again; ``interrupted_after``, that it was
    interrupted then, after so many seconds; ``count`` is the number that it had in the session (``In [count]``);
    ``entropy`` is given again to what draws it."""

    seq: int
    source: str
    restores: tuple[RandomState, ...] = ()
    entropy: tuple[Entropy, ...] = ()
    raises: bool = False
    interrupted_after: float | None = None
    parameters: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The executions that make a run again, in the order in which they happened; the last is the tracked one.

    ``of`` counts the executions of the session up to the run. ``verified``: a replay of it gave the recorded result.
    """

    run: RunRef
    slice: SliceName
    verified: bool
    steps: tuple[RecipeStep, ...]
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing compared. ``kind``: param, metric, series, value, model, output, figure, artifact, file, error.

    ``recorded`` and ``replayed`` are short texts for people (None: absent on that side). ``rule`` names a user's or a
    noise rule that was needed; ``why`` says more ("412 of 7,043 differ").
    """

    kind: str
    name: str
    recorded: str | None
    replayed: str | None
    verdict: Verdict
    rule: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCompared:
    kind: str
    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """Help that the replay had: ``random state``, ``seed``, ``input``, ``module``, ``clock``."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A factor that explains a verdict. ``confirmed``: True by experiment, False excluded, None suspected."""

    factor: str
    name: str
    recorded: str | None
    current: str | None
    confirmed: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the comparison of a run with its replays says. ``said`` is the sentence for people."""

    run: RunRef
    verdict: Verdict
    said: str
    slice: SliceName
    executions: int
    of: int
    items: tuple[Item, ...]
    restored: tuple[Restored, ...]
    not_compared: tuple[NotCompared, ...]
    causes: tuple[Cause, ...]
    replays: int
    seconds: float
    at: float
    recipe: BlobDigest | None = None
    """The recipe notebook that was replayed, in the store's blobs."""
    steps: tuple[int, ...] = ()
    """The ``seq`` of the executions of that recipe."""
    environment: str = "current"
    """What the replays ran in: ``current``, ``recorded``, or the path of an interpreter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A replay with some factors put back to what the record had (none: as things are now)."""

    put_back: tuple[str, ...]
    verdict: Verdict
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a run does not come out as recorded. ``judgement`` judges the replay as things are now, its causes ranked:
    confirmed by experiment, suspected, excluded. ``helped``: that replay had the recorded inputs, modules and random
    state."""

    judgement: Judgement
    helped: bool
    said: str
    experiments: tuple[Experiment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellJudgement:
    """What replays say of one cell of a notebook: ``place`` counts cells from 1, ``count`` is what stood in ``In [ ]``
    (None: it was saved without having run), ``line`` its first line."""

    place: int
    count: int | None
    line: str
    verdict: Verdict
    said: str
    items: tuple[Item, ...]
    not_compared: tuple[NotCompared, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookJudgement:
    """What a notebook's saved outputs and those of its replays say together: the worst cell decides; one that shows
    nothing, or had not run, decides nothing. ``notebook`` is its path as it was asked for."""

    notebook: str
    verdict: Verdict
    said: str
    cells: tuple[CellJudgement, ...]
    causes: tuple[Cause, ...]
    replays: int
    seconds: float
