"""What came of the faults, as a table and notes in Markdown."""

from __future__ import annotations

from typing import Any

Results = dict[str, dict[str, Any]]
GOALS = {"kills": "0", "8 writers": "0", "64 writers": "0", "full": "0"}


def table(results: Results) -> str:
    """A row for each fault."""
    lines = ["| fault | how much | lost, half, untrue or a traceback | goal |", "|---|---|---|---|"]
    for name, result in results.items():
        what, much = _row(name, result)
        lines.append(f"| {what} | {much} | {len(result['wrong'])} | {GOALS.get(name, '')} |")
    return "\n".join(lines)


def _row(name: str, result: dict[str, Any]) -> tuple[str, str]:
    verbs = f"{result.get('verbs', 0):,} verbs committed"
    match name:
        case "kills":
            much = f"{result['kills']:,} kills, {result['writing']:,} after a first verb, {verbs}"
            return "kill -9 at random points of writing", much
        case "full":
            much = f"{result['fulls']:,} times, {verbs} ({result['how']})"
            return "disk full at a random write", much
        case "read-only":
            return "read-only store", str(result["how"])
        case "clock":
            return "clock set back and ahead", f"{result['writers']} writers, {verbs}"
        case "versions":
            return "two versions on one store", f"{result.get('rounds', 0)} times, {result['how']}"
        case "flips":
            missed = sum(result["unseen"].values())
            much = f"{result['flips']:,} flips, {missed} of them in the audit log's text and not found (below)"
            return "a byte flipped", much
        case "network":
            much = f"{result['kills']} kills and {result['writers']} writers at once, {verbs}"
            return "network file system, our locks fail; in half SQLite's too", much
        case "no locks":
            much = f"{result['rounds']} pairs of writers"
            return "two writers where SQLite has no locks (nothing is promised)", much
        case _:
            return f"{name} at once", f"{result['runs']:,} runs, {verbs}, {result['seconds']} s"


def notes(results: Results) -> str:
    """What the table has no room for."""
    lines = [*_flips(results.get("flips")), *_full(results.get("full"))]
    if "versions" in results and "went on" in results["versions"]:
        lines.append(
            "- Versions: while this version brought the store up to date (in half of the rounds after it was killed "
            f"while doing so) the older one, which had it open, wrote on {results['versions']['went on']} times and "
            f"stopped with a sentence {results['versions']['stopped with a sentence']} times. Opened afterwards, it "
            "refused with StoreTooNew and changed no row."
        )
    if "no locks" in results:
        found = results["no locks"]
        lines.append(
            f"- Without any locks two writers at once damaged {found['damaged']} of {found['rounds']} stores; fsck "
            f"said so of {found['found']}. Several hosts need the PostgreSQL store."
        )
    return "\n".join(lines)


def _flips(result: dict[str, Any] | None) -> list[str]:
    if result is None:
        return []
    kinds = ("found", "unused", "refused, not found", "unseen")
    lines = [
        "| flipped in | found by fsck | changes nothing that is kept | refused by readers only | not found |"
    ]
    lines.append("|---|---|---|---|---|")
    for name, counts in sorted(result["counts"].items()):
        lines.append(f"| {name} | {' | '.join(str(counts.get(kind, 0)) for kind in kinds)} |")
    lines.append("")
    if result["unseen"]:
        parts = ", ".join(f"{name} {count}" for name, count in result["unseen"].items())
        lines.append(f"- Flips that fsck did not find: {parts}.")
    return lines


def _full(result: dict[str, Any] | None) -> list[str]:
    if result is None:
        return []
    said = ", ".join(f"*{words}* {count}" for words, count in sorted(result["sentences"].items()))
    return [
        f"- What was said on a full disk: {said}.",
        (
            f"- While there was no room another process could read the whole store {result['read while full']} times "
            f"and was refused with a sentence {result.get('refused while full', 0)} times."
        ),
    ]
