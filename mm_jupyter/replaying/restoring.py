"""Recorded randomness in an exported notebook: visible cells that give it again, without us and without pickle."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from mm_jupyter.records import BlobDigest, RecipeStep

_HELPER = '''\
# Random states as they were recorded, and what puts them back (standard library, and what the notebook uses anyway).
_MM_STATES = __import__("json").loads(r"""{
@STATES@
}""")


def _mm_restore(*names):
    import base64, importlib, random, struct

    def numbers(value):
        if isinstance(value, dict):
            (key, data), *_ = value.items()
            if len(value) == 1 and key.startswith(("uint", "int", "float")) and isinstance(data, str):
                kind = importlib.import_module("numpy").dtype(key)
                array = importlib.import_module("numpy").frombuffer(base64.b64decode(data), kind.newbyteorder("<"))
                return array.astype(kind)
            return {key: numbers(part) for key, part in value.items()}
        return int(value) if isinstance(value, str) and value.lstrip("-").isdigit() else value

    def existing(path, kind, make):
        try:
            held = eval(path, globals())
        except Exception:
            held = None
        if not isinstance(held, kind) and path.isidentifier():
            held = globals()[path] = make()
        return held

    for state in map(_MM_STATES.get, names):
        name, kind = state["generator"], state["kind"]
        if kind in ("python", "python.Random"):
            words = struct.unpack("<625I", base64.b64decode(state["words"]))
            generator = random if kind == "python" else existing(name, random.Random, random.Random)
            generator.setstate((state["version"], words, state["gauss"]))
        elif kind == "MT19937":
            words = numbers({"uint32": state["words"]})
            library = importlib.import_module("numpy.random")
            library.set_state(("MT19937", words, state["pos"], state["has_gauss"], state["gauss"]))
        elif kind in ("numpy.Generator", "numpy.RandomState"):
            library = importlib.import_module("numpy.random")
            bits = getattr(library, state["bit_generator"])
            if name == "numpy.random":
                library.set_bit_generator(bits())
                library.set_state(numbers(state["state"]))
                continue
            kind = getattr(library, kind.rpartition(".")[2])
            generator = existing(name, kind, lambda: kind(bits()))
            held = getattr(generator, "bit_generator", None) or getattr(generator, "_bit_generator", None)
            if not isinstance(held, bits) and name.isidentifier():
                generator = globals()[name] = kind(bits())
            if kind is library.RandomState:
                generator.set_state(numbers(state["state"]))
            else:
                generator.bit_generator.state = numbers(state["state"])
        else:
            torch = importlib.import_module("torch")
            words = torch.tensor(list(base64.b64decode(state["bytes"])), dtype=torch.uint8)
            if kind == "torch.Generator":
                existing(name, torch.Generator, torch.Generator).set_state(words)
            elif name == "torch":
                torch.set_rng_state(words)
            else:
                torch.cuda.set_rng_state(words, device=name.removeprefix("torch."))
'''

_DRAWS = '''\
# What was drawn from the operating system to seed generators, as it was recorded, and what gives it again.
_MM_DRAWS = __import__("json").loads(r"""{
@DRAWS@
}""")


def _mm_draw_again(step, left={}):
    import importlib, os, random, sys, types, uuid

    hosts = "IPython ipykernel jupyter_client comm ipywidgets traitlets tornado zmq tempfile".split()

    def again(source, caller, otherwise):
        while caller.f_back and caller.f_globals.get("__name__") == "random":
            caller = caller.f_back
        if left[source] and caller.f_globals.get("__name__", "").partition(".")[0] not in hosts:
            return int(left[source].pop(0), 16)
        return otherwise()

    def of_numpy():
        module = importlib.import_module("numpy.random.bit_generator")
        real = module.randbits
        module.randbits = lambda size: again("numpy", sys._getframe(1), lambda: real(size))

    def of_random():
        real = random.Random.seed

        def seed(self, a=None, version=2):
            if a is None:
                a = again("random", sys._getframe(1), lambda: None)
            real(self, a, version)

        random.Random.seed = seed
        random.seed = random.getstate.__self__.seed

    def of_uuid():
        real = uuid.os.urandom
        uuid.os = types.ModuleType("os")
        uuid.os.__dict__.update(vars(os))
        uuid.os.urandom = lambda size: again(
            "uuid", sys._getframe(2), lambda: int.from_bytes(real(size), "big")
        ).to_bytes(size, "big")

    given = {"numpy": [], "random": [], "uuid": []}
    for source, bits in _MM_DRAWS[step]:
        given[source].append(bits)
    watch = {"numpy": of_numpy, "random": of_random, "uuid": of_uuid}
    for source in given:
        if given[source] and source not in left:
            watch[source]()
    left.update((source, bits) for source, bits in given.items() if bits or source in left)
'''


class Restoring:
    """The restoring cells of one notebook.

    ``helper`` is the source of the cell that defines ``_mm_restore`` and ``_mm_draw_again`` (empty where nothing is
    restored); equal states are written once.
    """

    def __init__(self, steps: Iterable[RecipeStep], states: Callable[[BlobDigest], bytes]) -> None:
        self._labels: dict[BlobDigest, str] = {}
        written: list[str] = []
        draws: list[str] = []
        for step in steps:
            for state in step.restores:
                if state.before is not None and state.before not in self._labels:
                    label = f"{state.generator}@{step.seq}"
                    self._labels[state.before] = label
                    written.append(f"{json.dumps(label)}: {states(state.before).decode()}")
            if step.entropy:
                drawn = json.dumps([[draw.source, draw.bits] for draw in step.entropy])
                draws.append(f'"{step.seq}": {drawn}')
        parts = [_HELPER.replace("@STATES@", ",\n".join(written))] if written else []
        parts += [_DRAWS.replace("@DRAWS@", ",\n".join(draws))] if draws else []
        self.helper = "\n\n".join(parts).rstrip()

    def source(self, step: RecipeStep) -> str:
        """The cell before ``step``, empty where it restores nothing."""
        labels = [self._labels[state.before] for state in step.restores if state.before is not None]
        lines = []
        if labels:
            lines += [
                f"# the random state before execution {step.seq}",
                f"_mm_restore({', '.join(map(json.dumps, labels))})",
            ]
        if step.entropy:
            lines += [
                f"# what execution {step.seq} drew to seed generators",
                f'_mm_draw_again("{step.seq}")',
            ]
        return "\n".join(lines)
