"""State: what the monitor knows: commands, violations, and everything that it remembers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum


class Mode(Enum):
    """The monitor's mode; only ARMED lets a command through."""

    BLOCKED = "blocked"
    ARMED = "armed"
    TRIPPED = "tripped"


class Kind(Enum):
    """The fault of a command, or of its absence."""

    ILL_TYPED = "ill-typed"
    OUT_OF_RANGE = "out-of-range"
    CLOCK_BACKWARDS = "clock-backwards"
    SILENT = "silent"
    FUTURE = "future"
    LATE = "late"
    STALE = "stale"
    REPEATED = "repeated"
    OUT_OF_ORDER = "out-of-order"
    MISSING = "missing"
    NOT_FINITE = "not-finite"
    SPEED = "speed"
    YAW_RATE = "yaw-rate"
    LATERAL = "lateral-acceleration"
    ACCELERATION = "acceleration"
    YAW_ACCELERATION = "yaw-acceleration"
    JERK = "jerk"
    YAW_JERK = "yaw-jerk"
    FROZEN = "frozen"
    HALT = "halt"


class Cause(Enum):
    """The reason of a halt from outside."""

    EMERGENCY_STOP = "emergency-stop"
    DEAD_DEVICE = "dead-device"
    BROKEN_FRAME = "broken-frame"
    UNKNOWN = "unknown"
    """Any other cause, as the caller gave it."""


@dataclass(frozen=True, slots=True)
class CommandSample:
    """A command as it arrived, unchecked. It may hold anything; a value of another type trips."""

    sequence: int
    """Counts up by one a command."""
    stamp_ns: int
    """Time of the input that the command rests on, on the monitor's clock."""
    input_id: int
    """A number that is another one when that input is another one, e.g. the first 8 bytes of a digest over it. It comes
    from whoever took the input, not from the device."""
    speed_m_s: float
    yaw_rate_rad_s: float


@dataclass(frozen=True, slots=True)
class SafeCommand:
    """A command for the actuators: inside the envelope, or zero."""

    speed_m_s: float
    yaw_rate_rad_s: float


STOP = SafeCommand(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Violation:
    """The rule that tripped the monitor, with measurement and limit."""

    kind: Kind
    at_ns: int
    """Now; where the clock itself is ill-typed or out of range, the latest good clock, or 0."""
    measured: float
    """Milliseconds, m/s, rad/s, m/s² or a count; for the two accelerations the change since the last command (m/s,
    rad/s), for the two jerks the change of the acceleration (m/s², rad/s²)."""
    limit: float
    """The limit that it was compared with, in the same unit."""


@dataclass(frozen=True, slots=True)
class Change:
    """The change that an accepted command made: accelerations, and the time that they were taken over."""

    acceleration_m_s2: float
    yaw_acceleration_rad_s2: float
    span_s: float


REST = Change(0.0, 0.0, math.inf)
"""Standing still, for as long as you like."""


@dataclass(frozen=True, slots=True)
class State:
    """The memory of the rules. `State()` is the start: BLOCKED."""

    mode: Mode = Mode.BLOCKED
    clock_ns: int | None = None
    """Latest clock seen; None before the first call, and while TRIPPED."""
    heard_ns: int = 0
    """Time when the last command was accepted, or the operator armed."""
    stamp_ns: int = 0
    """Stamp of the last accepted command, or when the operator armed."""
    sequence: int | None = None
    """Sequence number of the last accepted command; None right after arming."""
    output: SafeCommand = STOP
    """The monitor's output."""
    change: Change = REST
    """The accelerations of the last change of the output."""
    input_id: int | None = None
    """Input of the last accepted command; None right after arming."""
    input_changed: bool = False
    """Whether the input has changed since the output became what it is."""
    still_ns: int = 0
    """Time of the last accepted command before the input changed under the present output."""
    trip: Violation | None = None
    """The violation that latched; None unless TRIPPED."""
    causes: frozenset[Cause] = frozenset()
    """Causes of halts that persist; no reset while there is one."""


Outcome = tuple[State, SafeCommand, Violation | None]
"""A rule's result: the state that follows, the actuators' command, and the violation that tripped in this call."""
