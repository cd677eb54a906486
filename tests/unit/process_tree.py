"""Which processes live below another one."""

from __future__ import annotations

import psutil


def lives(pid: int) -> bool:
    """Return whether a process is there and has not ended."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def descendants(pid: int) -> set[int]:
    """Return every living process below `pid`."""
    return {child.pid for child in psutil.Process(pid).children(recursive=True) if lives(child.pid)}
