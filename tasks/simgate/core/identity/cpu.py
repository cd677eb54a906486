"""CPU: the instruction sets that numerical libraries choose their code by.

Where a library compiles for, or picks its code by, the machine it finds (LLVM behind a renderer, a BLAS), two CPUs may
round differently: bytes are equal only between machines whose `instruction_sets` are.
"""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

RELEVANT = (
    "sse4_2", "avx", "f16c", "fma", "avx2", "avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512_vnni",
    "avx512_bf16", "avx512_fp16", "amx_tile", "asimd", "asimdhp", "sve", "sve2",
)  # fmt: skip
"""Flags of Linux's /proc/cpuinfo, x86 and ARM."""


@cache
def instruction_sets() -> str:
    """Name this machine's architecture and its relevant instruction sets: `x86_64 avx avx2 f16c fma sse4_2`."""
    return " ".join((platform.machine(), *sorted(_flags() & set(RELEVANT))))


def _flags(path: Path = Path("/proc/cpuinfo")) -> set[str]:
    """Return flags of the first core; empty where the system does not say."""
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return set()
    named = (line.partition(":") for line in lines)
    return next((set(value.split()) for name, _, value in named if name.strip() in ("flags", "Features")), set())
