"""What test servers need and no package brings: built once a machine, kept between runs and checkouts."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK_TIMEOUT_S = 3600.0


def cache_folder() -> Path:
    """`~/.cache/simgate`, or where XDG_CACHE_HOME says."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "simgate"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def say(text: str) -> None:
    """A line for whoever waits; on the real stderr, so that pytest's capture does not swallow it."""
    print(f"== {text}", file=sys.__stderr__, flush=True)


def built_once(path: Path, build: Callable[[Path], None], *, what: str) -> Path:
    """`path`, made by `build(<path beside it>)` if it is not there yet; of two processes that ask, one builds."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path.with_name(path.name + ".lock"), what=what):
        if not path.exists():
            began = time.monotonic()
            partial = path.with_name(path.name + ".partial")
            build(partial)
            # Renamed last: a build that was killed leaves nothing that looks whole.
            partial.replace(path)
            say(f"{what} is ready after {time.monotonic() - began:.0f} s: {path}")
    return path


@contextmanager
def locked(path: Path, *, what: str) -> Iterator[None]:
    """Hold the lock file; the kernel drops it when its holder dies."""
    with path.open("w") as file:
        waiting, deadline = False, time.monotonic() + LOCK_TIMEOUT_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{what}: another process holds {path} for {LOCK_TIMEOUT_S:.0f} s") from None
            if not waiting:
                say(f"{what}: waiting for another process that makes it")
                waiting = True
            time.sleep(0.5)
        yield
