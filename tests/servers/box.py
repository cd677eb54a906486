"""python -m tests.servers.box: turns itself into one container's process, as its standard input describes it.

Run as root in namespaces of its own (mounts, processes, network): it puts a root together out of binds, makes it
read-only, gives up every right and becomes the command. What an engine would do, less images and limits.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import socket
import struct
import sys
from pathlib import Path
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
PR_SET_NO_NEW_PRIVS = 38
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc")
"""What every image has a copy of; here the machine's own, read-only."""


def main() -> None:
    """Build the box and become its command."""
    box = json.load(sys.stdin)
    os.umask(0o022)
    _loopback_up()
    root = Path(box["root"])
    _mount("none", Path("/"), "", MS_REC | MS_PRIVATE)
    _mount("tmpfs", root, "tmpfs", MS_NODEV, "mode=755")
    for name in SYSTEM:
        _system(Path("/", name), root / name)
    for name in box["folders"]:
        _own(root, name, box["uid"])
    # Before the binds: a checkout may lie under /tmp.
    for where, options in box["tmpfs"]:
        _mount("tmpfs", _folder(root / where.lstrip("/")), "tmpfs", MS_NOSUID | MS_NODEV, options)
    for bind in box["binds"]:
        _bind(Path(bind["source"]), root / bind["target"].lstrip("/"), read_only=bind["read_only"])
    for where, to in box["links"]:
        link = root / where.lstrip("/")
        _touch(link)
        link.unlink()
        link.symlink_to(to)
    _kernel(root)
    if box["read_only"]:
        _mount("none", root, "", MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV)
    os.chroot(root)
    os.chdir(box["folder"])
    _become(box)


def _become(box: dict[str, Any]) -> None:
    os.setgroups([])
    os.setresgid(box["gid"], box["gid"], box["gid"])
    os.setresuid(box["uid"], box["uid"], box["uid"])
    if LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs")
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.execvpe(box["command"][0], box["command"], box["environment"])  # noqa: S606


def _system(source: Path, target: Path) -> None:
    if source.is_symlink():
        target.symlink_to(source.readlink())
    elif source.is_dir():
        _bind(source, target, read_only=True)


def _kernel(root: Path) -> None:
    _mount("proc", _folder(root / "proc"), "proc", MS_NOSUID | MS_NODEV)
    _mount("/dev", _folder(root / "dev"), "", MS_BIND | MS_REC)
    _mount("tmpfs", root / "dev" / "shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")


def _own(root: Path, name: str, uid: int) -> None:
    os.chown(_folder(root / name.lstrip("/")), uid, uid)


def _bind(source: Path, target: Path, *, read_only: bool) -> None:
    if source.is_dir():
        _folder(target)
    elif not target.exists():
        _touch(target)
    _mount(str(source), target, "", MS_BIND | MS_REC)
    if read_only:
        _mount("none", target, "", MS_REMOUNT | MS_BIND | MS_RDONLY)


def _touch(path: Path) -> None:
    _folder(path.parent)
    try:
        path.touch()
    except OSError:
        # A folder of the machine's own: the same again, with room for one more.
        before = [(entry, entry.readlink() if entry.is_symlink() else None) for entry in path.parent.iterdir()]
        held = [(entry, os.open(entry, os.O_PATH)) for entry, link in before if link is None]
        _mount("tmpfs", path.parent, "tmpfs", MS_NODEV, "mode=755")
        for entry, descriptor in held:
            _bind(Path(f"/proc/self/fd/{descriptor}"), entry, read_only=True)
        for entry, link in before:
            if link is not None:
                entry.symlink_to(link)
        path.touch()


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def _mount(source: str, target: Path, kind: str, flags: int, options: str = "") -> None:
    words = [text.encode() or None for text in (source, str(target), kind)]
    if LIBC.mount(*words, ctypes.c_ulong(flags), options.encode() or None):
        number = ctypes.get_errno()
        raise OSError(number, f"mount {source} {kind} {options}: {os.strerror(number)}", str(target))


def _loopback_up() -> None:
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


if __name__ == "__main__":
    main()
