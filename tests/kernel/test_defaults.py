"""The defaults of what a session calls are read once, and no code of the user's runs for it."""

from __future__ import annotations

import json
import string
from typing import Any

from mm_jupyter.kernel.defaults import Defaults
from mm_jupyter.records import BlobDigest


class Kept:
    def __init__(self) -> None:
        self.texts: list[bytes] = []

    def __call__(self, text: bytes) -> BlobDigest:
        self.texts.append(text)
        return BlobDigest(f"kept {len(self.texts)}")

    @property
    def last(self) -> Any:
        return json.loads(self.texts[-1])


def test_functions_classes_and_methods_of_libraries_give_their_defaults() -> None:
    kept, defaults = Kept(), Defaults()
    namespace = {"json": json, "Template": string.Template, "decoder": json.JSONDecoder()}
    defaults.note("json.dumps({})")
    defaults.note("%%track a\nTemplate('x')\ndecoder.decode('1')\nunknown(3)\nprint(1)")
    digest = defaults.keep(namespace, kept)
    assert kept.last["json.dumps"]["ensure_ascii"] == "True"
    assert "json.decoder.JSONDecoder.decode" in kept.last
    assert not any(name.startswith("builtins") for name in kept.last)
    # The same again is not kept again.
    defaults.note("json.dumps([])")
    assert defaults.keep(namespace, kept) == digest
    assert len(kept.texts) == 1


def test_nothing_of_the_user_runs() -> None:
    class Trap:
        @property
        def method(self) -> None:
            raise AssertionError("a property ran")

        def __getattr__(self, name: str) -> None:
            raise AssertionError("an attribute was asked for")

    kept, defaults = Kept(), Defaults()
    defaults.note("trap.method()\ntrap.other()")
    assert defaults.keep({"trap": Trap()}, kept) is None


def test_a_default_without_a_name_of_its_own_has_no_address() -> None:
    kept, defaults = Kept(), Defaults()
    namespace: dict[str, Any] = {}
    exec("def f(a=object(), b=len): ...\nf.__module__ = 'lib'", namespace)
    defaults.note("f()")
    defaults.keep(namespace, kept)
    assert kept.last == {"lib.f": {"a": "<object object>", "b": "len"}}
