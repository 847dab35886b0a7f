"""Kernels of the provisioner have a hash seed, so that the order of sets is the same in each of them."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager

from mm_jupyter.replaying.provisioner import MmProvisioner


class _Specs(KernelSpecManager):
    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:  # noqa: ARG002 - of every name
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        metadata = {"kernel_provisioner": {"provisioner_name": "mm-provisioner"}}
        return KernelSpec(argv=argv, display_name="it", language="python", metadata=metadata)


def test_it_is_there_by_its_name() -> None:
    (found,) = entry_points(group="jupyter_client.kernel_provisioners", name="mm-provisioner")
    assert found.load() is MmProvisioner


@pytest.mark.parametrize(("given", "seed"), [(None, "0"), ("7", "7")])
def test_a_kernel_has_the_seed_that_was_given_or_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None, seed: str
) -> None:
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    if given is not None:
        monkeypatch.setenv("PYTHONHASHSEED", given)
    manager = KernelManager(kernel_name="it", kernel_spec_manager=_Specs())
    manager.start_kernel(cwd=str(tmp_path))
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=60)
        shown: list[str] = []
        client.execute_interactive(
            "import os; print(os.environ['PYTHONHASHSEED'])",
            output_hook=lambda message: shown.append(message["content"].get("text", "")),
            timeout=60,
        )
        assert "".join(shown).strip() == seed
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
