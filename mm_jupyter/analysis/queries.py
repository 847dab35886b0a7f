"""A query as the user types it -> a checked condition: Python's expression syntax, read as data and never run."""

from __future__ import annotations

import ast
import re
import warnings
from datetime import datetime
from difflib import get_close_matches
from typing import get_args

from mm_jupyter.errors import BadQuery
from mm_jupyter.records import (
    And,
    Comparison,
    Condition,
    Field,
    FieldKind,
    Not,
    Operator,
    Or,
    RunKind,
    RunStatus,
    Scalar,
    SortKey,
    Verdict,
)

MAX_LENGTH = 2_000
MAX_DEPTH = 50

_KINDS: dict[str, FieldKind] = {"metrics": "metrics", "params": "params", "tags": "tags"}
_NUMBERS = ("version", "started", "seconds")
_TEXTS = ("experiment", "status", "verdict", "kind", "notebook", "note")
_WORDS = {"status": get_args(RunStatus), "verdict": get_args(Verdict), "kind": get_args(RunKind)}
_OPERATORS: dict[type[ast.cmpop], Operator] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "==",
    ast.IsNot: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_TURNED: dict[Operator, Operator] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_AGO = re.compile(r"-\s*(\d+(?:\.\d+)?)\s*([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
_SLIPS = (
    (re.compile(r"&&|\bAND\b"), "Write 'and' between two conditions."),
    (re.compile(r"\|\||\bOR\b"), "Write 'or' between two conditions."),
    (re.compile(r"\bNOT\b|!(?!=)"), "Write 'not' before a condition."),
    (re.compile(r"<>"), "Write '!=' for different."),
    (re.compile(r"(?<![=<>!])=(?!=)"), "Write '==' to compare."),
    (re.compile(r"\b(?:LIKE|like|contains)\b"), 'Write "text" in FIELD to look for a text.'),
)


def parse_query(text: str, now: float) -> Condition | None:
    """The condition that ``text`` states; None where it is empty, which every run fits.

    ``metrics.accuracy > 0.9 and params.n_estimators >= 100 or tags.stage == "baseline"``: fields are ``metrics.NAME``,
    ``params.NAME``, ``tags.NAME`` (``metrics["odd name"]``) and the run's own ``experiment``, ``version``, ``kind``,
    ``status``, ``verdict``, ``notebook``, ``note``, ``started``, ``seconds``; ``started`` takes a date
    (``"2026-11-01"``, local time unless it says) or a time ago (``"-24h"``), counted from ``now`` (epoch seconds).

    Raises:
        BadQuery: what is wrong, and where.
    """
    if not text.strip():
        return None
    reader = _Reader(text, now)
    return reader.condition(reader.tree(text), 0)


def parse_sort(text: str) -> SortKey:
    """The order that ``text`` states: a field, with ``-`` before it from the highest down.

    Raises:
        BadQuery: what is wrong, and where.
    """
    start = len(text) - len(text.lstrip())
    sign = text[start : start + 1]
    skipped = start + 1 if sign in ("-", "+") else start
    reader = _Reader(text, 0.0)
    if not text[skipped:].strip():
        raise BadQuery(
            "A field is missing: sort by metrics.NAME, started or the like.", reader.line, len(text)
        )
    return SortKey(reader.field(reader.tree(" " * skipped + text[skipped:])), sign == "-")


class _Reader:
    """Reads one query. ``line`` is its text on one line, in which columns count."""

    def __init__(self, text: str, now: float) -> None:
        if len(text) > MAX_LENGTH:
            shown = text[:40].replace("\n", " ") + "..."
            raise BadQuery(
                f"The query has {len(text):,} characters, {MAX_LENGTH:,} are allowed.", shown, 40
            )
        self.line = "".join(char if char.isprintable() else " " for char in text)
        self.now = now

    def tree(self, text: str) -> ast.expr:
        """The syntax tree of the query; ``text`` is ``line`` or as long as it."""
        text = "".join(char if char.isprintable() else " " for char in text)
        start = len(text) - len(text.lstrip())
        self._start = start
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(text[start:], mode="eval").body
        except SyntaxError as error:
            raise self._slip(error) from error
        except (ValueError, RecursionError, MemoryError) as error:
            raise self._too_deep(start) from error

    def condition(self, node: ast.expr, depth: int) -> Condition:
        if depth > MAX_DEPTH:
            raise self._too_deep(self._column(node))
        match node:
            case ast.BoolOp(op=op, values=values):
                parts = tuple(self.condition(value, depth + 1) for value in values)
                return And(parts) if isinstance(op, ast.And) else Or(parts)
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return Not(self.condition(inner, depth + 1))
            case ast.Compare(left=left, ops=ops, comparators=rights):
                sides = [left, *rights]
                pairs = [self._compared(sides[at], op, sides[at + 1]) for at, op in enumerate(ops)]
                return pairs[0] if len(pairs) == 1 else And(tuple(pairs))
            case ast.BinOp(op=ast.BitAnd()):
                raise self._bad(node, "Write 'and' between two conditions.", after=node.left)
            case ast.BinOp(op=ast.BitOr()):
                raise self._bad(node, "Write 'or' between two conditions.", after=node.left)
            case ast.Name() | ast.Attribute() | ast.Subscript():
                self.field(node)
                raise self._bad(
                    node, "Compare the field with something, as in metrics.accuracy > 0.9."
                )
        raise self._bad(
            node, "A condition compares a field with a value, as in metrics.accuracy > 0.9."
        )

    def field(self, node: ast.expr, value: Scalar = 0.0) -> Field:
        """The field that ``node`` names; ``value``, what it is compared with, helps to guess what was meant."""
        names: list[str] = []
        inner = node
        while not isinstance(inner, ast.Name):
            match inner:
                case ast.Attribute(value=outer, attr=name):
                    names.append(name)
                case ast.Subscript(value=outer, slice=ast.Constant(value=str(name))):
                    names.append(name)
                case _:
                    raise self._bad(
                        inner,
                        "A field is metrics.NAME, params.NAME, tags.NAME or one of the run's own.",
                    )
            inner = outer
            if len(names) > MAX_DEPTH:
                raise self._too_deep(self._column(node))
        if not names:
            return self._own(inner, value)
        kind = _KINDS.get(inner.id)
        if kind is None:
            near = get_close_matches(inner.id, _KINDS, 1, 0.6) or ["metrics"]
            said = f"{near[0]}.{'.'.join(reversed(names))}"
            if inner.id == "run":
                said = names[0]
            raise self._bad(inner, f"There is no {inner.id}.NAME: did you mean {said}?")
        return Field(kind, ".".join(reversed(names)))

    def _own(self, node: ast.Name, value: Scalar) -> Field:
        own = (*_TEXTS, *_NUMBERS)
        if node.id in own:
            return Field("run", node.id)
        if node.id in _KINDS:
            raise self._bad(node, f"Name one of them: {node.id}.NAME.")
        near = get_close_matches(node.id, own, 1, 0.75)
        guess = "tags" if isinstance(value, str) else "metrics"
        said = near[0] if near else f"{guess}.{node.id}"
        raise self._bad(node, f"A run has no {node.id}: did you mean {said}?")

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Comparison:
        operator = _OPERATORS[type(op)]
        if _is_field(left):
            if _is_field(right):
                raise self._bad(right, "A field is compared with a value, not with another field.")
            value = self._value(right)
            field = self.field(left, value if not isinstance(value, tuple) else 0.0)
            if operator in ("in", "not in") and not isinstance(value, tuple):
                raise self._bad(
                    right, f"After '{operator}' comes a list of values: ({_shown(value)},)."
                )
        elif _is_field(right):
            value = self._value(left)
            field = self.field(right, value if not isinstance(value, tuple) else 0.0)
            operator = _TURNED.get(operator, operator)
            if operator in ("in", "not in") and not (isinstance(value, str) and _is_text(field)):
                raise self._bad(
                    left,
                    f'Only a text can be looked for, in note, notebook, params or tags: "text" {operator} note.',
                )
        else:
            raise self._bad(
                left, "One side must be a field: metrics.NAME, params.NAME, tags.NAME, status ..."
            )
        value_node = right if _is_field(left) else left
        return Comparison(field, operator, self._fitting(field, operator, value, value_node))

    def _value(self, node: ast.expr, nested: bool = False) -> Scalar | tuple[Scalar, ...]:
        match node:
            case ast.Constant(value=None | bool() | int() | float() | str() as value):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                if not isinstance(value, bool):
                    return -value
            case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items) if not nested:
                values = [self._value(item, nested=True) for item in items]
                return tuple(value for value in values if not isinstance(value, tuple))
        raise self._bad(
            node, "A value is a number, a text in quotes, True, False, None or a list of them."
        )

    def _fitting(
        self,
        field: Field,
        operator: Operator,
        value: Scalar | tuple[Scalar, ...],
        node: ast.expr,
    ) -> Scalar | tuple[Scalar, ...]:
        """The value as the field holds it: a date of ``started`` in seconds.

        Raises:
            BadQuery: the field never holds such a value.
        """
        if isinstance(value, tuple):
            if operator not in ("in", "not in"):
                raise self._bad(node, f"A list of values goes with 'in', not with '{operator}'.")
            items = node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else []
            pairs = zip(value, items, strict=True)
            return tuple(self._scalar(field, "==", one, item) for one, item in pairs)
        return self._scalar(field, operator, value, node)

    def _scalar(self, field: Field, operator: Operator, value: Scalar, node: ast.expr) -> Scalar:
        name = field.name if field.kind == "run" else f"{field.kind}.{field.name}"
        if value is None:
            if operator not in ("==", "!="):
                raise self._bad(node, "None goes with '==' and '!=' only.")
            return None
        if field == Field("run", "started") and isinstance(value, str):
            return self._moment(value, node)
        number = field.kind == "metrics" or (field.kind == "run" and field.name in _NUMBERS)
        if number and isinstance(value, str):
            raise self._bad(node, f"{name} is a number: compare it with one, without quotes.")
        if (field.kind == "tags" or (field.kind == "run" and not number)) and not isinstance(
            value, str
        ):
            raise self._bad(node, f'{name} is a text: write "{value}" in quotes.')
        words = _WORDS.get(field.name) if field.kind == "run" else None
        if words and operator in ("==", "!=") and value not in words:
            near = get_close_matches(str(value), words, 1, 0.6)
            said = f"did you mean {near[0]}?" if near else f"there are {', '.join(words)}."
            raise self._bad(node, f"{name} is never {_shown(value)}: {said}")
        return value

    def _moment(self, value: str, node: ast.expr) -> float:
        """Seconds since the epoch of a date, or of a time ago."""
        ago = _AGO.fullmatch(value.strip())
        if ago is not None:
            return self.now - float(ago[1]) * _SECONDS[ago[2]]
        try:
            return datetime.fromisoformat(value.strip()).astimezone().timestamp()
        except (ValueError, OverflowError, OSError) as error:
            raise self._bad(
                node,
                'started takes a date ("2026-11-01", "2026-11-01 14:30") or a time ago ("-24h", "-7d").',
            ) from error

    def _column(self, node: ast.AST) -> int:
        text = self.line[self._start :]
        offset = len(text.encode()[: getattr(node, "col_offset", 0)].decode(errors="ignore"))
        return self._start + offset

    def _bad(self, node: ast.AST, why: str, after: ast.expr | None = None) -> BadQuery:
        column = self._column(node)
        if after is not None:
            text = self.line[self._start :].encode()
            end = len(text[: after.end_col_offset or 0].decode(errors="ignore")) + self._start
            column = next((at for at in range(end, len(self.line)) if self.line[at] in "&|"), end)
        return BadQuery(why, self.line, column)

    def _too_deep(self, column: int) -> BadQuery:
        return BadQuery(
            f"The query is nested too deeply: {MAX_DEPTH} levels are allowed.", self.line, column
        )

    def _slip(self, error: SyntaxError) -> BadQuery:
        """Say what was probably meant."""
        blank = _STRING.sub(lambda match: " " * len(match[0]), self.line)
        for pattern, why in _SLIPS:
            found = pattern.search(blank)
            if found is not None:
                return BadQuery(why, self.line, found.start())
        end = len(self.line.rstrip())
        column = min(self._start + error.offset - 1, end) if error.offset else end
        message = error.msg or "invalid syntax"
        if "nested" in message:
            return self._too_deep(column)
        if "EOF" in message or "never closed" in message or column >= end:
            why = "The query ends too early."
            why = "A bracket is never closed." if "never closed" in message else why
        elif "unterminated" in message:
            why = "A quote is never closed."
        else:
            why = 'This is no query; one is metrics.accuracy > 0.9 and status == "completed".'
        return BadQuery(why, self.line, column)


def _is_field(node: ast.expr) -> bool:
    return isinstance(node, (ast.Name, ast.Attribute, ast.Subscript))


def _is_text(field: Field) -> bool:
    """Whether a text can be looked for in the field."""
    return field.kind in ("params", "tags") or field.name in ("note", "notebook", "experiment")


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
