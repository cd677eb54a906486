"""HilSpec: replay recorded drives to the engine in real time, every command through the safety monitor."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from simgate.core.document import Document
from simgate.core.spec import Spec
from simgate.core.strictness import EQUAL, higher, lower


class SafetyLimits(Document):
    """Envelope of the actuator commands; see simgate/safety/limits.py for the standards behind the numbers."""

    speed_m_s: Annotated[float, Field(gt=0), lower()] = 1.0
    yaw_rate_rad_s: Annotated[float, Field(gt=0), lower()] = 2.0
    acceleration_m_s2: Annotated[float, Field(gt=0), lower()] = 6.0
    yaw_acceleration_rad_s2: Annotated[float, Field(gt=0), lower()] = 20.0
    command_deadline_ms: Annotated[float, Field(gt=0), lower("latency_p99_ms")] = 150.0
    """A command older than this when it reaches the monitor is late."""
    silence_limit_ms: Annotated[float, Field(gt=0), lower()] = 600.0
    """No command for this long trips."""


class HilSpec(Spec):
    """Supervised replay of `bags` bags of the eval split on one bench."""

    zero_metrics: ClassVar[tuple[str, ...]] = ("faults",)

    bench: Annotated[Literal["emulated", "device"], EQUAL]
    """`emulated`: the engine runs in its own process on this machine; a real channel's policy refuses it."""
    engine: Annotated[Literal["onnxruntime-cpu", "onnxruntime-cuda", "tensorrt"], EQUAL]
    bags: Annotated[int, Field(ge=1, le=10_000), higher("bags")] = 2
    max_duration_s: Annotated[float, Field(gt=0, le=86_400), higher()] = 5.0
    """Each bag is replayed for at most this long."""
    rate: Annotated[float, Field(gt=0, le=10), EQUAL] = 1.0
    """Replay speed, 1 is real time: slower gives the device more time, faster is another load than the robot's."""
    max_pacing_jitter_ms: Annotated[float, Field(gt=0), lower("pacing_p95_ms")] = 50.0
    """p95 of how late a sample was sent; beyond it the replay was starved and is INVALID."""
    max_trips: Annotated[int, Field(ge=0), lower("safety_trips")] = 0
    """Safety trips that still pass."""
    max_command_error: Annotated[float, Field(gt=0), lower("command_error")] = 1.0
    """Largest mean error against the recorded expert commands, each axis as a share of its limit."""
    limits: SafetyLimits = SafetyLimits()


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


class HilResult(Document):
    """`hil.json`."""

    version: Literal[1] = 1
    bench: Literal["emulated", "device"]
    bags: tuple[BagResult, ...]
