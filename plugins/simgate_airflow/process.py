"""Process: ends what was started, by its session or group, politely first."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def members(session: int) -> list[int]:
    """Process ids that belong to a session and are not dead already."""
    folders = (folder for folder in Path("/proc").iterdir() if folder.name.isdigit())
    return sorted(int(folder.name) for folder in folders if _session(folder) == session)


def _session(folder: Path) -> int | None:
    try:
        # The command's name may hold spaces and brackets: fields count from the last bracket on.
        state, _parent, _group, session, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return None if state in "ZX" else int(session)


def environment(process: int) -> list[bytes]:
    """`NAME=value` of a process as it was started; empty where that cannot be read."""
    try:
        return Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def session_alive(session: int) -> bool:
    """Whether the session's leader runs."""
    return session in members(session)


def end_session(session: int, *, first: signal.Signals, grace_s: float) -> None:
    """Send `first` to the leader, wait, then end what is left of the session: no process of it survives."""
    _send(session, first, [session] if session_alive(session) else [])
    _gone(session, grace_s)
    _send(session, signal.SIGTERM, members(session))
    _gone(session, 3.0 if members(session) else 0.0)
    _send(session, signal.SIGKILL, members(session))
    _gone(session, 5.0)


def _send(session: int, number: signal.Signals, processes: list[int]) -> None:
    if session == os.getsid(0):
        raise ValueError("a process cannot end its own session")
    for process in processes:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            continue


def _gone(session: int, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while members(session) and time.monotonic() < deadline:
        _reap(session)
        time.sleep(0.05)


def _reap(process: int) -> None:
    try:
        os.waitpid(process, os.WNOHANG)
    except ChildProcessError:
        return
