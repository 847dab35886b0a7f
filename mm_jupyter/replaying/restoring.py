"""Recorded random states in an exported notebook: visible cells that put them back, without us and without pickle."""

from __future__ import annotations

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

    def existing(name, kind, make):
        if not isinstance(globals().get(name), kind):
            globals()[name] = make()
        return globals()[name]

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
            held = getattr(generator, "bit_generator", None) or generator._bit_generator
            if not isinstance(held, bits):
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


class Restoring:
    """The restoring cells of one notebook.

    ``helper`` is the source of the cell that defines ``_mm_restore`` (empty where nothing is restored); equal states
    are written once.
    """

    def __init__(self, steps: Iterable[RecipeStep], states: Callable[[BlobDigest], bytes]) -> None:
        self._labels: dict[BlobDigest, str] = {}
        written: list[str] = []
        for step in steps:
            for state in step.restores:
                if state.before is not None and state.before not in self._labels:
                    label = f"{state.generator}@{step.seq}"
                    self._labels[state.before] = label
                    written.append(f'"{label}": {states(state.before).decode()}')
        self.helper = _HELPER.replace("@STATES@", ",\n".join(written)).rstrip() if written else ""

    def source(self, step: RecipeStep) -> str:
        """The cell before ``step``, empty where it restores nothing."""
        labels = [self._labels[state.before] for state in step.restores if state.before is not None]
        if not labels:
            return ""
        given = ", ".join(f'"{label}"' for label in labels)
        return f"# the random state before execution {step.seq}\n_mm_restore({given})"
