"""Getting kept models back."""

from __future__ import annotations

from typing import Any

from mm_jupyter.api.runs import found, get
from mm_jupyter.errors import NotFound, Untrusted
from mm_jupyter.kernel.models import unpack
from mm_jupyter.records import RunRef
from mm_jupyter.workspace import Workspace


class NoSuchModel(NotFound):
    """A run holds no model of that name, or its bytes were not kept."""

    code = "no-such-model"
    sentence = "{0} keeps no model {1}: {2}."


def load_model(
    name: str, model: str | None = None, *, trust: bool = False, workspace: Workspace | None = None
) -> Any:
    """Load a model that a run kept: ``mm.load_model("churn/7", trust=True)``.

    Args:
        name: the run.
        model: the model's name; may be left out where the run keeps one model only.
        trust: your word that you trust where the run came from. Loading a pickle runs the code in it.

    Raises:
        Untrusted: ``trust`` was not given.
        NoSuchRun, NoSuchModel: nothing to load.
    """
    space = found(workspace)
    name = str(RunRef.parse(name))
    kept = {one.name: one for one in get(name, workspace=space).models}
    if model is None and len(kept) == 1:
        model = next(iter(kept))
    if model is None:
        raise NoSuchModel(name, "without a name", f"it has {', '.join(kept) or 'none'}")
    if model not in kept:
        raise NoSuchModel(name, model, f"it has {', '.join(kept) or 'none'}")
    chosen = kept[model]
    if chosen.content is None:
        raise NoSuchModel(name, model, chosen.why or "its bytes were not kept")
    if not trust:
        raise Untrusted(f"{name}'s {model}", f"mm.load_model({name!r}, {model!r}, trust=True)")
    return unpack(space.store.read_blob(chosen.content))
