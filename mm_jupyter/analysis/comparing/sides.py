"""Two sides of a comparison, the user's rules, and the list of items that grows."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mm_jupyter.analysis.comparing.matching import SAME, Match, Tolerance
from mm_jupyter.analysis.comparing.patterns import TooSlow, without
from mm_jupyter.analysis.comparing.texts import match_texts
from mm_jupyter.analysis.fingerprints import BadForm
from mm_jupyter.errors import MmError
from mm_jupyter.records import BlobDigest, Item, NotCompared, Outcome

T = TypeVar("T")
SHOWN = 80


@dataclass(frozen=True, slots=True)
class Side:
    """An outcome and the way to its blobs. ``series`` of the outcome must hold the points, wherever they were kept."""

    outcome: Outcome
    read: Callable[[BlobDigest], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRule:
    """A rule that the user added: what it covers is at best *equivalent*.

    ``kind`` and ``item`` choose items (None: every kind; ``item`` is a shell pattern). With ``pattern`` what matches it
    is left out of both texts; with ``rtol`` or ``atol`` numbers have that tolerance; with none of them a difference of
    the item is accepted.
    """

    name: str
    kind: str | None = None
    item: str = "*"
    pattern: str | None = None
    rtol: float | None = None
    atol: float | None = None

    def covers(self, kind: str, name: str) -> bool:
        return self.kind in (None, kind) and fnmatch.fnmatchcase(name, self.item)


Excuse = Callable[[str, str, "tuple[str, str] | None"], str | None]
"""Why an item (its kind, its name, the texts of both sides) that differs cannot be compared; None: it can."""


class Missing(Exception):
    """A blob that a side names is not there."""


@dataclass(slots=True)
class Work:
    """A comparison under way: items and what could not be compared are added to it in order."""

    recorded: Side
    replayed: Side
    tolerance: Tolerance
    rules: Sequence[UserRule]
    items: list[Item]
    not_compared: list[NotCompared]
    excuse: Excuse | None = None

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.recorded, self.replayed

    def judge(
        self,
        kind: str,
        name: str,
        shown: tuple[str | None, str | None],
        match: Callable[[Tolerance], Match],
        texts: tuple[str, str] | None = None,
        differs: bool = False,
    ) -> None:
        """Add an item; where it differs, ask the user's rules.

        ``differs`` says that the digests do: bytes that are gone then leave a difference that nobody can explain, not
        something that could not be compared.
        """
        try:
            found = match(self.tolerance)
        except (Missing, BadForm) as error:
            if not differs:
                self.skip(kind, name, str(error))
                return
            found = Match("diverged", None, str(error))
        if found.likeness != "identical":
            found = self._by_rules(kind, name, found, match, texts)
        if found.likeness == "diverged" and self.excuse is not None:
            why = self.excuse(kind, name, texts)
            if why is not None:
                self.skip(kind, name, why)
                return
        self.items.append(
            Item(
                kind=kind,
                name=name,
                recorded=shown[0],
                replayed=shown[1],
                verdict=found.likeness,
                rule=found.rule,
                why=found.why,
            )
        )

    def _by_rules(
        self,
        kind: str,
        name: str,
        found: Match,
        match: Callable[[Tolerance], Match],
        texts: tuple[str, str] | None,
    ) -> Match:
        for rule in self.rules:
            if found.likeness != "diverged" or not rule.covers(kind, name):
                continue
            if rule.rtol is not None or rule.atol is not None:
                other = self._within(match, Tolerance(rule.rtol or 0.0, rule.atol or 0.0))
            elif rule.pattern is not None:
                if texts is None:
                    continue
                try:
                    mine, theirs = without(rule.pattern, texts)
                except TooSlow as error:
                    self.skip("rule", rule.name, str(error))
                    continue
                other = match_texts(mine, theirs, self.tolerance)
            else:
                other = SAME
            if other.likeness != "diverged":
                found = Match("equivalent", rule.name, found.why)
        return found

    def _within(self, match: Callable[[Tolerance], Match], tolerance: Tolerance) -> Match:
        try:
            return match(tolerance)
        except (Missing, BadForm) as error:
            return Match("diverged", None, str(error))

    def absent(self, kind: str, name: str, recorded: str | None, replayed: str | None) -> None:
        """Add an item that only one side has."""
        why = "gone" if replayed is None else "new"
        self.judge(kind, name, (recorded, replayed), lambda _: Match("diverged", None, why))

    def skip(self, kind: str, name: str, why: str) -> None:
        self.not_compared.append(NotCompared(kind=kind, name=name, why=why))

    def read(self, mine: BlobDigest, theirs: BlobDigest) -> tuple[bytes, bytes]:
        """The bytes of a blob of each side. Raises ``Missing``."""
        return read_blob(self.recorded, mine, "recorded"), read_blob(
            self.replayed, theirs, "replayed"
        )


def read_blob(side: Side, blob: BlobDigest, which: str) -> bytes:
    """The bytes of a blob. Raises ``Missing``; ``which`` is ``recorded`` or ``replayed``."""
    try:
        return side.read(blob)
    except (LookupError, OSError, MmError) as error:
        raise Missing(f"the {which} bytes are gone") from error


def both(mine: dict[str, T], theirs: dict[str, T]) -> Iterator[tuple[str, T | None, T | None]]:
    """Names of both sides in the order of the record, then the new ones."""
    for name in dict.fromkeys((*mine, *theirs)):
        yield name, mine.get(name), theirs.get(name)


def cut(text: str) -> str:
    """A text on one line of at most 80 characters."""
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
