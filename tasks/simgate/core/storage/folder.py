"""Folder: a store on this machine's disk holds files and folders alone; whatever else lies in it is refused by name.

A symbolic link would let one key read, or write, what lies anywhere on the machine. A read of a FIFO, a socket or a
device may never end. The store's own folder may be reached by
one: that is the operator's choice of a disk. A hard link cannot be told from a file, names bytes of the same disk only,
and is how a create-only write is committed and `cp -al` makes a backup; its bytes are judged by their digest.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from simgate.core.errors import Damaged, InputError

MAX_KEY_BYTES = 1024
"""S3's bound; a file system's of one name is below."""
MAX_NAME_BYTES = 255


def check_key(key: str) -> None:
    """Refuse a text that is no key of a store: not both kinds of store could hold it, or it would leave the store."""
    parts = key.split("/")
    plain = key.isprintable() and all(part not in ("", ".", "..") for part in parts)
    if not plain or len(key.encode()) > MAX_KEY_BYTES or any(len(part.encode()) > MAX_NAME_BYTES for part in parts):
        raise InputError(
            "not a key of a store", actual=ascii(key[:120]),
            expected="a relative path without . and .., such as runs/main/train/RUN_KEY/ATTEMPT/manifest.json",
        )  # fmt: skip


def check_prefix(prefix: str) -> None:
    """Refuse a text that is no folder of a store; empty is the whole store."""
    if prefix.removesuffix("/"):
        check_key(prefix.removesuffix("/"))


def refuse_strangers(root: str, key: str) -> None:
    """Refuse a key if its path has anything but files and folders; a symbolic link is neither, dangling or not."""
    path = root
    for part in key.rstrip("/").split("/"):
        path = f"{path}/{part}"
        try:
            found = os.lstat(path).st_mode
        except OSError:
            return  # nothing is there to be followed; whoever opens it says the rest
        if not (stat.S_ISREG(found) or stat.S_ISDIR(found)):
            raise _refused(root, path, found)


def refuse_strangers_under(root: str, prefix: str, *, deep: bool = True) -> None:
    """Refuse a listing if its path, or the listing, has anything but files and folders; `deep`: at any depth."""
    refuse_strangers(root, prefix)
    waiting = [f"{root}/{prefix}".rstrip("/")]
    while waiting:
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if deep:
                        waiting.append(entry.path)
                elif not entry.is_file(follow_symlinks=False):
                    # One that was removed meanwhile is no file either; lstat says so, and nothing is refused.
                    refuse_strangers(root, entry.path.removeprefix(f"{root}/"))


_KINDS = {
    stat.S_IFLNK: "a symbolic link", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device", stat.S_IFCHR: "a device",
}  # fmt: skip


def _refused(root: str, path: str, mode: int) -> Damaged:
    kind = _KINDS.get(stat.S_IFMT(mode), "no file")
    return Damaged(
        f"{path.removeprefix(root + '/')} in {root} is {kind}", expected="files and folders alone",
        remedy="find out who put it there; remove it, or put a file in its place",
    )  # fmt: skip
