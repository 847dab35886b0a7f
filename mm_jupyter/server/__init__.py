"""The server extension: what ``mm`` can say, over REST, inside the Jupyter server that is there already."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": "mm_jupyter.server"}]


def _load_jupyter_server_extension(app: Any) -> None:
    from mm_jupyter.server.routes import add_to

    add_to(app)
