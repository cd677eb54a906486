"""Process: ends what was started, by its session or group, politely first."""

from __future__ import annotations

import os
import signal
import time

import psutil


def members(session: int) -> list[int]:
    """Return the ids of the processes that belong to a session and are not dead already."""
    return sorted(process.pid for process in psutil.process_iter() if _is_member(process, session))


def _is_member(process: psutil.Process, session: int) -> bool:
    try:
        return os.getsid(process.pid) == session and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except (OSError, psutil.Error):  # It ended while we looked.
        return False


def environment(process: int) -> dict[str, str]:
    """Return the variables that a process was started with; none where they cannot be read."""
    try:
        return psutil.Process(process).environ()
    except (OSError, psutil.Error):
        return {}


def listens(session: int, port: int) -> bool:
    """Return whether a process of the session accepts connections on a TCP port of this machine."""
    return any(port in _open_ports(process) for process in members(session))


def _open_ports(process: int) -> set[int]:
    try:
        sockets = psutil.Process(process).net_connections("tcp")
    except (OSError, psutil.Error):
        return set()
    return {socket.laddr.port for socket in sockets if socket.status == psutil.CONN_LISTEN}


def session_alive(session: int) -> bool:
    """Return whether the session's leader runs."""
    return session in members(session)


def end_session(session: int, *, first: signal.Signals, grace_s: float) -> None:
    """Send `first` to the leader, wait, then kill the rest of the session: no process of it survives."""
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
