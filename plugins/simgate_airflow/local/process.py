"""Process: ends what was started, by its session or group, politely first."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def members(session: int) -> list[int]:
    """Return process ids that belong to a session and are not dead already."""
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


def listens(session: int, port: int) -> bool:
    """Return whether a process of the session accepts connections on a TCP port of this machine."""
    rows = [row.split() for name in ("tcp", "tcp6") for row in _rows(Path(f"/proc/net/{name}"))]
    wanted = {f"socket:[{row[9]}]" for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port}
    return any(wanted & set(_open_files(Path(f"/proc/{process}/fd"))) for process in members(session))


def _rows(table: Path) -> list[str]:
    try:
        return table.read_text().splitlines()[1:]
    except OSError:  # A kernel without IPv6 has no such table.
        return []


def _open_files(folder: Path) -> Iterator[str]:
    """Yield the files that a process has open; a process or file that ends meanwhile is skipped."""
    with suppress(OSError):
        for link in folder.iterdir():
            with suppress(OSError):
                yield str(link.readlink())


def session_alive(session: int) -> bool:
    """Return whether the session's leader runs."""
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
