"""A network file system is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from mm_jupyter.store import Store, connect
from mm_jupyter.store.mounts import network_file_system

MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/vdb /home/local ext4 rw 0 0
server:/a\\040b /mnt/a\\040b cifs rw 0 0
me@host:/x /mnt/ssh fuse.sshfs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/x", None),
        ("/home/ada/work", "nfs4"),
        ("/home/local/work", None),
        ("/homes", None),
        ("/mnt/a b/c", "cifs"),
        ("/mnt/ssh", "fuse.sshfs"),
    ],
)
def test_the_nearest_mount_decides(tmp_path: Path, folder: str, kind: str | None) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    assert network_file_system(Path(folder), mounts) == kind


def test_where_it_cannot_be_told_a_disk_is_local(tmp_path: Path) -> None:
    assert network_file_system(tmp_path, tmp_path / "none") is None


def test_a_store_there_warns_once_and_keeps_no_wal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "network_file_system", lambda _: "nfs4")
    with pytest.warns(UserWarning, match=r"network file system \(nfs4\)") as told:
        store = Store.open(tmp_path / ".mm", create=True)
    store.runs()
    assert len(told) == 1
    with store._database.read() as tx:
        assert tx.one("PRAGMA journal_mode") == ("truncate",)
    store.close()
    assert not (tmp_path / ".mm" / "store.db-wal").exists()
