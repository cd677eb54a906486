"""Trace: what happened on the bench, instant by instant. `trace.json` keeps it; verdict and report are made of it."""

from __future__ import annotations

from typing import Literal

from simgate.core.documents.document import Document
from simgate.specs.hil import BenchKind


class Motion(Document):
    """A command at an instant of the replay."""

    at_ms: float
    """Since the monitor was armed for this drive."""
    speed_m_s: float
    yaw_rate_rad_s: float


class Asked(Document):
    """One frame that was sent to the device under test, with its answer."""

    sequence: int
    sent_ms: float
    lateness_ms: float
    """Delay of the sending against the plan: the bench's own doing."""
    expert: Motion
    latency_ms: float | None = None
    """From sent to answered; None: never answered."""
    spent_ms: float | None = None
    """By the device's own clock; None: never answered."""
    raw: Motion | None = None
    """The device's command; None: never answered, or not finite."""
    gated: Motion | None = None
    """The monitor's output for it; None: never answered."""


class Trip(Document):
    """One trip of the monitor."""

    at_ms: float
    kind: str
    measured: float
    limit: float
    bench_lag_ms: float
    """Longest time for which the bench itself had not run, since the last accepted command."""

    def __str__(self) -> str:
        return f"{self.kind} at {self.at_ms:.0f} ms"


class DriveTrace(Document):
    """One replayed drive."""

    scene: str
    episode: int
    frames: int
    """Number of the drive's frames; fewer asked means that the replay was cut short."""
    asked: tuple[Asked, ...]
    trips: tuple[Trip, ...]
    actuators: tuple[Motion, ...]
    """The actuators' command at every change: it starts at zero and, after a trip, stays at zero."""


class Trace(Document):
    """`trace.json`."""

    version: Literal[1] = 1
    bench: BenchKind
    """Said by the link that was opened; `emulated`: a process on the machine of the replay, no robot, no actuator."""
    device_fault: str | None
    """The fault by which the device ended the bench run; None: it lived to the end."""
    slow_start: bool = False
    """The device was not ready in time, and broke nothing: on a loaded machine an honest one does that."""
    started_ms: float
    """From the start of the device's process until it was loaded and warm."""
    drives: tuple[DriveTrace, ...]
