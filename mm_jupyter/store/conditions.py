"""A query's condition as SQL over ``runs r`` (experiment ``e``, session ``s``). Values are never pasted in."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mm_jupyter.records import And, Comparison, Condition, Field, Not, Or, Scalar
from mm_jupyter.store.scalars import SORTED_TEXT, TEXT, as_double, storable

Value = str | float | int

ATTRIBUTES = {
    "experiment": "e.name",
    "version": "r.version",
    "kind": "r.kind",
    "status": "r.status",
    "notebook": "s.notebook",
    "note": "r.note",
    "started": "r.started",
    "seconds": "r.seconds",
    "verdict": "r.verdict",
}
NUMBERS = frozenset(("version", "started", "seconds"))
_SYMBOLS = {"==": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_NAME = "(SELECT id FROM names WHERE name = ?)"


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL and the values of its ``?``, in order."""

    text: str
    values: tuple[Value, ...] = ()


ALWAYS, NEVER = Sql("1 = 1"), Sql("1 = 0")


def condition_sql(condition: Condition | None, postgres: bool) -> Sql:
    """What is true of the rows that fit ``condition``; NULL never counts as true or is negated into true."""
    if condition is None:
        return ALWAYS
    if isinstance(condition, Comparison):
        return _comparison(condition, postgres)
    if isinstance(condition, Not):
        inner = condition_sql(condition.part, postgres)
        return Sql(f"NOT ({inner.text})", inner.values)
    assert isinstance(condition, And | Or)
    return _joined(
        " AND " if isinstance(condition, And) else " OR ",
        [condition_sql(part, postgres) for part in condition.parts],
    )


def rows_sql(comparison: Comparison, postgres: bool) -> Sql | None:
    """The condition on ``d``, rows of the field's own table, that an index answers; None where no index does."""
    field, operator, value = comparison.field, comparison.operator, comparison.value
    if field.kind == "run" or operator in ("!=", "not in") or value is None:
        return None
    if operator == "in" and isinstance(value, str):
        return None
    if isinstance(value, tuple) and None in value:
        return None
    test = _test(field, "d", operator, value, postgres)
    return Sql(f"d.name = {_NAME} AND ({test.text})", (storable(field.name), *test.values))


def _comparison(comparison: Comparison, postgres: bool) -> Sql:
    field, operator, value = comparison.field, comparison.operator, comparison.value
    if operator == "!=":
        return _not(_comparison(Comparison(field, "==", value), postgres))
    if operator == "not in":
        return _not(_comparison(Comparison(field, "in", value), postgres))
    if operator == "in" and isinstance(value, tuple):
        return _joined(
            " OR ", [_comparison(Comparison(field, "==", each), postgres) for each in value]
        )
    if value is None or isinstance(value, tuple):
        return _absent(field) if operator == "==" else NEVER
    if field.kind == "run":
        return _attribute(field, operator, value, postgres)
    test = _test(field, "m", operator, value, postgres)
    return Sql(
        f"EXISTS (SELECT 1 FROM {field.kind} m WHERE m.run = r.id AND m.name = {_NAME} AND ({test.text}))",
        (storable(field.name), *test.values),
    )


def _attribute(field: Field, operator: str, value: Scalar, postgres: bool) -> Sql:
    column = ATTRIBUTES[field.name]
    is_number = field.name in NUMBERS
    if isinstance(value, str) == is_number:
        return NEVER
    if operator == "in":
        test = _contains(column, str(value), postgres)
    elif isinstance(value, str):
        test = Sql(f"{column} {_SYMBOLS[operator]} ?", (storable(value),))
    else:
        assert value is not None
        test = _number(column, operator, value)
    return Sql(f"({column} IS NOT NULL AND {test.text})", test.values)


def _test(field: Field, row: str, operator: str, value: object, postgres: bool) -> Sql:
    """A test of the value columns of one row of ``params``, ``metrics`` or ``tags``."""
    if isinstance(value, tuple):
        return _joined(" OR ", [_test(field, row, "==", each, postgres) for each in value])
    if isinstance(value, str):
        if field.kind == "metrics":
            return NEVER
        typed = f"{row}.type = {TEXT} AND " if field.kind == "params" else ""
        if operator == "in":
            test = _contains(f"{row}.text", value, postgres)
        else:
            test = _text(f"{row}.text", operator, storable(value))
        return Sql(f"{typed}{row}.text IS NOT NULL AND {test.text}", test.values)
    if field.kind == "tags" or not isinstance(value, int | float):
        return NEVER
    test = _number(f"{row}.number", operator, value)
    if (
        field.kind == "params"
        and isinstance(value, int)
        and operator == "=="
        and abs(value) > 2**53
    ):
        return Sql(f"{test.text} AND {row}.text = ?", (*test.values, hex(value)))
    return test


def _number(column: str, operator: str, value: int | float) -> Sql:
    number = as_double(value) if isinstance(value, int) else value
    if math.isnan(number):
        return NEVER
    return Sql(f"({column} IS NOT NULL AND {column} {_SYMBOLS[operator]} ?)", (number,))


def _text(column: str, operator: str, value: str) -> Sql:
    """The index holds the first characters: they come first, the whole text decides.

    The ``|| ''`` keeps SQLite from putting the constant into the first test, where its index would not match any more.
    """
    start = f"substr({column}, 1, {SORTED_TEXT})"
    loose = {"<": "<=", ">": ">="}.get(operator, _SYMBOLS[operator])
    return Sql(
        f"{start} {loose} ? AND ({column} || '') {_SYMBOLS[operator]} ?",
        (value[:SORTED_TEXT], value),
    )


def _contains(column: str, value: str, postgres: bool) -> Sql:
    return Sql(f"{'strpos' if postgres else 'instr'}({column}, ?) > 0", (storable(value),))


def _absent(field: Field) -> Sql:
    if field.kind == "run":
        return Sql(f"{ATTRIBUTES[field.name]} IS NULL")
    something = " AND m.type <> 0" if field.kind == "params" else ""
    return Sql(
        f"NOT EXISTS (SELECT 1 FROM {field.kind} m WHERE m.run = r.id AND m.name = {_NAME}{something})",
        (storable(field.name),),
    )


def _not(inner: Sql) -> Sql:
    return Sql(f"NOT ({inner.text})", inner.values)


def _joined(word: str, parts: list[Sql]) -> Sql:
    if not parts:
        return ALWAYS if word == " AND " else NEVER
    text = word.join(f"({part.text})" for part in parts)
    return Sql(text, tuple(value for part in parts for value in part.values))
