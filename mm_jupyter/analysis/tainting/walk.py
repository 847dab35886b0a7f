"""The walk over a recipe's cells: what each statement taints."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mm_jupyter.analysis.tainting.asking import asks
from mm_jupyter.analysis.tainting.nodes import dotted, expressions, given_texts, root_of, texts

_LEAVES = (ast.Break, ast.Continue, ast.Return)
_FILE = re.compile(r"[./]\w")
_NAMES_WHAT = re.compile(r"log|save|write|dump|^to_|set_tag|open")
"""Functions that are given the name of a metric or a file beside what goes there."""
_SHOWS = frozenset(
    """
    print pprint display show info debug warning error text title suptitle set_title annotate plot bar barh hist scatter
    legend set_xlabel set_ylabel xlabel ylabel write
    """.split()
)
_ROUNDS = 2
"""How often a loop's body is followed: what its end taints reaches its start."""


@dataclass(slots=True)
class _Code:
    """What a function of the notebook does when it is called: why what it returns, shows and changes is tainted."""

    returns: str | None = None
    shows: str | None = None
    inner: tuple[_Code, ...] = ()


@dataclass(slots=True)
class Notebook:
    """Also used for a function's body, with names of its own and the ``above`` ones behind them."""

    names: dict[str, str] = field(default_factory=dict)
    outputs: str | None = None
    returns: str | None = None
    imports: dict[str, str] = field(default_factory=dict)
    code: dict[str, _Code] = field(default_factory=dict)
    texts: dict[str, set[str]] = field(default_factory=dict)
    because: str | None = None
    """Why the statements of a branch or a loop run at all."""
    shown: list[str] = field(default_factory=list)
    """Of each tainted thing that is shown the longest text that stands beside it; empty where there is none."""
    modules: Mapping[str, str] = field(default_factory=dict)

    def cell(self, tree: ast.Module) -> None:
        self.block(tree.body)
        last = tree.body[-1] if tree.body else None
        if isinstance(last, ast.Expr):
            self._show(self.value(last.value), last.value)

    def block(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self.statement(statement)

    # -- statements

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node)
            case ast.ClassDef():
                self._class(node)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._assign(target, self.value(value), value)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self._assign(target, self.value(value), value)
            case ast.AugAssign(target=target, value=value):
                self._spread(target, self.value(value) or self.value(target))
            case ast.Return(value=value) if value is not None:
                self.returns = self.returns or self.value(value) or self.because
            case ast.Expr(value=value):
                self.value(value)
            case _:
                self._compound(node)

    def _compound(self, node: ast.stmt) -> None:
        """A statement with statements inside."""
        outer = self.because
        match node:
            case ast.For() | ast.AsyncFor() | ast.While():
                for _ in range(_ROUNDS):
                    source = node.test if isinstance(node, ast.While) else node.iter
                    if not isinstance(node, ast.While):
                        self._assign(node.target, self.value(source), source)
                    self.because = self.because or self.value(source)
                    self.block([*node.body, *node.orelse])
                self.because = outer
            case ast.If(test=test):
                why = self.value(test)
                self._under(why, [*node.body, *node.orelse])
                if why is not None and any(isinstance(one, _LEAVES) for one in ast.walk(node)):
                    self.because = outer or why  # of all that the loop or function still does
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    if item.optional_vars is not None:
                        why = self.value(item.context_expr)
                        self._assign(item.optional_vars, why, item.context_expr)
                self.block(node.body)
            case ast.Try():
                handlers = [one for handler in node.handlers for one in handler.body]
                self.block([*node.body, *handlers, *node.orelse, *node.finalbody])
            case ast.Match(subject=subject, cases=cases):
                self._under(self.value(subject), [one for case in cases for one in case.body])
            case _:
                for child in expressions(node):
                    self.value(child)

    def _under(self, why: str | None, statements: list[ast.stmt]) -> None:
        outer, self.because = self.because, self.because or why
        self.block(statements)
        self.because = outer

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                name = alias.asname or alias.name.partition(".")[0]
                self.imports[name] = alias.name if alias.asname else name
                self._import_code(alias.name, None, name)
            elif node.module:
                name = alias.asname or alias.name
                self.imports[name] = f"{node.module}.{alias.name}"
                self._import_code(node.module, alias.name, name)

    def _import_code(self, module: str, wanted: str | None, name: str) -> None:
        """What the functions of a module of the project do."""
        source = self.modules.get(module)
        if source is None:
            return
        inside = Notebook()
        try:
            inside.block(ast.parse(source).body)
        except (SyntaxError, ValueError, RecursionError):
            return
        self.imports.pop(name, None)
        if wanted is None:
            self.code[name] = _joined(inside.code.values())
        elif wanted in inside.code:
            self.code[name] = inside.code[wanted]
        elif wanted in inside.names:
            self.names[name] = inside.names[wanted]

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        code = self._code(node.body)
        for decorator in node.decorator_list:
            for outer in self._called(decorator):
                code = _joined((code, *outer.inner))
        self.code[node.name] = code
        self.names.pop(node.name, None)

    def _class(self, node: ast.ClassDef) -> None:
        methods = [
            self._code(one.body)
            for one in node.body
            if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))
        ]
        code = _joined(methods)
        self.code[node.name] = _Code(code.returns, code.shows, (code,))

    def _code(self, statements: list[ast.stmt]) -> _Code:
        inside = Notebook(dict(self.names), None, None, dict(self.imports), dict(self.code))
        inside.block(statements)
        own = {
            node.name
            for node in ast.walk(ast.Module(statements, []))
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        }
        made = tuple(code for name, code in inside.code.items() if name in own)
        held = inside.names.get("self")
        return _Code(inside.returns or held, inside.outputs, made)

    # -- places

    def _assign(self, target: ast.expr, why: str | None, value: ast.expr) -> None:
        why = why or self.because
        if isinstance(target, (ast.Tuple, ast.List)):
            for one in target.elts:
                self._assign(one, why, value)
        elif isinstance(target, ast.Starred):
            self._assign(target.value, why, value)
        elif not isinstance(target, ast.Name):
            self._spread(target, why)
        else:
            self.names.pop(target.id, None)
            self.code.pop(target.id, None)
            if why is not None:
                self.names[target.id] = why
            self.texts[target.id] = {text for text in given_texts(value) if _FILE.search(text)}
            makers = self._called(value.func) if isinstance(value, ast.Call) else ()
            inner = tuple(code for maker in makers for code in maker.inner)
            if inner:
                self.code[target.id] = _joined(inner)

    def _spread(self, place: ast.expr, why: str | None) -> None:
        """A change in place: what the place belongs to is tainted, and the files and keys that it was made with."""
        why = why or self.because
        root = root_of(place)
        if why is None or root is None or root in self.imports:
            return
        self.names.setdefault(root, why)
        for text in self.texts.get(root, ()):
            self.names.setdefault(text, why)

    def _show(self, why: str | None, node: ast.expr) -> None:
        if why is not None:
            self.outputs = self.outputs or why
            self.shown.append(max(texts(node), key=len, default="").strip())

    # -- values

    def value(self, node: ast.expr) -> str | None:
        """Why an expression's value is tainted."""
        match node:
            case ast.Name(id=name):
                return self.names.get(name)
            case ast.Call():
                return self._call(node)
            case ast.Lambda(body=inner):
                return self.value(inner)
            case ast.NamedExpr(target=target, value=value):
                why = self.value(value)
                self._assign(target, why, value)
                return why
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                for one in node.generators:
                    self._assign(one.target, self.value(one.iter), one.iter)
        found = [self.value(child) for child in expressions(node)]
        return next((why for why in found if why is not None), None)

    def _call(self, node: ast.Call) -> str | None:
        asked = asks(self._path(node.func), node)
        given = [self.value(one) for one in [*node.args, *(word.value for word in node.keywords)]]
        receiver = self.value(node.func) if isinstance(node.func, ast.Attribute) else None
        codes = self._called(node.func)
        why = next((one for one in (asked, *given, receiver) if one is not None), None)
        made = next((code.returns for code in codes if code.returns is not None), None)
        shown = next((code.shows for code in codes if code.shows is not None), None)
        self._show(shown, ast.Constant(""))
        name = dotted(node.func).rpartition(".")[2]
        if any(one is not None for one in given):
            if isinstance(node.func, ast.Attribute):
                self._spread(node.func.value, why)
            if name in _SHOWS:
                self._show(why, node)
        if why is not None and asked is None and _NAMES_WHAT.search(name):
            for text in given_texts(node):
                self.names.setdefault(text, why)
            for one in node.args:
                self._keys(one)
        return why or made

    def _keys(self, node: ast.expr) -> None:
        """The tainted ones of ``{"loss": loss, "seconds": seconds}``."""
        if isinstance(node, ast.Dict):
            for key, held in zip(node.keys, node.values, strict=True):
                why = self.value(held)
                if why is not None and isinstance(key, ast.Constant) and isinstance(key.value, str):
                    self.names.setdefault(key.value, why)

    def _called(self, func: ast.expr) -> tuple[_Code, ...]:
        """The functions of the notebook that an expression may call: by name, or a method of something it made."""
        if isinstance(func, ast.Call):
            return tuple(code for maker in self._called(func.func) for code in maker.inner)
        root = root_of(func)
        code = self.code.get(root) if root is not None else None
        return () if code is None else (code,)

    def _path(self, func: ast.expr) -> str:
        root, _, rest = dotted(func).partition(".")
        path = self.imports.get(root, "")
        return f"{path}.{rest}" if path and rest else path


def _joined(codes: Iterable[_Code]) -> _Code:
    every = tuple(codes)
    return _Code(
        next((code.returns for code in every if code.returns), None),
        next((code.shows for code in every if code.shows), None),
        tuple(inner for code in every for inner in code.inner),
    )
