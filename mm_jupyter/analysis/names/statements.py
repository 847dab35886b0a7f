"""Statements: what they bind, and in which order."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

from mm_jupyter.analysis.names import habits
from mm_jupyter.analysis.names.collecting import joined
from mm_jupyter.analysis.names.expressions import Expressions
from mm_jupyter.analysis.names.facts import FRESH, Bind, Effects, Value
from mm_jupyter.analysis.names.scopes import bindings, imported
from mm_jupyter.analysis.names.values import dotted, element_of, literal_of, merged, namespace_item

_SUPPRESSING = frozenset(("suppress", "raises", "assertRaises"))


class Statements(Expressions):
    """The walk over a cell."""

    def __init__(self) -> None:
        super().__init__()
        self.methods: list[Effects] | None = None
        """Functions of the class whose body is being read."""

    def statements(self, nodes: Iterable[ast.stmt]) -> None:
        for node in nodes:
            method = _METHODS.get(type(node))
            if method is not None:
                method(self, node)
            else:
                self.children(node)

    def children(self, node: ast.AST) -> None:
        """Read the expressions of a statement that binds nothing."""
        for child in ast.iter_child_nodes(node):
            self.expr(child)

    def _expression(self, node: ast.Expr) -> None:
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(call, ast.Call):
            self._call(call, bare=True)
        else:
            self.expr(node.value)

    def _return(self, node: ast.Return) -> None:
        self.notes.returned |= self.expr(node.value).shared

    def _assign(self, node: ast.Assign) -> None:
        items = _items(node)
        if items is not None:
            parts = [self.expr(item) for item in items]
            for target in node.targets:
                assert isinstance(target, (ast.Tuple, ast.List))
                for item, part in zip(target.elts, parts, strict=True):
                    self.target(item, part)
            return
        value = self._valued(node.value, node.targets)
        for target in node.targets:
            self._give(target, node.value, value)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if not self.in_function():
            self.expr(node.annotation)
        if node.value is not None:
            self._give(node.target, node.value, self._valued(node.value, [node.target]))

    def _valued(self, node: ast.expr, targets: list[ast.expr]) -> Value:
        """The value of an assignment; a lambda that gets a name is not called by that."""
        named = all(isinstance(target, ast.Name) for target in targets)
        if isinstance(node, ast.Lambda) and named and not self.in_function():
            effects, defaults = self.function(node)
            return Value(holds=defaults.shared, code=(effects,))
        return self.expr(node)

    def _give(self, target: ast.expr, source: ast.expr, value: Value) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target, source, value)
            return
        self.target(target, value)
        if isinstance(target, ast.Name) and self._at_top(target.id):
            constant, literal = literal_of(source)
            if constant and not self.conditional:
                self.literals[target.id] = literal
            if isinstance(source, ast.Lambda):
                self.late[target.id] = value.code[0]
        elif isinstance(source, ast.Lambda) and self.methods is not None:
            self.methods.extend(value.code)

    def _at_top(self, word: str) -> bool:
        return not self.in_function() and ":" not in self.home(word)

    def _unpack(self, target: ast.Tuple | ast.List, source: ast.expr, value: Value) -> None:
        name = dotted(getattr(source, "func", source)).rpartition(".")[2]
        shared = name in ("subplots", "make_subplots")
        part = element_of(value)._replace(code=value.code)
        first = target.elts[0] if target.elts else None
        for item in target.elts:
            if shared and item is not first and isinstance(first, ast.Name):
                part = Value(views=frozenset((self.home(first.id),)), called=value.called)
            self.target(item, part)

    def _augmented(self, node: ast.AugAssign) -> None:
        value = self.expr(node.value)
        if isinstance(node.target, ast.Name):
            name = self.read(node.target.id)
            self.store(frozenset((name,)), Value(holds=value.shared), False)
            self.notes.steps.append(Bind(name, Value(same=frozenset((name,)))))
            if ":" not in name:
                self.notes.defines.add(name)
                if not self.in_function():
                    self.literals.pop(name, None)
                    self.bound.add(name)
        elif isinstance(node.target, (ast.Attribute, ast.Subscript)):
            name_in = namespace_item(node.target)
            if name_in is not None:
                self.read(name_in)
            self.target(node.target, value)

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self._drop(target)

    def _drop(self, node: ast.expr) -> None:
        match node:
            case ast.Name():
                name = self.read(node.id)
                if self.in_function():
                    self.notes.defines |= {name} - {name if ":" in name else ""}
                elif ":" not in name:
                    self.deletes.add(name)
                    self.literals.pop(name, None)
                self.bound.discard(name)
            case ast.Tuple() | ast.List():
                for item in node.elts:
                    self._drop(item)
            case ast.Attribute() | ast.Subscript():
                name_in = namespace_item(node)
                if name_in is not None:
                    self.notes.barriers.add("globals")
                    self.deletes.add(self.read(name_in))
                else:
                    self.put(node, FRESH)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        decorators = merged([self.expr(decorator) for decorator in node.decorator_list])
        arguments = node.args
        annotated = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        annotated += [extra for extra in (arguments.vararg, arguments.kwarg) if extra]
        typed = self._typed(node)
        for note in (*(argument.annotation for argument in annotated), node.returns):
            self.expr(note)
        effects, defaults = self.function(node)
        if typed:
            self.scopes.pop()
        self._define(node.name, effects, merged((decorators, defaults)))

    def _typed(self, node: ast.AST) -> bool:
        """Enter the scope of the type parameters (``def f[T]``), where there are some."""
        words = {item.name for item in getattr(node, "type_params", ())}
        if words:
            self.scope("comprehension", words)
        return bool(words)

    def _class(self, node: ast.ClassDef) -> None:
        around = [self.expr(item) for item in node.decorator_list]
        typed = self._typed(node)
        around += [self.expr(base) for base in node.bases]
        around += [self.expr(keyword.value) for keyword in node.keywords]
        bound, outer, _ = bindings(node.body)
        self.scope("class", bound, outer, node.name)
        before = len(self.notes.steps)
        inside = self.methods_of(node.body)
        bound_in = [step.value for step in self.notes.steps[before:] if isinstance(step, Bind)]
        held = [value._replace(code=()) for value in bound_in]
        for _ in range(1 + typed):
            self.scopes.pop()
        self._define(node.name, inside, merged((*around, *held)))

    def methods_of(self, nodes: list[ast.stmt]) -> tuple[Effects, ...]:
        """Read the body of a class: its statements run now, its functions later."""
        outside = self.methods
        inside: list[Effects] = []
        self.methods = inside
        self.statements(nodes)
        self.methods = outside
        return tuple(inside)

    def _define(self, word: str, effects: Effects | tuple[Effects, ...], around: Value) -> None:
        """Bind a function or a class to its name."""
        several = effects if isinstance(effects, tuple) else (effects,)
        in_class = self.scopes[-1].kind == "class" and not self.in_function()
        if in_class and self.methods is not None:
            self.methods.extend(several)
        value = Value(
            holds=around.shared,
            given=around.given,
            called=around.called,
            code=() if self.in_function() else several + around.code,
        )
        former = self.late.get(word) if self.conditional else None
        name = self.bind(word, value)
        if not self.in_function() and ":" not in name:
            is_class = isinstance(effects, tuple)
            several = (*several, former) if former else several
            self.late[name] = joined(several, is_class)
            self.notes.steps[-1] = Bind(name, value._replace(code=(self.late[name], *around.code)))

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = self.bind(imported(alias), FRESH)
            if not self.in_function() and ":" not in name:
                self.imports[name] = alias.name if alias.asname else alias.name.partition(".")[0]
                if "." in alias.name and not alias.asname:
                    self.dotted_imports.add(name)

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                self.notes.barriers.add("star import")
                continue
            name = self.bind(imported(alias), FRESH)
            if not self.in_function() and ":" not in name:
                self.imports[name] = f"{module}.{alias.name}"

    def _branches(self, *branches: Callable[[], None]) -> None:
        """Read alternatives: surely bound afterwards is what all of them bind."""
        before = self.bound
        ends: list[set[str]] = []
        self.conditional += 1
        for branch in branches:
            self.bound = set(before)
            branch()
            ends.append(self.bound)
        self.conditional -= 1
        self.bound = set.intersection(*ends)

    def _if(self, node: ast.If) -> None:
        self.expr(node.test)
        self._branches(lambda: self.statements(node.body), lambda: self.statements(node.orelse))

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        value = self.expr(node.iter)

        def loop() -> None:
            self.target(node.target, element_of(value))
            self.statements(node.body)

        self._branches(loop, lambda: None)
        self._branches(lambda: self.statements(node.orelse), lambda: None)

    def _while(self, node: ast.While) -> None:
        self.expr(node.test)
        self._branches(lambda: self.statements(node.body), lambda: None)
        self._branches(lambda: self.statements(node.orelse), lambda: None)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        scoped = suppressed = False
        barriers = set(self.notes.barriers)
        for item in node.items:
            value = self.expr(item.context_expr)
            name = dotted(getattr(item.context_expr, "func", item.context_expr)).rpartition(".")[2]
            scoped = scoped or name in habits.SCOPED
            suppressed = suppressed or name in _SUPPRESSING
            if item.optional_vars is not None:
                entered = Value(elements=value.shared | value.given, lazy=value.lazy, key="*")
                self.target(item.optional_vars, entered)
        if suppressed:
            self._branches(lambda: self.statements(node.body), lambda: None)
        else:
            self.statements(node.body)
        if scoped:
            self.notes.barriers -= {"warnings", "options", "settings", "cwd"} - barriers

    def _try(self, node: Any) -> None:
        def body() -> None:
            self.statements(node.body)
            self.statements(node.orelse)

        def handled(handler: ast.ExceptHandler) -> Callable[[], None]:
            def run() -> None:
                self.expr(handler.type)
                if handler.name:
                    self.bind(handler.name, FRESH)
                self.statements(handler.body)
                if handler.name:
                    self.bound.discard(self.home(handler.name))

            return run

        self._branches(body, *(handled(handler) for handler in node.handlers))
        self.statements(node.finalbody)

    def _match(self, node: ast.Match) -> None:
        value = element_of(self.expr(node.subject))

        def tried(case: ast.match_case) -> Callable[[], None]:
            def run() -> None:
                self._pattern(case.pattern, value)
                self.expr(case.guard)
                self.statements(case.body)

            return run

        self._branches(*(tried(case) for case in node.cases), lambda: None)

    def _pattern(self, node: ast.AST, value: Value) -> None:
        name = getattr(node, "rest", None) or getattr(node, "name", None)
        if isinstance(name, str):
            self.bind(name, value)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.pattern):
                self._pattern(child, value)
            else:
                self.expr(child)

    def _type_alias(self, node: Any) -> None:
        self.bind(node.name.id, FRESH)

    def _nothing(self, node: ast.AST) -> None:
        """Declarations and empty statements."""


def _items(node: ast.Assign) -> list[ast.expr] | None:
    """The items on the right of ``a, b = 1, 2``, where they pair off with the names on the left."""
    if not isinstance(node.value, (ast.Tuple, ast.List)):
        return None
    items = node.value.elts
    for target in node.targets:
        if not isinstance(target, (ast.Tuple, ast.List)) or len(target.elts) != len(items):
            return None
        if any(isinstance(item, ast.Starred) for item in (*items, *target.elts)):
            return None
    return items


_METHODS: dict[type[ast.AST], Any] = {
    ast.Expr: Statements._expression,
    ast.Return: Statements._return,
    ast.Assign: Statements._assign,
    ast.AnnAssign: Statements._annotated,
    ast.AugAssign: Statements._augmented,
    ast.Delete: Statements._delete,
    ast.FunctionDef: Statements._function,
    ast.AsyncFunctionDef: Statements._function,
    ast.ClassDef: Statements._class,
    ast.Import: Statements._import,
    ast.ImportFrom: Statements._import_from,
    ast.If: Statements._if,
    ast.For: Statements._for,
    ast.AsyncFor: Statements._for,
    ast.While: Statements._while,
    ast.With: Statements._with,
    ast.AsyncWith: Statements._with,
    ast.Try: Statements._try,
    ast.Match: Statements._match,
    ast.Global: Statements._nothing,
    ast.Nonlocal: Statements._nothing,
    ast.Pass: Statements._nothing,
}
for _name, _method in (("TryStar", Statements._try), ("TypeAlias", Statements._type_alias)):
    if hasattr(ast, _name):
        _METHODS[getattr(ast, _name)] = _method
