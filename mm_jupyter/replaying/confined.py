"""Takes Linux namespaces and then becomes the given command, under the same process id, so that signals and waiting
work as without it::

    python -I -S confined.py --write DIR [--write DIR]... [--network] -- COMMAND...

Run by path, once before every replay: it imports the least of the standard library, and no module of ours.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Sequence
from itertools import pairwise

_NEW_MOUNTS, _NEW_USER, _NEW_NETWORK = 0x00020000, 0x10000000, 0x40000000
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT = 0x1, 0x2, 0x4, 0x8, 0x20
_NOATIME, _NODIRATIME, _BIND, _REC, _PRIVATE, _RELATIME = (
    0x400, 0x800, 0x1000, 0x4000, 0x40000, 0x200000,
)  # fmt: skip
_FLAGS = {
    "ro": _RDONLY, "nosuid": _NOSUID, "nodev": _NODEV, "noexec": _NOEXEC,
    "noatime": _NOATIME, "nodiratime": _NODIRATIME, "relatime": _RELATIME,
}  # fmt: skip
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE = 442, -100, 0x8000
_CAPBSET_DROP, _NO_NEW_PRIVS, _DUMPABLE = 24, 38, 4
_CAPABILITIES_3 = 0x20080522
_KEPT_CAPABILITIES = {0, 1, 2, 3, 4, 6, 7}  # chown, dac_*, fowner, fsetid, setgid, setuid
_AF_INET, _SOCK_DGRAM = 2, 2
_SIOCSIFFLAGS, _IFF_UP_RUNNING = 0x8914, 0x41


class _Attributes(ctypes.Structure):
    """``struct mount_attr`` of mount_setattr(2)."""

    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


_LIBC = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str | None, target: str, kind: str | None, flags: int) -> None:
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    _checked(_LIBC.mount(*encoded, ctypes.c_ulong(flags), None), f"mount {target}")


def _set_read_only(path: str, read_only: bool) -> None:
    """Set or clear the read-only flag of every mount at and below ``path``."""
    attributes = _Attributes(set=_RDONLY) if read_only else _Attributes(clear=_RDONLY)
    try:
        result = _LIBC.syscall(
            _MOUNT_SETATTR, ctypes.c_int(_AT_FDCWD), os.fsencode(path), ctypes.c_uint(_AT_RECURSIVE),
            ctypes.byref(attributes), ctypes.c_size_t(ctypes.sizeof(attributes)),
        )  # fmt: skip
        _checked(result, f"mount_setattr {path}")
    except OSError as error:
        if error.errno != errno.ENOSYS:  # Linux < 5.12
            raise
        _remount(path, read_only)


def _remount(path: str, read_only: bool) -> None:
    """The same for an old kernel, one mount at a time; flags that a mount has must be given again."""
    import re

    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as table:
        mounts = [line.split() for line in table]
    for fields in mounts:
        target = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[4])
        if path not in ("/", target) and not target.startswith(path + "/"):
            continue
        flags = sum(_FLAGS.get(option, 0) for option in fields[5].split(","))
        flags = flags | _RDONLY if read_only else flags & ~_RDONLY
        _mount(None, target, None, _REMOUNT | _BIND | flags)


def _enter(network: bool) -> None:
    """Take new namespaces: as root without a user namespace, so that files of other users stay readable."""
    flags = _NEW_MOUNTS | (0 if network else _NEW_NETWORK)
    user, group = os.getuid(), os.getgid()
    if _LIBC.unshare(flags) == 0:
        return
    _checked(_LIBC.unshare(flags | _NEW_USER), "unshare")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="utf-8") as file:
            file.write(text)


def _close_file_system(writable: Sequence[str]) -> None:
    _mount(None, "/", None, _REC | _PRIVATE)
    for path in writable:
        _mount(path, path, None, _BIND | _REC)
    _set_read_only("/", True)
    if os.path.isdir("/dev/shm"):  # semaphores and shared memory of multiprocessing, of its own
        _mount("tmpfs", "/dev/shm", "tmpfs", _NOSUID | _NODEV)
    for path in writable:
        _set_read_only(path, False)
    # The directory that is open as "." belongs to the mount below the new one.
    os.chdir(os.getcwd())


def _raise_loopback() -> None:
    """Bring up the namespace's own ``lo``: servers and clients inside it may talk to each other."""
    import fcntl

    handle = _LIBC.socket(
        _AF_INET, _SOCK_DGRAM, 0
    )  # the module of this name takes longer than all else
    _checked(min(handle, 0), "socket")
    try:
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _IFF_UP_RUNNING))
    finally:
        os.close(handle)


def _drop_privileges() -> None:
    """Give up what could undo this: capabilities (root keeps those over files) and setuid programs."""
    for capability in range(64):
        if capability not in _KEPT_CAPABILITIES:
            _LIBC.prctl(_CAPBSET_DROP, capability, 0, 0, 0)
    _checked(_LIBC.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def confine(writable: Sequence[str], network: bool) -> None:
    """Confine this process, which has one thread; what it then executes can undo nothing of it."""
    _enter(network)
    _close_file_system(writable)
    if not network:
        _raise_loopback()
    _drop_privileges()


def give_up_capabilities() -> None:
    """What executing a program would do after ``confine``, where this process itself goes on."""
    kept = sum(1 << one for one in _KEPT_CAPABILITIES) if os.getuid() == 0 else 0
    header = ctypes.create_string_buffer(struct.pack("Ii", _CAPABILITIES_3, 0))
    sets = ctypes.create_string_buffer(24)
    _checked(_LIBC.capget(header, sets), "capget")
    permitted = struct.unpack("6I", sets.raw)[1]
    low = permitted & kept
    sets = ctypes.create_string_buffer(struct.pack("6I", low, low, 0, 0, 0, 0))
    _checked(_LIBC.capset(header, sets), "capset")
    _LIBC.prctl(_DUMPABLE, 1, 0, 0, 0)  # else an unprivileged process cannot read its own /proc


def main(arguments: Sequence[str]) -> None:
    """Confine this process, then become the command after ``--``. Exit status 126: it could not."""
    split = arguments.index("--")
    options, command = arguments[:split], list(arguments[split + 1 :])
    network = "--network" in options
    writable = [path for flag, path in pairwise(options) if flag == "--write"]
    try:
        confine([os.path.realpath(path) for path in writable], network)
        os.execvp(command[0], command)
    except OSError as error:
        sys.stderr.write(f"cannot confine {command[0]}: {error}\n")
        sys.exit(126)


if __name__ == "__main__":
    main(sys.argv[1:])
