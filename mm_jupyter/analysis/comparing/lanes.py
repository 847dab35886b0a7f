"""The outputs of an execution as what is compared: displays, and the text of each stream between two displays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mm_jupyter.analysis.comparing.contents import OURS, WIDGETS, match_contents
from mm_jupyter.analysis.comparing.matching import Match, Tolerance
from mm_jupyter.analysis.comparing.sides import Missing
from mm_jupyter.analysis.comparing.texts import match_texts
from mm_jupyter.records import BlobDigest, Output

_ORDER = ("identical", "equivalent", "diverged")


@dataclass(slots=True)
class Lane:
    """One display, or one stream's text up to the next display. ``data`` maps media types to bytes.

    ``missing`` says that its bytes are gone.
    """

    kind: str
    data: dict[str, bytes] = field(default_factory=dict)
    truncated: int = 0
    missing: str | None = None

    @property
    def text(self) -> str:
        """What it says as plain text, empty where it has none."""
        return self.data.get("text/plain", b"").decode("utf-8", "replace")

    @property
    def shown(self) -> str:
        """A short text for people: its plain text, or its media types."""
        return " ".join(self.text[:400].split()) or ", ".join(self.data)


def lanes(outputs: Sequence[Output], read: Callable[[BlobDigest], bytes]) -> dict[str, Lane]:
    """Lanes by name, in order: ``stdout``, ``output 1``, ``stdout 2``, ``stderr``, ...

    How a stream was cut into messages says nothing. Errors are left out: the failure says them. So are our own cards.
    """
    found: dict[str, Lane] = {}
    counts: dict[str, int] = {}
    streams: dict[str, Lane] = {}
    for output in outputs:
        if output.kind == "error":
            continue
        if output.kind == "stream":
            lane = streams.get(output.name)
            if lane is None:
                lane = streams[output.name] = found[_next(counts, output.name)] = Lane("stream")
        else:
            streams = {}
            if any(media_type.startswith(OURS) for media_type in output.data):
                continue
            lane = found[_next(counts, "output")] = Lane(output.kind)
        _fill(lane, output, read)
    return found


def _next(counts: dict[str, int], name: str) -> str:
    counts[name] = counts.get(name, 0) + 1
    return f"{name} {counts[name]}" if name == "output" or counts[name] > 1 else name


def _fill(lane: Lane, output: Output, read: Callable[[BlobDigest], bytes]) -> None:
    lane.truncated += output.truncated
    try:
        for media_type, blob in output.data.items():
            if media_type not in WIDGETS:
                lane.data[media_type] = lane.data.get(media_type, b"") + read(blob)
    except Missing as error:
        lane.missing = str(error)


def match_lane(one: Lane, other: Lane, tolerance: Tolerance) -> Match:
    """Compare two lanes, media type by media type; the worst decides.

    Raises:
        Missing: the bytes of one are gone, or neither holds anything that could be compared.
    """
    gone = one.missing or other.missing
    if gone is not None:
        raise Missing(gone)
    if one.kind != other.kind:
        return Match("diverged", None, f"{one.kind}, then {other.kind}")
    if one.truncated != other.truncated:
        return Match(
            "diverged", None, f"{one.truncated:,} bytes over the limit, then {other.truncated:,}"
        )
    if one.data.keys() != other.data.keys():
        return Match("diverged", None, _media_change(one, other))
    if not one.data:
        raise Missing("it holds a live widget only")
    if one.kind == "stream":
        return match_texts(one.text, other.text, tolerance)
    found = [
        (media_type, match_contents(media_type, data, other.data[media_type], tolerance))
        for media_type, data in one.data.items()
    ]
    media_type, decisive = max(found, key=lambda pair: _ORDER.index(pair[1].likeness))
    rules = dict.fromkeys(
        match.rule for _, match in found if match.rule and match.likeness != "diverged"
    )
    why = (
        decisive.why if decisive.why is None or len(found) == 1 else f"{media_type}: {decisive.why}"
    )
    rule = ", ".join(rules) if decisive.likeness != "diverged" else ""
    return Match(decisive.likeness, rule or None, why)


def _media_change(one: Lane, other: Lane) -> str:
    gone = [f"{kind} gone" for kind in one.data if kind not in other.data]
    new = [f"{kind} new" for kind in other.data if kind not in one.data]
    return ", ".join(gone + new)
