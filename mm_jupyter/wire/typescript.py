"""The shapes as TypeScript and as JSON Schema: ``python -m mm_jupyter.wire.typescript`` prints ``js/src/wire.ts``."""

from __future__ import annotations

import sys
import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from mm_jupyter.wire.shapes import SHAPES

_PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", types.NoneType: "null"}
_SCHEMA = {str: "string", int: "integer", float: "number", bool: "boolean", types.NoneType: "null"}
HEAD = "// Made from mm_jupyter/wire/shapes.py by 'make wire'. Do not edit.\n"


def typescript() -> str:
    """The text of ``wire.ts``: an interface a shape."""
    return HEAD + "".join(f"\n{_interface(shape)}" for shape in SHAPES)


def schemas() -> dict[str, Any]:
    """The shapes as JSON Schema, by name, as OpenAPI's ``components.schemas`` has them."""
    return {_name(shape): _object(shape) for shape in SHAPES}


def _name(shape: type) -> str:
    return shape.__name__.removesuffix("Shape")


def _interface(shape: type) -> str:
    fields = "".join(f"  {name}: {_type(hint)};\n" for name, hint in get_type_hints(shape).items())
    return f"export interface {_name(shape)} {{\n{fields}}}\n"


def _type(hint: Any) -> str:
    if hint in _PLAIN:
        return _PLAIN[hint]
    if is_typeddict(hint):
        return _name(hint)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " | ".join(dict.fromkeys(_type(arg) for arg in args))
    if origin is Literal:
        return " | ".join(f"'{arg}'" for arg in args)
    if origin is list:
        inner = _type(args[0])
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if origin is tuple:
        return f"[{', '.join(_type(arg) for arg in args)}]"
    if origin is dict:
        return f"Record<string, {_type(args[1])}>"
    raise TypeError(f"no TypeScript for {hint!r}")


def _object(shape: type) -> dict[str, Any]:
    hints = get_type_hints(shape)
    return {
        "type": "object",
        "required": list(hints),
        "additionalProperties": False,
        "properties": {name: _schema(hint) for name, hint in hints.items()},
    }


def _schema(hint: Any) -> dict[str, Any]:
    if hint in _SCHEMA:
        return {"type": _SCHEMA[hint]}
    if is_typeddict(hint):
        return {"$ref": f"#/components/schemas/{_name(hint)}"}
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(arg) for arg in args]}
    if origin is Literal:
        return {"enum": list(args)}
    if origin is list:
        return {"type": "array", "items": _schema(args[0])}
    if origin is tuple:
        items = [_schema(arg) for arg in args]
        return {
            "type": "array",
            "prefixItems": items,
            "minItems": len(items),
            "maxItems": len(items),
        }
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(args[1])}
    raise TypeError(f"no schema for {hint!r}")


if __name__ == "__main__":
    sys.stdout.write(typescript())
