"""Functions, classes and modules, taken apart.

What an import gives back is named; what the notebook made is read: bytecode, constants, names, defaults and closure,
without file names and line numbers.
"""

from __future__ import annotations

import functools
import sys
import types
from typing import Any

from mm_jupyter.analysis.fingerprints.parts import Atom, Group, Part, attributes
from mm_jupyter.analysis.fingerprints.reflection import (
    dict_of,
    module_of,
    namespace_of,
    qualname_of,
)


def _importable(value: Any) -> str | None:
    """``module:name`` of a function or class that an import gives back; None for one that the notebook made."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module == "__main__":
        return None
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        if found is None:
            return None
        found = getattr(found, "__dict__", {}).get(part)
    return f"{module}:{name}" if found is value else None


def function_part(value: types.FunctionType) -> Part:
    where = _importable(value)
    if where is not None:
        return Atom("function", where)
    cells = [_cell(cell) for cell in value.__closure__ or ()]
    fields: list[tuple[str, object]] = [
        ("code", value.__code__),
        ("defaults", value.__defaults__),
        ("kwdefaults", value.__kwdefaults__),
        ("closure", Group("list", "", cells)),
        (
            "attributes",
            {name: part for name, part in value.__dict__.items() if name != "__wrapped__"},
        ),
    ]
    return attributes("function", value.__qualname__, fields)


def _cell(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not bound yet
        return Atom("empty cell", "")


def code_part(code: types.CodeType) -> Part:
    """Bytecode, constants and names: no file name and no line numbers, so that a cell may move."""
    consts = tuple(code.co_consts)
    fields: list[tuple[str, object]] = [
        ("bytes", code.co_code),
        ("constants", Group("list", "", consts)),
        ("names", (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)),
        (
            "arguments",
            (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags),
        ),
        ("exceptions", code.co_exceptiontable),
        ("name", code.co_name),
    ]
    return attributes("code", "", fields)


_CLASS_NOISE = frozenset(
    {
        "__dict__",
        "__weakref__",
        "__module__",
        "__firstlineno__",
        "__static_attributes__",
        "__annotations_cache__",
        "_abc_impl",
        "__qualname__",
    }
)


def class_part(value: type) -> Part:
    where = _importable(value) if module_of(value) != "__main__" else None
    if where is not None or module_of(value) != "__main__":
        return Atom("class", where or f"{module_of(value)}:{qualname_of(value)}")
    names = {name: part for name, part in namespace_of(value).items() if name not in _CLASS_NOISE}
    fields = [("bases", value.__bases__), ("names", names)]
    return attributes("class", str(qualname_of(value)), fields)


def method_part(value: types.MethodType) -> Part:
    return Group("method", "", (value.__func__, value.__self__))


def builtin_part(value: types.BuiltinFunctionType) -> Part:
    owner = value.__self__
    if owner is None or isinstance(owner, types.ModuleType):
        return Atom("function", f"{value.__module__}:{value.__qualname__}")
    return Group("method", value.__name__, (owner,))


def property_part(value: property) -> Part:
    return Group("property", "", (value.fget, value.fset, value.fdel))


def wrapped_part(value: Any) -> Part:
    return Group("method", type(value).__name__, (value.__func__,))


def partial_part(value: functools.partial[Any]) -> Part:
    return Group("partial", "", (value.func, value.args, value.keywords))


def module_part(value: types.ModuleType) -> Part:
    return Atom("module", str(dict_of(value).get("__name__")))


FUNCTIONS: dict[type, Any] = {
    types.FunctionType: function_part,
    types.CodeType: code_part,
    types.MethodType: method_part,
    types.BuiltinFunctionType: builtin_part,
    types.ModuleType: module_part,
    type: class_part,
    property: property_part,
    staticmethod: wrapped_part,
    classmethod: wrapped_part,
    functools.partial: partial_part,
}
"""By exact type."""
