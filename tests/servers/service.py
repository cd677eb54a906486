"""Service: one service of docker-compose.yml and its processes, as its container would hold them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.compose_images import Picture

GRACE_S = 10.0
"""What Compose waits between SIGTERM and SIGKILL, where stop_grace_period says nothing."""
CHECK_EVERY_S = 2.0


@dataclass
class Service:
    """One service, and its process once it was started."""

    name: str
    asked: Mapping[str, Any]
    picture: Picture
    log: Path
    process: subprocess.Popen[bytes] | None = None
    """The tests' end of it: ends when the service's first process does, with its code."""
    mounts: int = -1
    """Its mount namespace, by which all its processes are known; open, or the kernel gives its number to the next."""
    checked: float = 0.0
    """When its health was asked for last."""
    asked_at: float = 0.0
    """When it was asked to end."""

    @property
    def once(self) -> bool:
        """Whether it ends by itself."""
        return "healthcheck" not in self.asked

    @property
    def uid(self) -> tuple[int, int]:
        """User and group, as the service or its image say."""
        user, group = self.asked.get("user", self.picture.user).split(":")
        return int(user), int(group)

    @property
    def first(self) -> int:
        """Number of its first process; 0 where none runs."""
        if self.process is None or self.process.poll() is not None:
            return 0
        with suppress(OSError, IndexError):
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
            return int(children.read_text().split()[0])
        return 0

    @property
    def members(self) -> list[int]:
        """All its living processes: those that see its mounts."""
        self._note_mounts()
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        mine = os.fstat(self.mounts).st_ino if self.mounts >= 0 else 0
        return [pid for pid in pids if mine and _mounts(pid) == mine]

    def _note_mounts(self) -> None:
        # Before it has mounts of its own it sees the machine's, as every process of the machine does.
        first = self.first
        if self.mounts < 0 and first and _mounts(first) not in (0, _mounts(os.getpid())):
            with suppress(OSError):
                self.mounts = os.open(f"/proc/{first}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)

    def is_due(self) -> bool:
        """Whether to ask for its health again."""
        due = time.monotonic() - self.checked > CHECK_EVERY_S
        self.checked = time.monotonic() if due else self.checked
        return due

    def ask_to_end(self) -> None:
        """What an engine does first."""
        self._note_mounts()
        self.asked_at = time.monotonic()
        _signal(self.first, self.picture.stop_signal)

    def end(self) -> bool:
        """Wait for the end that was asked for, then end all that is left, as an engine does; whether it was in time."""
        self._note_mounts()
        deadline = self.asked_at + self.grace_s
        while self.first and time.monotonic() < deadline:
            time.sleep(0.1)
        in_time = not self.first
        for pid in self.members:
            _signal(pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait(GRACE_S)
        if self.mounts >= 0:
            os.close(self.mounts)
        self.process, self.mounts, self.asked_at = None, -1, 0.0
        return in_time

    @property
    def grace_s(self) -> float:
        """Its own stop_grace_period."""
        match = re.fullmatch(r"(\d+)s", self.asked.get("stop_grace_period", ""))
        return float(match[1]) if match else GRACE_S

    def tail(self) -> str:
        """The end of what it said."""
        return self.log.read_text(errors="replace")[-2500:] if self.log.exists() else "not started"


def _mounts(pid: int) -> int:
    try:
        return Path(f"/proc/{pid}/ns/mnt").stat().st_ino
    except OSError:
        return 0  # it has ended


def _signal(pid: int, number: signal.Signals) -> None:
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
