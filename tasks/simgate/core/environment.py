"""Environment: what a run found on its machine; evidence, never part of a key."""

from __future__ import annotations

import os
import platform
import resource
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from simgate.core.document import Document
from simgate.core.lock import installed, locked


class Environment(Document):
    """Machine and libraries."""

    host: str
    system: str
    python: str
    cpu_count: int
    gpu_driver: str
    """Version of the NVIDIA kernel driver, or empty."""
    image: str
    """Container image by digest, as SIMGATE_IMAGE says; empty outside containers."""
    packages: dict[str, str]
    """Installed version of every package of the lock slice."""


class Cost(Document):
    """What a run used."""

    wall_s: float
    gpu_s: float
    cold_start_s: float
    """From process start to the stage's first line."""
    peak_rss_bytes: int
    """Largest resident set of this process or one of its children."""


class Observed(Document):
    """`observed.json`."""

    environment: Environment
    cost: Cost


def environment(extra: str) -> Environment:
    """What this process runs on."""
    return Environment(
        host=socket.gethostname(),
        system=platform.platform(),
        python=platform.python_version(),
        cpu_count=os.cpu_count() or 0,
        gpu_driver=_gpu_driver(),
        image=os.environ.get("SIMGATE_IMAGE", ""),
        packages={name: installed(name) for name in locked(extra)},
    )


def _gpu_driver() -> str:
    try:
        return Path("/sys/module/nvidia/version").read_text(encoding="ascii").strip()
    except OSError:
        return ""


@dataclass(frozen=True)
class Stopwatch:
    """Measures a run's cost from its creation on."""

    started: float
    cold_start_s: float

    @classmethod
    def start(cls) -> Stopwatch:
        """Begin now."""
        return cls(time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME) - _process_start_s())

    def cost(self, *, gpu: bool) -> Cost:
        """What was used since."""
        wall_s = time.monotonic() - self.started
        return Cost(
            wall_s=round(wall_s, 3),
            gpu_s=round(wall_s, 3) if gpu else 0.0,
            cold_start_s=round(self.cold_start_s, 3),
            peak_rss_bytes=_peak_rss_bytes(),
        )


def _process_start_s() -> float:
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return time.clock_gettime(time.CLOCK_BOOTTIME)


def _peak_rss_bytes() -> int:
    usages = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(usages) * (1 if sys.platform == "darwin" else 1024)
