"""A whole pack, and a forger who writes others like it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mm_jupyter.packs import form, write_pack
from mm_jupyter.packs.form import digest_of
from tests.packs.making import content, read, sealed, unchecked


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A whole pack."""
    path = tmp_path / "churn-7.mm.zip"
    write_pack(path, content(), read, check=unchecked)
    return path


Edit = Callable[[dict[str, bytes]], None]
Forge = Callable[..., Path]


@pytest.fixture
def forge(packed: Path, tmp_path: Path) -> Forge:
    """Writes the pack again with other members. Whoever forges knows the format: manifest and seal fit what it holds,
    unless ``manifest`` is edited itself. ``infos`` gives members their own entries in the zip's index."""

    def make(
        edit: Edit = lambda _: None,
        *,
        manifest: Callable[[Any], Any] | None = None,
        extra: list[tuple[zipfile.ZipInfo, bytes]] | None = None,
        infos: Callable[[zipfile.ZipInfo], None] = lambda _: None,
    ) -> Path:
        with zipfile.ZipFile(packed) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        edit(members)
        said = json.loads(members.pop(form.MANIFEST))
        said["members"] = [
            {"name": name, "size": len(data), "digest": digest_of(data)}
            for name, data in sorted(members.items())
        ]
        members[form.MANIFEST] = json.dumps(manifest(said) if manifest else said).encode()
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, data in members.items():
                info = zipfile.ZipInfo(name)
                infos(info)
                archive.writestr(info, data)
            for info, data in extra or []:
                archive.writestr(info, data)
            archive.comment = form.SEAL + b"0" * form.DIGITS
        return sealed(tmp_path / "forged.mm.zip", buffer.getvalue())

    return make
