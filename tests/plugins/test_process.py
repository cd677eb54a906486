from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from simgate_airflow.local.process import end_session, listens, members, session_alive

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], process_group=0)
print("up", flush=True)
time.sleep(60)
"""


def test_a_session_ends_whole_though_its_leader_ignores_the_request_and_its_child_left_the_group() -> None:
    leader = subprocess.Popen(
        [sys.executable, "-c", STUBBORN], start_new_session=True, stdout=subprocess.PIPE, text=True
    )
    with leader:
        assert leader.stdout.readline() == "up\n"
        assert session_alive(leader.pid)
        assert len(members(leader.pid)) == 2
        started = time.monotonic()
        end_session(leader.pid, first=signal.SIGTERM, grace_s=0.5)
        assert members(leader.pid) == []
        assert time.monotonic() - started < 10
        end_session(leader.pid, first=signal.SIGTERM, grace_s=0.5)


def test_a_process_never_ends_its_own_session() -> None:
    with pytest.raises(ValueError, match="own session"):
        end_session(os.getsid(0), first=signal.SIGCONT, grace_s=0.1)


def test_a_session_listens_where_one_of_its_processes_does() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert listens(os.getsid(0), port)
        with subprocess.Popen(["sleep", "60"], start_new_session=True) as other:
            assert not listens(other.pid, port), "somebody else's port"
            other.kill()
    assert not listens(os.getsid(0), port)
