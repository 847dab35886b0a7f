"""Is a folder on a network file system? SQLite's WAL needs memory that all writers share, which those do not have."""

from __future__ import annotations

from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
_NETWORK = frozenset(
    "nfs nfs4 cifs smb smb2 smb3 smbfs afs ncpfs lustre gpfs beegfs ceph glusterfs 9p fuse.sshfs fuse.glusterfs "
    "fuse.ceph fuse.s3fs fuse.rclone fuse.gcsfuse fuse.juicefs ocfs2 gfs2 orangefs pvfs2 panfs".split()
)


def network_file_system(folder: Path, mounts: Path = MOUNTS) -> str | None:
    """The type of the network file system that ``folder`` is on, None on a local disk or where it cannot be told."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    best, kind = -1, ""
    path = folder.resolve()
    for line in lines:
        parts = line.split(" ")
        if len(parts) < 3:
            continue
        point = Path(parts[1].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"))
        if len(point.parts) >= best and path.is_relative_to(point):
            best, kind = len(point.parts), parts[2]
    return kind if kind in _NETWORK else None
