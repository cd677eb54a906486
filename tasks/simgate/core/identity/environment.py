"""Environment: what a run found on its machine; evidence, never part of a key."""

from __future__ import annotations

import os
import platform
import re
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from simgate.core.documents.document import Document
from simgate.core.documents.spec import EnvironmentPins
from simgate.core.errors import InputError
from simgate.core.identity.key import simulator_of
from simgate.core.identity.lock import installed, locked

NVIDIA_SMI_TIMEOUT_S = 20.0
MAX_GPUS = 64
SIMULATOR_PACKAGES = {"isaac": "isaacsim"}
"""Package that a simulator is, where its name is another."""


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
    """Version of the CUDA runtime by library: `torch` where the lock slice has it, `warp` where the run used it."""
    gpus: tuple[Gpu, ...] = ()
    """GPUs that the driver shows this process."""
    simulator: str = ""
    """Name and version of the simulator that the spec names, or empty."""


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

    version: Literal[1, 2] = 1
    """Version 1 did not say so."""
    environment: Environment
    cost: Cost


def environment(extra: str, spec: Mapping[str, Any]) -> Environment:
    """What this process runs on, and the simulator that `spec` names."""
    return Environment(
        host=socket.gethostname(),
        system=platform.platform(),
        python=platform.python_version(),
        cpu_count=os.cpu_count() or 0,
        gpu_driver=_gpu_driver(),
        image=os.environ.get("SIMGATE_IMAGE", ""),
        packages={name: installed(name) for name in locked(extra)},
        kernel=platform.release(),
        libc=_libc(),
        cuda=_cuda(extra),
        gpus=_gpus(),
        simulator=_simulator(spec),
    )


def check_pins(pins: EnvironmentPins, found: Environment) -> None:
    """Refuse to work where something is not as pinned; one error lists every difference."""
    cuda = found.cuda.get("torch", "")
    rows = [(name, getattr(pins, name), getattr(found, name)) for name in ("gpu_driver", "image", "simulator")]
    rows.append(("cuda", pins.cuda, cuda))
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


def _simulator(spec: Mapping[str, Any]) -> str:
    name = simulator_of(spec)
    version = installed(SIMULATOR_PACKAGES.get(name, name)) if name else ""
    return f"{name} {version}".strip()


def _libc() -> str:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):  # another C library: musl, or a Mac's
        return ""


def _cuda(extra: str) -> dict[str, str]:
    found = {"torch": _cuda_of_torch() if "torch" in locked(extra) else "", "warp": _cuda_of_warp()}
    return {name: version for name, version in found.items() if version}


@cache
def _cuda_of_torch() -> str:
    """Read, not imported: PyTorch takes seconds to load, and this runs before the work begins."""
    try:
        path = Path(str(metadata.distribution("torch").locate_file("torch/version.py")))
        text = path.read_text(encoding="utf-8")
    except (metadata.PackageNotFoundError, OSError):
        return ""
    match = re.search(r"^cuda\b[^=\n]*= *'([^']+)'", text, re.MULTILINE)
    return match.group(1) if match else ""


def _cuda_of_warp() -> str:
    """Known once the run has started Warp; its library says it, nothing else does."""
    runtime = getattr(sys.modules.get("warp._src.context"), "runtime", None)
    version = getattr(runtime, "toolkit_version", None) or ()
    return ".".join(str(part) for part in version)


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
