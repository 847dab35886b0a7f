"""Expressions: what they read, call and change, and where their value comes from."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from typing import Any

from mm_jupyter.analysis.names import habits
from mm_jupyter.analysis.names.collecting import Collector, Notes
from mm_jupyter.analysis.names.facts import FRESH, NONE, Call, Effects, Names, Value
from mm_jupyter.analysis.names.lines import WORD, parse
from mm_jupyter.analysis.names.scopes import bindings, parameters, targets
from mm_jupyter.analysis.names.values import (
    NAMESPACES,
    called_name,
    copied,
    dotted,
    element_of,
    is_namespace,
    merged,
    namespace_item,
    part_of,
    receivers_of,
)

_HISTORY = re.compile(r"_i?([1-9]\d*)")
_HISTORIES = frozenset(("Out", "In", "_oh", "_ih"))


class Expressions(Collector):
    """The part of the walk below statements."""

    def expr(self, node: ast.AST | None) -> Value:
        """Read an expression."""
        if node is None or isinstance(node, ast.Constant):
            return FRESH
        method = _METHODS.get(type(node))
        if method is not None:
            return method(self, node)
        for child in ast.iter_child_nodes(node):
            self.expr(child)
        return FRESH

    def _name(self, node: ast.Name) -> Value:
        name = self.read(node.id)
        if name[0] == "_" and (match := _HISTORY.fullmatch(name)):
            self.history.add(int(match[1]))
        return Value(same=frozenset((name,)))

    def _attribute(self, node: ast.Attribute) -> Value:
        value = self.expr(node.value)
        shared = value.shared
        if not shared and not value.items:
            return value
        if node.attr in habits.VIEW_ATTRIBUTES:
            return Value(views=shared, given=value.given, called=value.called)
        return part_of(value, node.attr)

    def _subscript(self, node: ast.Subscript) -> Value:
        name = namespace_item(node)
        if name is not None:
            return Value(same=frozenset((self.read(name),)))
        if isinstance(node.value, ast.Name) and node.value.id in _HISTORIES:
            self._history(node)
            return Value(given=frozenset((node.value.id,)))
        value = self.expr(node.value)
        self.expr(node.slice)
        match node.slice:
            case (
                ast.List()
                | ast.ListComp()
                | ast.Compare()
                | ast.BoolOp()
                | ast.BinOp(op=ast.BitAnd() | ast.BitOr())
                | ast.UnaryOp(op=ast.Invert())
            ):
                return Value(given=value.given | value.shared)
            case ast.Constant(value=str(key)):
                return part_of(value, key)
            case ast.Slice():
                return Value(views=value.shared, given=value.given, called=value.called)
        return part_of(value, "")._replace(views=value.shared)

    def _history(self, node: ast.Subscript) -> None:
        match node.slice:
            case ast.Constant(value=int(number)):
                self.history.add(number)
            case _:
                self.opaque = True
                self.expr(node.slice)

    def _several(self, node: ast.AST) -> Value:
        """A display: the new object holds its items."""
        value = merged([self.expr(child) for child in ast.iter_child_nodes(node)])
        return Value(
            holds=value.shared,
            given=value.given,
            called=value.called,
            code=value.code,
            items=value.items,
        )

    def _binary(self, node: ast.BinOp) -> Value:
        left, right = self.expr(node.left), self.expr(node.right)
        if isinstance(node.op, (ast.Add, ast.Mult, ast.BitOr)):
            return copied(merged((left, right)))
        return FRESH

    def _choice(self, node: ast.IfExp | ast.BoolOp) -> Value:
        parts = [node.test, node.body, node.orelse] if isinstance(node, ast.IfExp) else node.values
        values = [self.expr(parts[0])]
        before = set(self.bound)
        for part in parts[1:]:
            values.append(self.expr(part))
            self.bound = set(before)
        return merged(values[1:] if isinstance(node, ast.IfExp) else values)

    def _through(self, node: ast.Await | ast.Starred) -> Value:
        return self.expr(node.value)

    def _yield(self, node: ast.Yield | ast.YieldFrom) -> Value:
        self.notes.lazy = True
        return self.expr(node.value)

    def _walrus(self, node: ast.NamedExpr) -> Value:
        value = self.expr(node.value)
        return Value(same=frozenset((self.bind(node.target.id, value),)))

    def _compare(self, node: ast.Compare) -> Value:
        match node:
            case ast.Compare(left=ast.Constant(value=str(name)), comparators=[ast.Call() as call]):
                if is_namespace(call):
                    self.expr(call.func)
                    self.read(name)
                    return FRESH
        for child in (node.left, *node.comparators):
            self.expr(child)
        return FRESH

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ) -> Value:
        value = self.expr(node.generators[0].iter)
        before = set(self.bound)
        self.scope("comprehension", targets(node.generators))
        for at, generator in enumerate(node.generators):
            source = self.expr(generator.iter) if at else value
            self.target(generator.target, element_of(source))
            for condition in generator.ifs:
                self.expr(condition)
        if isinstance(node, ast.DictComp):
            item = merged((self.expr(node.key), self.expr(node.value)))
        else:
            item = self.expr(node.elt)
        self.scopes.pop()
        self.bound = before
        lazy = isinstance(node, ast.GeneratorExp)
        holds = item.shared | (value.shared if lazy else NONE)
        return Value(NONE, NONE, NONE, holds, item.given, item.called, item.code, lazy)

    def target(self, node: ast.expr, value: Value) -> None:
        """Bind or store ``value`` to an assignment target."""
        match node:
            case ast.Name():
                self.bind(node.id, value)
            case ast.Tuple() | ast.List():
                first = value
                for item in node.elts:
                    self.target(item, first)
            case ast.Starred():
                self.target(node.value, value)
            case ast.Attribute() | ast.Subscript():
                name = namespace_item(node)
                if name is not None:
                    self.notes.barriers.add("globals")
                    self.bind(name, value)
                else:
                    self.put(node, value)

    def put(self, node: ast.Attribute | ast.Subscript, value: Value) -> None:
        """Store ``value`` into the object before the last dot or bracket of ``node``."""
        if is_namespace(node.value):
            self.notes.barriers.add("globals")
            self.opaque = True
        holder = self.expr(node.value)
        if isinstance(node, ast.Subscript):
            self.expr(node.slice)
        roots = holder.shared | holder.given
        path = dotted(node) or dotted(node.value)
        root, _, rest = path.partition(".")
        barrier = habits.barrier_of_store(f"{self.imports.get(root, root)}{'.' * bool(rest)}{rest}")
        if barrier is None and isinstance(node, ast.Attribute) and root in self.imports:
            barrier = "module"
        if barrier is not None:
            self.notes.barriers.add(barrier)
        self.store(roots, value, deep=not isinstance(node.value, ast.Name))

    def _lambda(self, node: ast.Lambda) -> Value:
        effects, defaults = self.function(node)
        if not self.in_function():
            self.call_late(effects, set())
        return Value(holds=defaults.shared, code=(effects,))

    def function(
        self, node: ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef
    ) -> tuple[Effects, Value]:
        """Read a function: what it will do, and the values of its defaults.

        A function inside another one adds to the notes of the outer one.
        """
        defaults = merged([self.expr(d) for d in (*node.args.defaults, *node.args.kw_defaults)])
        body = node.body if isinstance(node.body, list) else [node.body]
        bound, outer, enclosing = bindings(body)
        outside, before = self.notes, self.bound
        nested = outside is not self.cell
        self.notes = outside if nested else Notes()
        self.bound = set(before)
        self.notes.makes_code = self.notes.makes_code or nested
        self.notes.stateful = self.notes.stateful or bool(enclosing)
        scope = self.scope("function", bound | set(parameters(node.args)), outer)
        scope.bound |= {item.name for item in getattr(node, "type_params", ())}
        self.notes.given |= {
            f"{scope.number}:{self.written(name)}" for name in parameters(node.args)
        }
        if isinstance(node, ast.Lambda):
            self.notes.returned |= self.expr(node.body).shared
        else:
            self.statements(node.body)
        self.scopes.pop()
        inner, self.notes, self.bound = self.notes, outside, before
        return inner.effects(), defaults

    def statements(self, nodes: Iterable[ast.stmt]) -> None:
        """Read statements in order."""
        raise NotImplementedError

    def _call(self, node: ast.Call, bare: bool = False) -> Value:
        function = node.func
        method = isinstance(function, ast.Attribute)
        inner = function.value if isinstance(function, ast.Attribute) else function
        name = called_name(node)
        path = dotted(function)
        holder = self.expr(inner)
        arguments = [self.expr(argument) for argument in node.args]
        options = {word.arg: self.expr(word.value) for word in node.keywords}
        receivers = receivers_of(inner, holder) if method else NONE
        called = receivers if method else holder.shared | holder.called
        every = merged([*arguments, *options.values()])
        given = every.shared | every.given
        changes = self._changed(node, name, receivers, arguments, options, bare and method)
        if method and name in habits.SHALLOW and receivers:
            put = every if name in habits.PUT else FRESH
            self.store(receivers, put, not isinstance(inner, ast.Name), sure=False)
        if given or called or changes:
            self.notes.steps.append(Call(called, receivers, given, changes, path, bare))
        self._surroundings(node, path, name, bare)
        all_given = given | receivers | holder.given
        return self._result(name, receivers, every, all_given, called)

    def _changed(
        self,
        node: ast.Call,
        name: str,
        receivers: Names,
        arguments: list[Value],
        options: dict[str | None, Value],
        thrown: bool,
    ) -> Names:
        """The receivers and arguments that the call is known, or by its form likely, to change."""
        changes = NONE
        in_place = name.endswith("_") and name[0] != "_"
        inplace = any(
            word.arg == "inplace" and getattr(word.value, "value", None) is True
            for word in node.keywords
        )
        if name in habits.DRAW:
            changes |= {root for root in receivers if habits.draws_on_itself(root)}
        elif (
            name in habits.CHANGE
            or in_place
            or inplace
            or (thrown and name not in habits.LEFT_ALONE)
        ):
            changes |= receivers
        if arguments and (name in habits.ARGUMENTS or in_place):
            changes |= arguments[0].shared
        if "out" in options:
            changes |= options["out"].shared
        return changes

    def _surroundings(self, node: ast.Call, path: str, name: str, bare: bool) -> None:
        """Note what the call does to, or asks of, everything around the names."""
        root, _, rest = path.partition(".")
        full = f"{self.imports.get(root, root)}{'.' * bool(rest)}{rest}"
        barrier = habits.barrier_of_call(full) if path else None
        if barrier is None and bare and rest and root in self.imports:
            barrier = habits.barrier_of_statement(full)
        inner = getattr(node.func, "value", None)
        if isinstance(inner, ast.Call) and dotted(inner.func) == "get_ipython":
            barrier = "magic"
        if barrier is not None:
            self.notes.barriers.add(barrier)
        text = next((a.value for a in node.args if isinstance(a, ast.Constant)), None)
        if path in ("exec", "eval"):
            self._evaluated(text if len(node.args) == 1 else None)
        elif name in habits.TEXTS and isinstance(text, str):
            self.notes.mentions.update(WORD.findall(text))
        elif path in NAMESPACES and not node.args and not self.in_function():
            self.opaque = True

    def _evaluated(self, text: object) -> None:
        """``exec`` or ``eval`` of a text: its statements count as the cell's own; of anything else: all is possible."""
        try:
            tree = parse(text) if isinstance(text, str) else None
        except (SyntaxError, ValueError):
            tree = None
        if tree is None:
            self.opaque = True
        elif not self.in_function():
            self.statements(tree.body)

    def _result(
        self, name: str, receivers: Names, every: Value, given: Names, called: Names
    ) -> Value:
        lazy = name in habits.LAZY
        given_shared = every.shared | every.given
        if name in habits.VIEWS:
            return Value(
                views=receivers | every.shared, given=given, called=called, code=every.code
            )
        if name in habits.PARTS:
            whole = Value(same=receivers | every.shared)
            return part_of(whole, "")._replace(given=given, called=called, code=every.code)
        if name in habits.COPIES:
            whole = every._replace(same=every.same | receivers)
            return copied(whole)._replace(given=given, called=called)
        if lazy or name in habits.HOLD or (name[:1].isupper() and name not in habits.COPY):
            held = given_shared | receivers if lazy else given_shared
            return Value(NONE, NONE, NONE, held, given, called, every.code, lazy)
        return Value(given=given, called=called, code=every.code)


_METHODS: dict[type[ast.AST], Callable[[Expressions, Any], Value]] = {
    ast.Name: Expressions._name,
    ast.Attribute: Expressions._attribute,
    ast.Subscript: Expressions._subscript,
    ast.Tuple: Expressions._several,
    ast.List: Expressions._several,
    ast.Set: Expressions._several,
    ast.Dict: Expressions._several,
    ast.IfExp: Expressions._choice,
    ast.BoolOp: Expressions._choice,
    ast.Await: Expressions._through,
    ast.Starred: Expressions._through,
    ast.Yield: Expressions._yield,
    ast.YieldFrom: Expressions._yield,
    ast.NamedExpr: Expressions._walrus,
    ast.Compare: Expressions._compare,
    ast.ListComp: Expressions._comprehension,
    ast.SetComp: Expressions._comprehension,
    ast.DictComp: Expressions._comprehension,
    ast.GeneratorExp: Expressions._comprehension,
    ast.BinOp: Expressions._binary,
    ast.Lambda: Expressions._lambda,
    ast.Call: Expressions._call,
}
