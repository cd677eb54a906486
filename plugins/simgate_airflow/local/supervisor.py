"""Supervisor: runs Airflow's components under one process; when it ends, they end.

python -m simgate_airflow.local.supervisor <AIRFLOW_HOME>     until SIGINT or SIGTERM, or until a component ends
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Mapping

COMPONENTS = (
    ("scheduler", "--skip-serve-logs"),
    ("dag-processor",),
    ("api-server",),
    ("triggerer", "--skip-serve-logs"),
)
END_TIMEOUT_S = 10.0


class _Ended(Exception):
    """A signal asked the supervisor to stop."""


def supervise() -> int:
    """Set the database up, run the components, and end them all when asked or when one of them ends."""
    # Also where the one who started us ignores SIGINT, as a shell's background jobs do.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _on_signal)
    children: dict[str, subprocess.Popen[bytes]] = {}
    airflow = [sys.executable, "-P", "-m", "airflow"]
    try:
        if code := subprocess.run([*airflow, "db", "migrate"], check=False).returncode:
            return code
        for words in COMPONENTS:
            children[words[0]] = subprocess.Popen([*airflow, *words])
        while not (ended := _ended(children)):
            time.sleep(0.2)
        print("supervisor: ended by itself:", ", ".join(ended), flush=True)
        return 1
    except _Ended:
        return 0
    finally:
        _end(children)


def _ended(children: Mapping[str, subprocess.Popen[bytes]]) -> list[str]:
    return [f"{name} (exit {child.returncode})" for name, child in children.items() if child.poll() is not None]


def _on_signal(_number: int, _frame: object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise _Ended


def _end(children: Mapping[str, subprocess.Popen[bytes]]) -> None:
    for child in children.values():
        child.terminate()
    deadline = time.monotonic() + END_TIMEOUT_S
    for child in children.values():
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()


if __name__ == "__main__":
    sys.exit(supervise())
