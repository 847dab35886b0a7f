"""Classes and objects as they are, read past metaclasses, properties, proxies and ``__getattribute__``."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Mapping
from typing import Any

mro_of: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
qualname_of: Callable[[type], str] = type.__dict__["__qualname__"].__get__
namespace_of: Callable[[type], Mapping[str, Any]] = type.__dict__["__dict__"].__get__


def dict_of(value: object) -> dict[str, Any]:
    """The real ``__dict__`` of an object, read past ``__getattribute__`` and properties; empty where it has none."""
    for base in mro_of(type(value)):
        member = namespace_of(base).get("__dict__")
        if member is not None:
            if isinstance(member, (types.GetSetDescriptorType, types.MemberDescriptorType)):
                return member.__get__(value) or {}
            return {}
    return {}


def module_of(kind: type) -> str:
    """The module of a class, whatever its metaclass says."""
    module = type.__dict__["__module__"].__get__(kind)
    return module if isinstance(module, str) else ""


def label_of(kind: type) -> str:
    """A class as forms and digests name it: private modules left out, for they move between versions."""
    module = module_of(kind)
    public = [part for part in module.split(".") if not part.startswith("_")]
    return ".".join([*([] if module == "builtins" else public), str(qualname_of(kind))])


NOISE = frozenset({"_sklearn_version", "__pyx_vtable__"})
"""Attributes that say what wrote the object, not what it is."""


def state_of(value: object, kind: type) -> list[tuple[str, object]]:
    """The fields of an object, read past everything that its class overrides."""
    fields: dict[str, object] = {}
    for base in reversed(mro_of(kind)):
        namespace = namespace_of(base)
        names = namespace.get("__slots__", ())
        for name in (names,) if isinstance(names, str) else tuple(names):
            private = name.startswith("__") and not name.endswith("__")
            slot = f"_{base.__name__.lstrip('_')}{name}" if private else name
            member = namespace.get(slot)
            if isinstance(member, types.MemberDescriptorType):
                try:
                    fields[slot] = member.__get__(value, kind)
                except AttributeError:  # an empty slot
                    continue
    fields.update(dict_of(value))
    cached = _cached_names(kind)
    return [
        (name, part)
        for name, part in fields.items()
        if type(name) is str and name not in NOISE and name not in cached
    ]


def _cached_names(kind: type) -> frozenset[str]:
    """Names of ``cached_property``s: whether one has been looked at says nothing about the value."""
    return frozenset(
        name
        for base in mro_of(kind)
        for name, member in namespace_of(base).items()
        if type(member) is functools.cached_property
    )


def hides_state(kind: type) -> bool:
    """Whether a class keeps something outside ``__dict__`` and slots: its instances are larger than those explain."""
    while kind is not object:
        base: type = type.__dict__["__base__"].__get__(kind)
        grown = kind.__basicsize__ - base.__basicsize__
        if grown > 0:
            word = object.__basicsize__ // 2
            for offset in ("__dictoffset__", "__weakrefoffset__"):
                own, inherited = getattr(kind, offset), getattr(base, offset)
                if own > 0 and inherited == 0:
                    grown -= word
            slots = namespace_of(kind).get("__slots__", ())
            slots = (slots,) if isinstance(slots, str) else tuple(slots)
            grown -= word * sum(name not in ("__dict__", "__weakref__") for name in slots)
            if grown > 0:
                return True
        if kind.__itemsize__ and not base.__itemsize__:
            return True
        kind = base
    return False
