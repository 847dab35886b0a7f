"""IPython's own syntax in a cell, turned into Python that ``ast`` reads, line numbers kept.

The forms are those of ``IPython.core.inputtransformer2``; this file must work where IPython is another version, and
in a parent without a shell, so it knows them itself.
"""

from __future__ import annotations

import ast
import re
import threading
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mm_jupyter.analysis.names.magics import CELL_KINDS, LINE_KINDS, shell_is_safe

WORD = re.compile(r"[^\W\d]\w*")
_EXPANDED = re.compile(r"\{([^{}]*)\}|\$(\w+)")
_TRACK = re.compile(r"%%track(?![^\s])(.*)")
_QUIET = threading.Lock()  # filters belong to the process: two threads would put back each other's
_WARNS = re.compile(r"\\|\d(?:or|and|if|else|in|is|not|for)\b")
_ASSIGN = re.compile(
    r"""(\s*(?:[^=!#'"]|'[^']*'|"[^"]*")*?(?<![-+*/%&|^@<>!=:\s]))\s*=\s*(!(?!=)|%(?=[^\W\d]))(.*)""",
    re.DOTALL,
)
_HELP = re.compile(r"%{0,2}(?!\d)[\w*]+(\.(?!\d)[\w*]+|\[-?[0-9]+\])*\?\??\s*$")
_CELL_HELP = re.compile(r"%%\w+\?")
_LEXEME = re.compile(
    r'''"""|\'\'\'|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|#.*|[()\[\]{}]''',
)
_OURS = re.compile(r"^[ \t]*%(?:mm(?:\s|$)|(?:re)?load_ext\s+mm_jupyter\s*$)", re.MULTILINE)
_OPTION = re.compile(r"^(?:-\w+\s*\d*\s+)+")


@dataclass(slots=True)
class Plain:
    """A cell as Python, and what its magic lines say.

    ``ours`` counts lines of mm_jupyter's own; ``hides``: a last ``;`` hides the cell's value.
    """

    text: str = ""
    barriers: set[str] = field(default_factory=set)
    mentions: set[str] = field(default_factory=set)
    ours: int = 0
    hides: bool = False


def track_line(source: str) -> tuple[str | None, str]:
    """Split off a first line ``%%track ...``: its options and the rest; (None, ``source``) where there is none.

    As in IPython empty lines before it do not count, and a comment before it makes it no cell magic.
    """
    rest = source.lstrip()
    match = _TRACK.match(rest) if rest.startswith("%%track") else None
    if match is None:
        return None, source
    return match[1].strip(), rest[match.end() :].lstrip("\r").removeprefix("\n")


def body(source: str) -> str:
    """The cell without its ``%%track`` line."""
    return track_line(source)[1]


def without_ours(source: str) -> str:
    """The cell without the lines that load or command mm_jupyter (``%load_ext mm_jupyter``, ``%mm ...``)."""
    if not _OURS.search(source):
        return source
    lines = source.split("\n")
    kept = list(lines)
    for at, end, special in _statements(lines):
        if special and _OURS.match(lines[at]):
            indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
            kept[at : end + 1] = [f"{indent}pass" if indent else "\0"] + ["\0"] * (end - at)
    return "\n".join(line for line in kept if line != "\0")


def parse(text: str) -> ast.Module:
    """``ast.parse`` that shows no warning about the user's literals.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: as ``ast.parse``.
    """
    if not _WARNS.search(text):
        return ast.parse(text)
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def read(source: str) -> tuple[ast.Module, Plain]:
    """The syntax tree of a cell and what its magic lines say.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: as ``ast.parse``.
    """
    found = Plain(hides=source.rstrip().endswith(";"))
    if not source.lstrip().startswith("%%"):
        try:
            return parse(source), found
        except SyntaxError:
            pass
    found.text = _lines(_cell_magics(_dedented(source), found), found)
    return parse(found.text), found


def _dedented(source: str) -> str:
    """Without the indentation of the first line that is not empty, as IPython takes it off."""
    lines = source.split("\n")
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    return "\n".join(line.removeprefix(indent) for line in lines) if indent else source


def _cell_magics(text: str, found: Plain) -> str:
    lines = text.split("\n")
    at = 0
    while True:
        while at < len(lines) and not lines[at].strip():
            at += 1
        if at == len(lines) or not lines[at].startswith("%%") or _CELL_HELP.match(lines[at]):
            return "\n".join(lines)
        name, _, line = lines[at][2:].strip().partition(" ")
        kind = CELL_KINDS.get(name, "magic")
        rest = "\n".join(lines[at + 1 :])
        lines[at] = ""
        if kind == "python":
            bound = [word for word in line.split() if not word.startswith("-")]
            if name == "capture" and bound and bound[0].isidentifier():
                lines[at] = f"{bound[0]} = ()"
                return "\n".join(lines[: at + 1]) + "\n" + _cell_magics(rest, found)
            at += 1
            continue
        found.mentions.update(_expanded(line))
        if kind == "words":
            found.mentions.update(WORD.findall(rest))
        elif kind != "none":
            found.barriers.add(kind)
            if kind == "magic":
                found.mentions.update(WORD.findall(line), WORD.findall(rest))
        return "\n".join(lines[: at + 1])


def _lines(text: str, found: Plain) -> str:
    lines = text.split("\n")
    for at, end, special in _statements(lines):
        line = lines[at]
        stripped = line.lstrip()
        if special:
            whole = " ".join(part.removesuffix("\\") for part in lines[at : end + 1])
            lines[at] = _replaced(whole, found)
            lines[at + 1 : end + 1] = [""] * (end - at)
        elif end == at and _asks_help(stripped):
            lines[at] = line[: len(line) - len(stripped)] + "pass"
    return "\n".join(lines)


def _statements(lines: list[str]) -> Iterator[tuple[int, int, bool]]:
    """First and last line of each statement, and whether it is one of IPython's own."""
    at = 0
    while at < len(lines):
        line = lines[at]
        special = line.lstrip()[:1] in ("%", "!", "?", ",", ";", "/") or bool(
            _ASSIGN.fullmatch(line)
        )
        end = at
        if special:
            while lines[end].endswith("\\") and end + 1 < len(lines):
                end += 1
        else:
            end = _logical_end(lines, at)
        yield at, end, special
        at = end + 1


def _logical_end(lines: list[str], start: int) -> int:
    """The last physical line of the Python statement (or statements) that starts at ``start``."""
    depth, quote, at = 0, "", start
    while True:
        position, line = 0, lines[at]
        while True:
            if quote:
                close = line.find(quote, position)
                if close < 0:
                    break
                position, quote = close + 3, ""
            match = _LEXEME.search(line, position)
            if match is None:
                break
            position, token = match.end(), match[0]
            if token in ('"""', "'''"):
                quote = token
            elif token in "([{":
                depth += 1
            elif token in ")]}":
                depth -= 1
        if at + 1 == len(lines) or not (quote or depth > 0 or line.endswith("\\")):
            return at
        at += 1


def _replaced(line: str, found: Plain) -> str:
    """One line of IPython's syntax as Python: the statement that it holds, or ``pass``."""
    stripped = line.lstrip()
    indent = line[: len(line) - len(stripped)]
    assign = _ASSIGN.fullmatch(line)
    if assign is not None:
        target, escape, command = assign[1], assign[2], assign[3]
        held = _shell(command, found) if escape == "!" else _magic(command, found)
        return f"{target} = {held or '()'}"
    if _asks_help(stripped):
        return indent + "pass"
    if stripped.startswith("!"):
        return indent + (_shell(stripped.lstrip("!"), found) or "pass")
    if stripped.startswith("%"):
        return indent + (_magic(stripped.lstrip("%"), found) or "pass")
    if not stripped.startswith("?"):
        found.barriers.add("magic")
        found.mentions.update(WORD.findall(stripped))
    return indent + "pass"


def _asks_help(line: str) -> bool:
    """Whether a line ends in ``name?`` or ``name??``, outside of comments and texts."""
    line = line.rstrip()
    if not line.endswith("?") or not _HELP.search(line):
        return False
    return not any(match[0][0] == "#" for match in _LEXEME.finditer(line))


def _shell(command: str, found: Plain) -> str:
    found.mentions.update(_expanded(command))
    if not shell_is_safe(command):
        found.barriers.add("shell")
    return ""


def _magic(text: str, found: Plain) -> str:
    """Note what a line magic does; the Python statement that it runs in the notebook's names, or nothing."""
    name, _, arguments = text.strip().partition(" ")
    arguments = arguments.strip()
    kind = LINE_KINDS.get(name, "magic")
    if name == "mm" or (name in ("load_ext", "reload_ext") and arguments == "mm_jupyter"):
        found.ours += 1
        return ""
    if kind == "python":
        try:
            parse(arguments)
        except (SyntaxError, ValueError):
            kind = "words"
        else:
            return arguments
    if kind == "words":
        found.mentions.update(WORD.findall(_OPTION.sub("", arguments)))
        return ""
    if kind == "environ" and not re.search(r"[= ]", arguments):
        kind = "none"
    if name == "matplotlib" and arguments in ("", "inline"):
        kind = "none"  # what a kernel does of itself
    found.mentions.update(_expanded(arguments))
    if kind in ("magic", "run"):
        found.mentions.update(WORD.findall(arguments))
    if kind != "none":
        found.barriers.add(kind)
    return ""


def _expanded(text: str) -> Iterable[str]:
    """Words that IPython replaces by values in a magic's line: ``{x}`` and ``$x``."""
    for braces, dollar in _EXPANDED.findall(text):
        yield from WORD.findall(braces or dollar)
