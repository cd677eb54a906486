"""HilSpec: replay recorded drives to the engine in real time, every command through the safety monitor."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from simgate.core.documents.document import Document
from simgate.core.documents.stage_spec import Spec
from simgate.core.documents.strictness import EQUAL, higher, lower
from simgate.rows.engines import ENGINES
from simgate.rows.families import FAMILIES
from simgate.rows.names import names
from simgate.safety.limits import Limits

Positive = Annotated[float, Field(gt=0)]
BenchKind = Literal["emulated", "device"]
"""`emulated`: a process stands in for the device; a real channel's policy refuses it."""


class SafetyLimits(Document):
    """Envelope of the actuator commands; simgate/safety/limits.py says where each number and its ceiling come from."""

    speed_m_s: Annotated[Positive, lower()] = 1.0
    yaw_rate_rad_s: Annotated[Positive, lower()] = 2.0
    acceleration_m_s2: Annotated[Positive, lower()] = 4.5
    yaw_acceleration_rad_s2: Annotated[Positive, lower()] = 12.0
    jerk_m_s3: Annotated[Positive, lower()] = 30.0
    yaw_jerk_rad_s3: Annotated[Positive, lower()] = 100.0
    lateral_acceleration_m_s2: Annotated[Positive, lower()] = 0.8
    """Largest |speed · turn rate|."""
    command_period_ms: Annotated[Positive, lower()] = 200.0
    """A change is credited with at most this much time."""
    command_deadline_ms: Annotated[Positive, lower("latency_p99_ms")] = 150.0
    """A command older than this when it reaches the monitor is late."""
    silence_limit_ms: Annotated[Positive, lower()] = 600.0
    """No command for this long trips."""
    frozen_limit_ms: Annotated[Positive, lower()] = 3000.0
    """An output that stays the same for longer, while its input changes, trips."""
    tick_period_ms: Annotated[Positive, lower()] = 10.0
    """The monitor is told the time at least this often."""
    braking_m_s2: Annotated[Positive, EQUAL] = 2.5
    """The base's own; only the stopping distance is computed from it."""
    yaw_braking_rad_s2: Annotated[Positive, EQUAL] = 12.0
    """The base's own, as above."""
    lag_ms: Annotated[Positive, EQUAL] = 120.0
    """Time until the base begins to follow; its own, as above."""
    missing_commands: Annotated[int, Field(ge=0), lower()] = 0
    """Number of sequence numbers that may be skipped between two commands."""

    @model_validator(mode="after")
    def _envelope_exists(self) -> SafetyLimits:
        self.envelope()
        return self

    def envelope(self) -> Limits:
        """Return the monitor's limits; ValueError where they exceed a ceiling or contradict each other."""
        return Limits(**self.model_dump())


class HilSpec(Spec):
    """Supervised replay of `bags` bags of the eval split on one bench."""

    zero_metrics: ClassVar[tuple[str, ...]] = ("faults",)

    bench: Annotated[BenchKind, EQUAL]
    """Bench that is asked for; the link that is opened says which one it is, and another one is refused."""
    family: Annotated[str, names(FAMILIES), EQUAL]
    """Kind of model that it replays to: an engine of another one is refused."""
    target: Annotated[str, names(ENGINES), EQUAL]
    """Target that the engine was built for: another one is refused."""
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
    max_worst_motion_ms: Annotated[Positive, lower("worst_motion_ms")] = 800.0
    """Longest time from the last input to the zero command that the limits may allow; `simgate safety` prints it."""
    max_worst_motion_m: Annotated[Positive, lower("worst_motion_m")] = 0.8
    """Farthest that the base may be told to drive in that time."""
    max_worst_motion_rad: Annotated[Positive, lower("worst_motion_rad")] = 1.6
    """Farthest that it may be told to turn."""
    limits: SafetyLimits = SafetyLimits()
