"""What differs between two runs of the same code and says nothing: one small named rule each.

A rule turns a text into one without the noise. It must be narrow: whatever it removes can no longer be found to differ.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """``hint`` is a text without which the rule has nothing to do."""

    name: str
    hint: str
    apply: Callable[[str], str]


def replacing(name: str, hint: str, *patterns: tuple[str, str]) -> Rule:
    """A rule that replaces what matches each pattern."""
    compiled = [(re.compile(pattern, re.MULTILINE), new) for pattern, new in patterns]

    def apply(text: str) -> str:
        for pattern, new in compiled:
            text = pattern.sub(new, text)
        return text

    return Rule(name, hint, apply)


def numbering(name: str, hint: str, pattern: str) -> Rule:
    """A rule that numbers identifiers by first appearance, so that mixed-up references are still found.

    Group 1 of ``pattern`` is the identifier; it is replaced wherever it stands.
    """
    compiled = re.compile(pattern)

    def apply(text: str) -> str:
        found = dict.fromkeys(match[1] for match in compiled.finditer(text))
        if not found:
            return text
        numbers = {identifier: f"{name} {number}" for number, identifier in enumerate(found, 1)}
        anywhere = re.compile("|".join(map(re.escape, sorted(found, key=len, reverse=True))))
        return anywhere.sub(lambda match: numbers[match[0]], text)

    return Rule(name, hint, apply)


def _last_state(text: str) -> str:
    """What a terminal shows of lines that return to their start."""
    lines = re.sub("\b+(?=\r)", "", text).split("\n")  # keras steps back before it returns
    return "\n".join(_overwritten(line) if "\r" in line else line for line in lines)


def _overwritten(line: str) -> str:
    shown = ""
    for part in line.rstrip("\r").split("\r"):
        shown = part + shown[len(part) :]
    return shown.rstrip()


_SET = re.compile(r"\{[^{}:]{1,100000}\}")


def _sorted_set(match: re.Match[str]) -> str:
    text = match[0].replace("&#x27;", "'").replace("&quot;", '"')
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return match[0]
    if not isinstance(tree, ast.Set) or not all(
        isinstance(part, (ast.Constant, ast.Tuple)) for part in tree.elts
    ):
        return match[0]
    return "{" + ", ".join(sorted(ast.unparse(part) for part in tree.elts)) + "}"


def _sets(text: str) -> str:
    return _SET.sub(_sorted_set, text)


_CLOCK = (
    r"(?:mean_|std_|split\d+_)?(?:fit|score|refit|train|training|predict|prediction|inference|elapsed|wall|cpu|exec"
    r"|execution)_times?_?"
)
"""Names that scikit-learn and its users give to what a clock measured; ``arrival_time`` is data."""
_TIME_COLUMN = re.compile(_CLOCK)
_TIME_ARRAY = re.compile(rf"('{_CLOCK}': (?:array\()?)(?:\[[^\]]*\]|[\d.e+-]+)")


def _time_columns(text: str) -> str:
    """Leave the columns out that were measured with a clock, in printed dicts, frames and HTML tables."""
    text = _TIME_ARRAY.sub(r"\1...", text)
    if "<table" in text:
        return re.sub(r"<table.*?</table>", _html_table, text, flags=re.DOTALL)
    return "\n".join(_without_columns(text.split("\n")))


def _without_columns(lines: list[str]) -> Iterator[str]:
    """Printed frames: a row has one cell more than its header, the index. An empty line ends a frame."""
    found: frozenset[int] = frozenset()
    size = 0
    for line in lines:
        cells = line.split()
        if cells and cells[-1] == "\\":  # a frame too wide for one block goes on below
            del cells[-1]
        here = frozenset(place for place, cell in enumerate(cells) if _TIME_COLUMN.fullmatch(cell))
        if here:
            found, size = here, len(cells)
            yield " ".join(cell for place, cell in enumerate(cells) if place not in found)
        elif found and len(cells) == size + 1:
            yield " ".join(cell for place, cell in enumerate(cells) if place - 1 not in found)
        else:
            found = found if cells else frozenset()
            yield line


def _html_table(match: re.Match[str]) -> str:
    rows = re.findall(r"<tr.*?</tr>", match[0], flags=re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, flags=re.DOTALL) for row in rows]
    found = {
        place
        for row in cells[:3]
        for place, cell in enumerate(row)
        if _TIME_COLUMN.fullmatch(cell.strip())
    }
    if not found:
        return match[0]
    kept = ["|".join(cell for place, cell in enumerate(row) if place not in found) for row in cells]
    return "<table>\n" + "\n".join(kept) + "\n</table>"


_REMAINING = re.compile(r"^( +\d+(?: +-?[\d.]+)+ +)[\d.]+[smh]$", re.MULTILINE)
SECONDS = r" *\d+(\.\d+)?(e-?\d+)? ?(s|ms|us|min)\b"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

RULES: tuple[Rule, ...] = (
    replacing(
        "addresses",
        "0x",
        (r"\bat 0x[0-9a-fA-F]{6,16}\b", "at 0x"),
    ),
    # scikit-learn's pages shorten <sklearn.tree._tree.Tree object at 0x7f8abd50ca40>
    replacing("shortened addresses", "...", (r"\.\.\.(?:0?x)?[0-9a-f]{6,12}(?=>|&gt;)", "...")),
    replacing("bare addresses", "0x", (r"\b0x(7[ef]|5[56])[0-9a-f]{10}\b", "0x")),
    replacing("estimator ids", "sk-", (r"\bsk-(container|estimator)-id-\d+\b", r"sk-\1-id")),
    numbering("Styler ids", "T_", r"\b(T_[0-9a-f]{5})(?=[_\"'\s{,])"),
    replacing(
        "SVG metadata",
        "<dc:",
        (r"<dc:date>[^<]*</dc:date>", "<dc:date/>"),
        (r"<dc:title>Matplotlib v[^<]*</dc:title>", "<dc:title/>"),
    ),
    numbering("SVG ids", "<svg", r"\bid=\"([a-z][0-9a-f]{10})\""),
    numbering("animation ids", "anim", r"\bid=\"_anim_img([0-9a-f]{32})\""),
    numbering(
        "HTML ids",
        "id=",
        rf"\bid=[\"'](?:[\w\-]*?[\-_])?({UUID}|(?<=altair-viz-)[0-9a-f]{{32}})[\"']",
    ),
    replacing(
        "cell's file",
        "ipy",
        (r"(/[^\s\"']*)?/ipykernel_\d+/\d+\.py(:\d+)?", "cell.py"),
        (r"<ipython-input-\d+-[0-9a-f]+>", "cell.py"),
    ),
    replacing(
        "warnings' paths",
        "Warning",
        (
            r"^\S*/(?:site-packages|dist-packages|lib/python3\.\d+)/(\S+\.py):\d+: (?=\w*Warning)",
            r"\1: ",
        ),
    ),
    Rule("progress bars", "\r", _last_state),
    replacing(
        "progress bars' times",
        "%|",
        # the bar grows and shrinks with the room that the rate leaves
        (
            r"%\|[^|\n]*(\| *\S+ )\[[\d:]+<[\d:?]+, +[\d.?]+(?:e[+-]?\d+)?(?: ?\w+/s|s/ ?\w+)",
            r"%|\1[",
        ),
    ),
    replacing(
        "scikit-learn's times",
        "",
        (r"^\[Parallel\(n_jobs=-?\d+\)\]:.*\n?", ""),
        (rf"^(\[(?:CV|Pipeline).*total(?: time)?=){SECONDS}", r"\1"),
        (rf"^(\[\d+/\d+\] \d+ trees?,.* in){SECONDS}", r"\1"),
        (rf"^((?:Binning [\d.]+ GB of|Fit \d+ trees in|Time spent)(?:[^:\n]*:)?){SECONDS}", r"\1"),
        (rf"^(\[t-SNE\] .*\bin){SECONDS}", r"\1"),
    ),
    replacing(
        "scikit-learn's times in its pages",
        "fitted-att-type",
        (
            rf"(doc-link-{_CLOCK};(?:(?!</tr>)[\s\S])*<td class=\"fitted-att-type\">float</td>\s*<td>)[^<]*",
            r"\1",
        ),
        # the first of cv_results_ are times; the model's state is compared beside its page
        (
            r"(doc-link-cv_results_;(?:(?!</tr>)[\s\S])*<td class=\"fitted-att-type\">dict</td>\s*<td>)[^<]*",
            r"\1",
        ),
    ),
    Rule(
        "scikit-learn's remaining time", "Remaining Time", lambda text: _REMAINING.sub(r"\1", text)
    ),
    replacing(
        "keras' times",
        "/step",
        (r"\d+s(\x1b\[0m)?( -)? \d+(?:s|ms|us)/step", r"\1\2"),
    ),
    replacing(
        "LightGBM's times",
        "[LightGBM]",
        (
            (
                r"^\[LightGBM\] \[Info\] Auto-choosing (?:row|col)-wise multi-threading, "
                r"the overhead of testing was [\d.e-]+ seconds\.\n"
                r"(?:You can set `force_\w+=true` to remove the overhead\.\n)?"
                r"(?:And if memory is not enough, you can set `force_\w+=true`\.\n)?"
            ),
            "",
        ),
    ),
    replacing(
        "%%time",
        "Wall time:",
        (r"^CPU times: .*$", "CPU times"),
        (r"^Wall time: .*$", "Wall time"),
    ),
    replacing(
        "%timeit",
        " per loop (mean ",
        (
            r"^.* (±|\+-) .* per loop \(mean \1 std\. dev\. of \d+ runs?, [\d,]+ loops? each\)",
            "%timeit",
        ),
    ),
    replacing(
        "statsmodels' date and time",
        "Date:",
        (r"(\\textbf\{Date:\} +& )\w{3}, \d{2} \w{3} \d{4}", r"\1"),
        (r"(\\textbf\{Time:\} +& +)\d{2}:\d{2}:\d{2}", r"\1"),
        (r"\bDate:\s+\w{3}, \d{2} \w{3} \d{4}", "Date:"),
        (r"\bTime:\s+\d{2}:\d{2}:\d{2}", "Time:"),
        (r"<th>Date:</th>\s*<td>\w{3}, \d{2} \w{3} \d{4}</td>", "<th>Date:</th>"),
        (r"<th>Time:</th>\s*<td>\d{2}:\d{2}:\d{2}</td>", "<th>Time:</th>"),
    ),
    Rule("time columns", "_time", _time_columns),
    Rule("set order", "{", _sets),
)

ADDRESSES = tuple(rule for rule in RULES if rule.name == "addresses")
TEXT_RULES = tuple(rule for rule in RULES if rule.name != "bare addresses")
"""For a text that the user bound to a name: there ``0x7f...`` is as likely a checksum."""


def without_noise(
    recorded: str, replayed: str, rules: Sequence[Rule] = RULES
) -> tuple[str, str, tuple[str, ...]]:
    """Both texts without their noise, and the names of the rules that changed something that differed.

    The texts that come back are equal when only noise told them apart; a rule that was not needed is not named.
    """
    used: list[str] = []
    for rule in rules:
        if recorded == replayed:
            break
        if rule.hint not in recorded and rule.hint not in replayed:
            continue
        left, right = rule.apply(recorded), rule.apply(replayed)
        if (left, right) != (recorded, replayed) and _closer(recorded, replayed, left, right):
            used.append(rule.name)
            recorded, replayed = left, right
    return recorded, replayed, tuple(used)


def _closer(recorded: str, replayed: str, left: str, right: str) -> bool:
    """Whether a rule removed a difference, not only what was the same on both sides."""
    return left == right or _removed(recorded, left) != _removed(replayed, right)


def _removed(before: str, after: str) -> tuple[str, ...]:
    kept = set(after.split("\n"))
    return tuple(line for line in before.split("\n") if line not in kept)


def is_clock_name(name: str) -> bool:
    """Whether a key, column or attribute is a name for a measured time (``fit_time``)."""
    return _TIME_COLUMN.fullmatch(name) is not None
