"""HilResult: what the bench saw, bag by bag."""

from __future__ import annotations

from typing import Literal

from simgate.core.documents.document import Document
from simgate.specs.hil import BenchKind, SafetyLimits


class BagResult(Document):
    """One replayed bag."""

    episode: int
    scene: str
    samples: int
    commands: int
    trips: tuple[str, ...]
    """Violations, in order, as `kind at <stamp> ms`."""
    latency_p50_ms: float
    latency_p99_ms: float
    pacing_p95_ms: float
    command_error: float


class WorstCase(Document):
    """The worst-case motion after the last input, under the limits that were in force; see simgate/safety/motion.py."""

    time_ms: float
    """Until the zero command."""
    distance_m: float
    angle_rad: float
    stop_distance_m: float
    """Until the base stands, by its declared lag and braking."""
    stop_angle_rad: float


class HilResult(Document):
    """`hil.json`."""

    version: Literal[2] = 2
    bench: BenchKind
    """Said by the link that was opened."""
    limits: SafetyLimits
    """Every limit that was in force."""
    worst_case: WorstCase
    bags: tuple[BagResult, ...]
