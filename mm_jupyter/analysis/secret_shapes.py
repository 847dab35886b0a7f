"""How secrets look: names that say secret, values that look made up of chance, the places where they are bound."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

Kind = Literal["password", "token"]
Span = tuple[int, int, str]

NAME_HINTS = ("passw", "pwd", "passphrase", "secret", "token", "key", "credential")
_ASCII = bytes(range(128)).lower() + bytes(range(128, 256))

_LAST = re.compile(
    r"""(?x) (?<![a-z0-9])
    (?: (?P<password> passwords? | passwd | pwd | passphrase | passcode )
    | secret | token | apikey | credentials?
    | (?: api | access | secret | private | auth | encryption | encrypt | signing | account | storage | service
        | master | app | shared | license | subscription ) [_\-]? key ) $
    """
)
_WORD = re.compile(  # followed by what may bind a value: a look that spares most words of prose and code
    r"(?:passwords?|passwd|pwd|passphrase|passcode|secret|token|credentials?|key)"
    r"(?=[\"'\\\]):=,!]|[ \t]{1,8}[:=!,])"
)
_FLAG = re.compile(r"--[\w\-]{0,40}(?:passw(?:or)?d|pwd|secret|token|key)(?=[ \t])", re.ASCII)
_BINDING = re.compile(
    r"""(?x)
    (?P<quote> \\? ["'] )? \]? \)?                      # the end of a quoted name, of a subscript
    [ \t]{0,8} (?: : [ \t]{0,4} [\w.\[\]| ,]{1,60}? (?= [ \t]{0,4} = ) )?      # an annotation
    [ \t]{0,8} (?P<sign> := | == | != | => | = | : | , )
    [ \t]{0,40} (?: (?: SecretStr | str | bytes | (?: base64\. )? b64decode ) \( [ \t]{0,4} )?
    (?P<prefix> [rRbBuUfF]{0,2} ) (?P<open> \"\"\" | \'\'\' | \\? ["'] )
    """
)
_BARE = re.compile(
    r"""(?x)
    (?P<sign> [ \t]{0,4} [=:] [ \t]{0,4} | [ \t]{1,4} )
    (?P<value> [^\s"'`;,&|<>(){}\[\]$\\]{6,256} )
    """
)
_EMPTY = re.compile(r"<[^>]*>|\{.*\}|\[.*\]|\$\{?\w+\}?|%\w|%\(\w+\)s|[*xX.\-_#?]+|0+")
_STAND_IN = re.compile(
    r"(?i)(?:your|my|the|a|change|replace|insert|enter|put|example|sample|test|dummy|fake|todo|none|null|true|false"
    r"|placeholder|redacted|hidden|undefined)(?![a-z])"
)
_PLAIN = frozenset(
    "password passwd pass pwd passphrase secret token key user username admin root guest test none null true false "
    "string str text hidden required optional changeme example default basic bearer".split()
)
_PATH = re.compile(r"(?:~|\.{1,2})?/[\w.\-/ ]+|[A-Za-z]:\\.+|\w+://.+")
_RELATIVE_PATH = re.compile(r"[\w.\-]+(?:/[\w.\-]+)+")


def lowered(text: str) -> str:
    """``text`` in lower case, letter for letter (``str.lower`` may change its length); other scripts become ``?``."""
    return text.encode("ascii", "replace").lower().decode("ascii")


def kind_of_name(name: str) -> Kind | None:
    """Whether a name says that its value is a secret: its last words do (``db_password``, ``apiKey``, ``X-Token``)."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_-. 0123456789")
    last = None if "public" in words else _LAST.search(words)
    if last is None:
        return None
    return "password" if last["password"] else "token"


def is_secret(value: str, kind: Kind) -> bool:
    """Whether the value of a name of that kind is a secret rather than a word, a placeholder, a path or a pattern."""
    if (
        not 4 <= len(value) <= 4096
        or value.lower().strip("?!: ") in _PLAIN
        or not value.isprintable()
    ):
        return False
    if _EMPTY.fullmatch(value) or _PATH.fullmatch(value):
        return False
    if is_random(value):
        return True
    plain = _STAND_IN.match(value) or _RELATIVE_PATH.fullmatch(value)
    return kind == "password" and not plain and _is_password(value)


def _is_password(value: str) -> bool:
    if " " in value:
        return False
    letters = any(char.isalpha() for char in value)
    digits = any(char.isdigit() for char in value)
    signs = any(char in "!@#$%^&*?+~" for char in value)
    words = len(value) >= 16 and not value.isidentifier() and not set(value) & set(".:")
    return letters + digits + signs >= 2 or (digits and len(value) >= 6) or words


def is_random(value: str) -> bool:
    """Whether a text looks made up of chance: 8 characters or more in which kinds of characters alternate."""
    if len(value) < 8 or any(char.isspace() for char in value):
        return False
    if any(_is_random_run(run) for run in _RUN.findall(value)):
        return True
    joined = re.sub(r"[^A-Za-z0-9]", "", value)  # chance in groups: a UUID, a licence key
    least = 3 if _HEX.fullmatch(joined) else len(joined) / 3
    return len(joined) >= 16 and any(map(str.isdigit, joined)) and _changes(joined) >= least


_RUN = re.compile(r"[A-Za-z0-9+/=]{8,}")
_HEX = re.compile(r"(?=.*[a-f])[0-9a-f]+|(?=.*[A-F])[0-9A-F]+")


def _is_random_run(run: str) -> bool:
    digits = sum(char.isdigit() for char in run)
    letters = sum(char.isalpha() for char in run)
    if not letters:
        return False
    changes = _changes(run)
    if digits >= 2:
        return changes >= max(3, len(run) / 6)
    mixed = run != run.lower() and run != run.upper()
    return mixed and len(run) >= 16 and changes >= len(run) / 3


def _changes(text: str) -> int:
    """How often the kind of character changes: lower, upper, digit, other."""
    kinds = [
        "d" if c.isdigit() else "l" if c.islower() else "u" if c.isupper() else "o" for c in text
    ]
    return sum(one != other for one, other in pairwise(kinds))


def named_values(text: str, low: str) -> list[Span]:
    """Values bound to names that say secret: literals, and in lines of shells and settings bare words too."""
    found: list[Span] = []
    bare: list[Span] = []
    for word in _words(low):
        start, end = word.span()
        if word[0] == "key" and low[start - 1 : start] not in _JOINED:
            continue  # "key" alone says nothing
        name = text[_name_start(text, start) : end]
        kind = kind_of_name(name)
        if kind is None:
            continue
        binding = _BINDING.match(text, end)
        if binding is not None:
            found += _literal(text, binding, name, kind)
        else:
            bare += _bare_value(text, end, name, kind)
    for flag in _FLAG.finditer(low) if "--" in low else ():
        name = text[flag.start() : flag.end()]
        kind = kind_of_name(name)
        if kind is not None:
            bare += _bare_value(text, flag.end(), name, kind)
    return found + (_outside_code(text, bare) if bare else [])


def _words(low: str) -> Iterator[re.Match[str]]:
    for hint in NAME_HINTS:
        at = low.find(hint)
        while at >= 0:
            word = _WORD.match(low, at)
            if word is not None:
                yield word
            at = low.find(hint, at + len(hint))


_JOINED = frozenset("abcdefghijklmnopqrstuvwxyz_-")


def _name_start(text: str, start: int) -> int:
    first = max(0, start - 64)
    while start > first and (text[start - 1].isalnum() or text[start - 1] in "_-"):
        start -= 1
    return start


def _literal(text: str, binding: re.Match[str], name: str, kind: Kind) -> Iterator[Span]:
    if binding["sign"] == "," and not binding["quote"]:
        return  # f(token, "text"): only a quoted name is followed by its value
    start = binding.end()
    end = _closing(text, start, binding["open"])
    formatted = "f" in binding["prefix"].lower() and "{" in text[start:end]
    if end is not None and not formatted and is_secret(text[start:end], kind):
        yield start, end, name


def _closing(text: str, start: int, quote: str) -> int | None:
    """Where the literal ends that was opened before ``start``; None where it does not within 2,048 characters."""
    last = start + 2048
    end = text.find(quote, start, last)
    while end > start and text[end - 1] == "\\" and _is_escaped(text, start, end):
        end = text.find(quote, end + 1, last)
    if end < 0 or (len(quote) < 3 and text.find("\n", start, end) >= 0):
        return None
    return end


def _is_escaped(text: str, start: int, end: int) -> bool:
    before = text[start:end]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _bare_value(text: str, end: int, name: str, kind: Kind) -> Iterator[Span]:
    match = _BARE.match(text, end)
    if match is None or not (_DIGIT.search(match["value"]) and _LETTER.search(match["value"])):
        return
    value = match["value"].rstrip(".:")
    weak = kind == "password" and match["sign"] == "="
    if is_secret(value, kind) and (weak or is_random(value)):
        start = match.start("value")
        yield start, start + len(value), name


_DIGIT = re.compile(r"[0-9]")
_LETTER = re.compile(r"[A-Za-z]")


def _outside_code(text: str, bare: list[Span]) -> list[Span]:
    """Of bare words, those that are no expressions: all where the text is no Python, else those in literals, comments
    and IPython's own lines."""
    code = re.sub(r"(?m)^([ \t]*)[%!](?!%)", r"\1#", text)
    try:
        ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return bare
    starts = [0]
    for line in code.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    areas = [(starts[a - 1] + b, starts[c - 1] + d) for (a, b), (c, d) in _literals(code)]
    return [span for span in bare if any(a <= span[0] and span[1] <= b for a, b in areas)]


def _literals(code: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where the literals and comments of valid Python start and end: line (from 1) and column."""
    wanted = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", -1)}
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type in wanted:
                yield token.start, token.end
    except (tokenize.TokenError, SyntaxError):
        return


_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?)-----")
_CHUNK = re.compile(r"[A-Za-z0-9+/=]{20,}")


def private_keys(text: str, _low: str) -> Iterator[Span]:
    """The lines between BEGIN and END of a private key: each a secret of its own, so that quotes between them stay."""
    done = 0
    for block in _BLOCK.finditer(text):
        if block.start() < done:
            continue
        end = text.find("-----END", block.end(), block.end() + 20_000)
        done = end if end >= 0 else min(len(text), block.end() + 4_000)
        for chunk in _CHUNK.finditer(text, block.end(), done):
            start = chunk.start() + (text[chunk.start() - 1] == "\\")  # the n of a "\\n" stays
            yield start, chunk.end(), "private-key"


_ADDRESS = re.compile(r"://([^\s:/?#@\"'<>`{}\[\]]{0,256}):([^\s/?#@\"'<>`]{1,512})@(?=[\w\[])")
_USUAL = frozenset("password passwd pass pwd secret token pw p user username xxx example".split())


def passwords_in_addresses(text: str, _low: str) -> Iterator[Span]:
    """``scheme://user:password@host``; not ``{password}``, ``$PASSWORD``, ``%s`` or the word itself."""
    for match in _ADDRESS.finditer(text):
        password = match[2]
        usual = password.lower() in _USUAL or password == match[1]
        if not usual and password[0] not in "{$%*<[" and not set(password) <= set("x*."):
            yield match.start(2), match.end(2), "url-password"
