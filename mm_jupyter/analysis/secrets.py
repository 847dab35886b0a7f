"""Secret-shaped strings, found in any text and replaced by a mark that says which secret stood there.

Three rules. A known token format is a secret wherever it stands. So is the password in an address. A value bound to
a name that says secret (``DB_PASSWORD``, ``"api_key": ...``, ``--token ...``) is one when it looks made up of chance,
or, for a password, is no plain word. A mark ``<redacted:NAME:hex12>`` holds a keyed digest: whoever has the key can
find the same secret again among other values, nobody can guess it from the mark.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mm_jupyter.analysis import secret_shapes as shapes
from mm_jupyter.records import Scalar

_MARK = re.compile(r"<redacted:([\w.\-]{1,64}):([0-9a-f]{12})>")
_JWT = r"eyJ(?<![\w\-]eyJ)[\w\-]{10,}\.eyJ[\w\-]{10,}\.[\w\-]{10,}"
_Span = tuple[int, int, str]
REMEMBERED = 1024
"""Texts of up to so many characters that held no secret are not looked through again: so many of them."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands in a secret's place: the name that it was bound to (or its format's) and its keyed digest."""

    name: str
    digest: str

    def __str__(self) -> str:
        return f"<redacted:{self.name}:{self.digest}>"


class Redactor:
    """Replaces secrets by marks under one key (16 to 64 random bytes, kept where the records are not)."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._clean: dict[str, None] = {}

    def text(self, text: str) -> str:
        """``text`` with its secrets replaced; the same object where there is none.

        Python stays valid: a mark only ever stands inside a literal or a comment, except in lines that are no Python
        (``%env TOKEN=...``, ``!cmd --token ...``). A second pass finds nothing more.
        """
        short = len(text) <= REMEMBERED and type(text) is str
        if short and text in self._clean:
            return text
        asked = text
        for _ in range(4):  # what stood beside a secret may be one by itself now
            spans = sorted(_spans(text), key=lambda span: (span[0], -span[1], span[2]))
            if not spans:
                break
            text = self._marked(text, spans)
        if short and text is asked:
            if len(self._clean) >= REMEMBERED:
                self._clean = {}
            self._clean[text] = None
        return text

    def _marked(self, text: str, spans: list[_Span]) -> str:
        pieces = []
        end = 0
        for start, stop, name in spans:
            if start >= end:
                pieces += [text[end:start], self.mark_of(text[start:stop], name)]
                end = stop
        return "".join(pieces) + text[end:]

    def named(self, name: str, value: Scalar) -> Scalar:
        """``value``, or its mark where ``name`` says secret and it looks like one; secrets inside a text are replaced.

        What is no text comes back as it is.
        """
        if not isinstance(value, str) or not value:
            return value
        kind = shapes.kind_of_name(name)
        if kind is not None and not _MARK.search(value) and shapes.is_secret(value, kind):
            return self.mark_of(value, name)
        return self.text(value)

    def mark_of(self, secret: str, name: str = "secret") -> str:
        """The mark of a secret, as it stands in a redacted text."""
        return str(Mark(_name(name), self._digest(secret)))

    def reveal(self, text: str, environment: Mapping[str, str]) -> tuple[str, tuple[Mark, ...]]:
        """``text`` with every mark whose secret is a value of ``environment`` replaced by it, and the marks left.

        A secret may also be a part of a value: the password in ``postgresql://user:password@host``.
        """
        marks = marks_in(text)
        if not marks:
            return text, ()
        known = {self._digest(value): value for value in _candidates(environment)}
        missing = tuple(mark for mark in marks if mark.digest not in known)

        def secret(match: re.Match[str]) -> str:
            found = known.get(match[2])
            return match[0] if found is None else found

        return _MARK.sub(secret, text), missing

    def _digest(self, secret: str) -> str:
        data = secret.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, digest_size=6, key=self._key).hexdigest()


def marks_in(text: str) -> tuple[Mark, ...]:
    """The marks in a text, each once, in order."""
    if "<redacted:" not in text:
        return ()
    return tuple(dict.fromkeys(Mark(match[1], match[2]) for match in _MARK.finditer(text)))


def _name(name: str) -> str:
    return re.sub(r"[^\w.\-]", "_", name)[-64:].strip("_") or "secret"


def _candidates(environment: Mapping[str, str]) -> Iterator[str]:
    for value in environment.values():
        yield value
        escaped = value.replace("\\", "\\\\")  # as it stands in a literal
        yield from (escaped, escaped.replace('"', '\\"'), escaped.replace("'", "\\'"))
        for start, stop, _ in _spans(value):
            yield value[start:stop]


def _spans(text: str) -> list[_Span]:
    """Where secrets stand: start, end, name. Spans of several rules may overlap."""
    low = shapes.lowered(text)
    found: list[_Span] = []
    for hint, find in _FINDERS:
        if hint in low:
            found += find(text, low)
    if any(hint in low for hint in shapes.NAME_HINTS):
        found += shapes.named_values(text, low)
    return _beside_marks(text, found) if found and "<redacted:" in low else found


def _beside_marks(text: str, spans: list[_Span]) -> list[_Span]:
    """The spans that touch no mark."""
    marks = [match.span() for match in _MARK.finditer(text)]
    starts = [start for start, _ in marks]

    def is_free(span: _Span) -> bool:
        before = bisect_left(starts, span[1]) - 1  # the last mark that starts before the span ends
        return before < 0 or marks[before][1] <= span[0]

    return [span for span in spans if is_free(span)]


def _format(
    name: str, pattern: str, check: Callable[[str], bool] | None = None
) -> Callable[[str, str], Iterator[_Span]]:
    """Finds a token format. Its first letters stand free: no letter or digit goes before them."""
    regex = re.compile(pattern)

    def find(text: str, _low: str) -> Iterator[_Span]:
        for match in regex.finditer(text):
            start, stop = match.span(1) if regex.groups else match.span()
            before = text[match.start() - 1 : match.start()]
            if not before.isalnum() and (check is None or check(text[start:stop])):
                yield start, stop, name

    return find


_FINDERS = (
    ("gh", _format("github", r"gh[pousr]_[A-Za-z0-9]{36,}")),
    ("github_pat_", _format("github", r"github_pat_[A-Za-z0-9_]{22,}")),
    ("akia", _format("aws", r"AKIA[0-9A-Z]{16}(?![0-9A-Za-z])")),
    ("asia", _format("aws", r"ASIA[0-9A-Z]{16}(?![0-9A-Za-z])")),
    ("sk-", _format("api-key", r"sk-[A-Za-z0-9_\-]{20,}", shapes.is_random)),
    ("xox", _format("slack", r"xox[abeoprs]-[A-Za-z0-9\-]{10,}")),
    ("hooks.slack.", _format("slack", r"hooks\.slack\.com/services/([\w/]{20,})")),
    ("aiza", _format("google", r"AIza[0-9A-Za-z_\-]{35}")),
    ("hf_", _format("huggingface", r"hf_[A-Za-z0-9]{30,}")),
    ("pypi-", _format("pypi", r"pypi-[A-Za-z0-9_\-]{50,}")),
    ("glpat-", _format("gitlab", r"glpat-[A-Za-z0-9_\-.]{20,}")),
    ("npm_", _format("npm", r"npm_[A-Za-z0-9]{36}")),
    ("k_live_", _format("stripe", r"[sr]k_live_[A-Za-z0-9]{16,}")),
    ("k_test_", _format("stripe", r"[sr]k_test_[A-Za-z0-9]{16,}")),
    ("sg.", _format("sendgrid", r"SG\.[A-Za-z0-9_\-]{16,64}\.[A-Za-z0-9_\-]{16,}")),
    ("dop_v1_", _format("digitalocean", r"dop_v1_[0-9a-f]{64}")),
    ("eyj", _format("jwt", _JWT)),
    ("login(", _format("login", r"login\(\s{0,9}(?:key\s{0,9}=\s{0,9})?[\"']([0-9a-f]{40})[\"']")),
    ("bearer ", _format("bearer", r"[Bb]earer {1,9}([\w.~+/\-]{16,}=*)", shapes.is_random)),
    ("basic ", _format("basic", r"[Bb]asic {1,9}([A-Za-z0-9+/]{12,}=*)", shapes.is_random)),
    ("private key", shapes.private_keys),
    ("://", shapes.passwords_in_addresses),
)
