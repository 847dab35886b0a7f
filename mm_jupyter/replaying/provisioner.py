"""A kernel provisioner that starts kernels with a fixed string hash seed: sets then have one order, every time.

A kernel cannot change its seed once it runs. In a kernelspec: ``"metadata": {"kernel_provisioner":
{"provisioner_name": "mm-provisioner"}}``.
"""

from __future__ import annotations

import os
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from mm_jupyter.replaying.job import HASH_SEED


class MmProvisioner(LocalProvisioner):
    """As ``local-provisioner``; ``PYTHONHASHSEED`` is ``0`` where nobody has set it."""

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Set the seed."""
        env = dict(kwargs.pop("env", None) or os.environ)
        env.setdefault("PYTHONHASHSEED", HASH_SEED)
        launch: dict[str, Any] = await super().pre_launch(env=env, **kwargs)
        return launch
