"""Lifeline: ranks do not outlive their stage, however it ends; a rank left alone would hold a GPU for ever."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock that marks the stage as alive; the kernel drops it when this process ends, by `kill -9` too."""
    with path.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def follow(path: Path) -> None:
    """Exit this process, a rank, as soon as the stage's lock is gone."""
    threading.Thread(target=_exit_after, args=(path,), name="lifeline", daemon=True).start()


def _exit_after(path: Path) -> None:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)  # waits for as long as the stage lives
    finally:
        os._exit(1)
