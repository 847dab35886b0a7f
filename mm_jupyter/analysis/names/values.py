"""Where values come from, and how an expression is written."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from mm_jupyter.analysis.names import habits
from mm_jupyter.analysis.names.facts import FRESH, NONE, Effects, Literal, Names, Value

NAMESPACES = frozenset(("globals", "locals", "vars"))


def merged(values: Iterable[Value]) -> Value:
    """The value of an expression that is one of several."""
    same = views = elements = holds = given = called = items = NONE
    code: tuple[Effects, ...] = ()
    lazy = False
    for value in values:
        if value is not FRESH:
            same |= value.same
            views |= value.views
            elements |= value.elements
            holds |= value.holds
            given |= value.given
            called |= value.called
            code += value.code
            lazy = lazy or value.lazy
            items |= value.items
    return Value(same, views, elements, holds, given, called, code, lazy, items=items)


def dotted(node: ast.AST) -> str:
    """``a.b.c`` as it stands in the source, or an empty text for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    parts.append(node.id)
    return ".".join(reversed(parts))


def called_name(node: ast.Call) -> str:
    """The last word of what is called: ``fit`` of ``model.fit(...)``, ``f`` of ``f(...)``."""
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def namespace_item(node: ast.AST) -> str | None:
    """``x`` of ``globals()["x"]``."""
    if isinstance(node, ast.Subscript) and is_namespace(node.value):
        match node.slice:
            case ast.Constant(value=str(name)):
                return name
    return None


def is_namespace(node: ast.AST) -> bool:
    """``globals()``, ``locals()`` or ``vars()``."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in NAMESPACES
        and not node.args
    )


def part_of(value: Value, key: str) -> Value:
    """The value of an element or attribute of ``value``; ``key`` names it, an empty one does not."""
    whole = value.same | value.views | value.elements | value.items
    if value.elements:
        key = f"{value.key or '*'}.{key}"
    if value.lazy:
        return Value(elements=whole | value.holds, given=value.given, called=value.called, key=key)
    return Value(same=value.holds, elements=whole, given=value.given, called=value.called, key=key)


def copied(value: Value) -> Value:
    """A new object with the elements of ``value``."""
    return Value(
        holds=value.holds,
        given=value.given,
        called=value.called,
        code=value.code,
        items=value.same | value.views | value.elements | value.items,
    )


def element_of(value: Value) -> Value:
    """What a loop over ``value`` binds."""
    return FRESH if value is FRESH else part_of(value, "")


def receivers_of(node: ast.AST, holder: Value) -> Names:
    """The names that a method is called on; a chain that goes on after a harmless method works on a new object."""
    if isinstance(node, ast.Call) and called_name(node) in habits.KEEP:
        return holder.shared
    return holder.shared | holder.given


def literal_of(node: ast.expr) -> tuple[bool, Literal]:
    """Whether an expression is a constant number, text, truth value or None (a signed number too), and its value."""
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            return True, value
        case ast.UnaryOp(
            op=ast.USub() | ast.UAdd() as sign, operand=ast.Constant(value=int() | float() as value)
        ) if not isinstance(value, bool):
            return True, -value if isinstance(sign, ast.USub) else value
    return False, None
