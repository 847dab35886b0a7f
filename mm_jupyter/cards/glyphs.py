"""The verdicts' shapes and signs, and the marks of what happened to a run."""

from __future__ import annotations

from mm_jupyter.cards.rendered import Line, Tone
from mm_jupyter.records import RunStatus, Verdict

SIGNS: dict[Verdict | None, str] = {
    "identical": "=",
    "equivalent": "~",
    "unstable": "~?",
    "diverged": "!=",
    "failed": "x",
    "unverifiable": "?",
    None: "-",
}

_TONES: dict[Verdict | None, Tone] = {
    "identical": "good",
    "equivalent": "good",
    "unstable": "warn",
    "diverged": "bad",
    "failed": "bad",
    "unverifiable": "quiet",
    None: "quiet",
}
_CLASSES: dict[Tone, str] = {"good": "ok", "warn": "wa", "bad": "no", "quiet": "na"}

_LINE = 'fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"'
_SHAPES: dict[Verdict | None, str] = {
    "identical": '<circle cx="8" cy="8" r="7" fill="currentColor"/><path class="ks" d="M5 6.4h6M5 9.6h6"/>',
    "equivalent": f'<circle cx="8" cy="8" r="6.3" {_LINE} stroke-width="1.4"/>'
    f'<path d="M4.9 7c1-1.3 2-1.3 3.1-.4s2.1.9 3.1-.4M4.9 10.2c1-1.3 2-1.3 3.1-.4s2.1.9 3.1-.4" '
    f'{_LINE} stroke-width="1.4"/>',
    "unstable": '<path d="M8 1.6 15 14H1z" fill="currentColor" stroke="currentColor" stroke-width="1.6" '
    'stroke-linejoin="round"/><path class="ks" d="M4.7 11.3c1.1-2 2.2-2 3.3-.6s2.2 1.4 3.3-.6"/>',
    "diverged": '<path d="M8 .9 15.1 8 8 15.1.9 8z" fill="currentColor" stroke="currentColor" '
    'stroke-linejoin="round"/><path class="ks" d="M5.2 6.6h5.6M5.2 9.4h5.6M9.6 4.7 6.4 11.3"/>',
    "failed": '<rect x="1.5" y="1.5" width="13" height="13" rx="2.2" fill="currentColor"/>'
    '<path class="ks" d="m5.3 5.3 5.4 5.4M10.7 5.3l-5.4 5.4"/>',
    "unverifiable": f'<circle cx="8" cy="8" r="6.3" {_LINE} stroke-width="1.4" stroke-dasharray="2.47 1.49"/>'
    f'<path d="M6.2 6.5c0-1.1.8-1.8 1.9-1.8s1.9.7 1.9 1.7c0 1.4-1.9 1.5-1.9 2.9" {_LINE} '
    'stroke-width="1.4"/><circle cx="8.1" cy="11.3" r=".9" fill="currentColor"/>',
    None: f'<circle cx="8" cy="8" r="3" {_LINE} stroke-width="1.2"/>',
}
_MODEL = (
    '<path d="M8 1.2 14.2 4.7v6.6L8 14.8 1.8 11.3V4.7zM1.8 4.7 8 8.1l6.2-3.4M8 8.1v6.7" '
    f'{_LINE} stroke-width="1.5"/>'
)
_MARKS: dict[RunStatus, str] = {
    "failed": f'<path d="m4 4 8 8M12 4l-8 8" {_LINE} stroke-width="1.6"/>',
    "crashed": f'<path d="m4 4 8 8M12 4l-8 8" {_LINE} stroke-width="1.6"/>',
    "interrupted": '<rect x="4" y="4" width="8" height="8" rx="1" fill="currentColor"/>',
    "running": f'<path d="M8 2a6 6 0 1 1-6 6" {_LINE} stroke-width="1.6"/>',
}


def word(verdict: Verdict | None) -> str:
    return verdict or "not replayed"


def tone(verdict: Verdict | None) -> Tone:
    return _TONES[verdict]


def verdict_line(verdict: Verdict | None) -> Line:
    """``= identical``."""
    return (
        (SIGNS[verdict], tone(verdict)),
        (f" {word(verdict)}", "quiet" if verdict is None else "plain"),
    )


def _svg(shape: str) -> str:
    return f'<svg viewBox="0 0 16 16" aria-hidden="true">{shape}</svg>'


def verdict_html(verdict: Verdict | None, *, with_word: bool = True, large: bool = False) -> str:
    """The shape with its word beside it, in ink; without the word it is the label and the title."""
    name = word(verdict)
    classes = f"v {_CLASSES[tone(verdict)]}" + (" lg" if large else "")
    said = f" <span>{name}</span>" if with_word else ""
    return (
        f'<span class="{classes}" role="img" aria-label="verdict: {name}" title="{name}">'
        f"{_svg(_SHAPES[verdict])}{said}</span> "
    )


def status_html(status: RunStatus) -> str:
    """The mark of a run that did not complete: it never borrows a verdict's shape."""
    if status == "completed":
        return ""
    kind = "no" if status in ("failed", "crashed") else "na"
    title = {"failed": "the cell raised", "crashed": "the kernel died"}.get(status, status)
    return f'<span class="v {kind}" role="img" aria-label="{title}" title="{title}">{_svg(_MARKS[status])}</span> '


def model_html() -> str:
    return _svg(_MODEL)
