"""Environment: the machine and libraries that a run used; evidence, never part of a key."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from simgate.core.documents.document import Document
from simgate.core.documents.stage_spec import EnvironmentPins
from simgate.core.errors import InputError
from simgate.core.identity.cpu import instruction_sets
from simgate.core.identity.lock import installed, locked
from simgate.core.identity.runtime import Runtime

NVIDIA_SMI_TIMEOUT_S = 20.0
MAX_GPUS = 64


class Gpu(Document):
    """One GPU."""

    name: str
    compute_capability: str


class Environment(Document):
    """Machine and libraries. What a machine has not is empty; fields with a default came with version 2."""

    host: str
    system: str
    python: str
    cpu_count: int
    gpu_driver: str
    """Version of the NVIDIA kernel driver, or empty."""
    image: str
    """Container image as SIMGATE_IMAGE says: a pod's by digest, that of docker-compose.yml by its tag; or empty."""
    packages: dict[str, str]
    """Installed version of every package of the lock slice."""
    kernel: str = ""
    """Release of the operating system's kernel."""
    libc: str = ""
    """C library and its version, e.g. `glibc 2.36`."""
    cuda: dict[str, str] = Field(default_factory=dict)
    """Version of the CUDA runtime by library, where the lock slice or the run has one."""
    gpus: tuple[Gpu, ...] = ()
    """GPUs that the driver shows this process."""
    named: dict[str, str] = Field(default_factory=dict)
    """Name and version of what the spec names, by kind: `simulator`, `model family`, `engine target`."""
    cpu: str = ""
    """Architecture and instruction sets that numerical libraries choose their code by; see core/identity/cpu.py."""


class Cost(Document):
    """Time and memory that a run used."""

    wall_s: float
    gpu_s: float
    cold_start_s: float
    """From process start to the stage's first line."""
    peak_rss_bytes: int
    """Largest resident set of this process or one of its children."""


class Observed(Document):
    """`observed.json`."""

    version: Literal[1, 2] = 1
    """Version 1 did not say so."""
    environment: Environment
    cost: Cost


def environment(needs: Runtime) -> Environment:
    """Record the machine and libraries of this process."""
    return Environment(
        host=socket.gethostname(),
        system=platform.platform(),
        python=platform.python_version(),
        cpu_count=os.cpu_count() or 0,
        gpu_driver=_gpu_driver(),
        image=os.environ.get("SIMGATE_IMAGE", ""),
        packages={name: installed(name) for extra in needs.extras for name in locked(extra)},
        kernel=platform.release(),
        libc=_libc(),
        cuda=dict(needs.cuda()),
        gpus=_gpus(),
        named={kind: _version_of(*named) for kind, named in needs.named.items()},
        cpu=instruction_sets(),
    )


def check_pins(pins: EnvironmentPins, found: Environment) -> None:
    """Refuse a machine that differs from the pins; one error lists every difference."""
    rows = [(name, getattr(pins, name), getattr(found, name)) for name in ("gpu_driver", "image", "cpu")]
    rows += [(f"cuda of {name}", pinned, found.cuda.get(name, "")) for name, pinned in sorted(pins.cuda.items())]
    rows += [(kind, pinned, found.named.get(kind, "")) for kind, pinned in sorted(pins.named.items())]
    rows += [(f"package {name}", pinned, installed(name)) for name, pinned in sorted(pins.packages.items())]
    off = [
        f"{name} is {actual or 'not there'}, pinned to {pinned}"
        for name, pinned, actual in rows
        if pinned and pinned not in (actual, actual.partition("+")[0])
    ]
    if off:
        raise InputError(
            f"this machine is not what the spec pins: {'; '.join(off)}",
            remedy="run it on the pinned machine or image, or change the spec's environment",
        )


def _version_of(name: str, package: str) -> str:
    return f"{name} {installed(package) if package else ''}".strip()


def _libc() -> str:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):  # another C library: musl, or a Mac's
        return ""


@cache
def _gpus() -> tuple[Gpu, ...]:
    command = shutil.which("nvidia-smi")
    if command is None:
        return ()
    query = [command, "--query-gpu=name,compute_cap", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=NVIDIA_SMI_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    rows = (line.rpartition(",") for line in done.stdout.splitlines()[:MAX_GPUS] if done.returncode == 0)
    return tuple(Gpu(name=name.strip(), compute_capability=capability.strip()) for name, _, capability in rows)


def _gpu_driver() -> str:
    try:
        return Path("/sys/module/nvidia/version").read_text(encoding="ascii").strip()
    except OSError:
        return ""


@dataclass(frozen=True)
class Stopwatch:
    """Measures time and memory of a run, from its creation on."""

    started: float
    cold_start_s: float

    @classmethod
    def start(cls) -> Stopwatch:
        """Start the clock."""
        return cls(time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME) - _process_start_s())

    def cost(self, *, gpu: bool) -> Cost:
        """Return the time and memory used since the start."""
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
