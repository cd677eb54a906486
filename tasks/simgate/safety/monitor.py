"""The monitor in the command path: what leaves it is inside the envelope or zero, and zero until an operator says so.

Five pure functions over one frozen State; the clock is an argument (`now_ns`, monotonic, nanoseconds; integers of 64
bits), so that a bench, a replay of a log and a test run the same code:

    arm    an operator lets commands through; the only way out of BLOCKED
    reset  an operator acknowledges a trip; back to BLOCKED, never straight to motion
    step   one command arrived
    tick   time passed without one
    halt   something outside saw a fault (dead device, broken frame, emergency stop)

That a reset only allows a later, separate start is the rule of ISO 13849-1 for a manual reset. The communication errors
are those that IEC 61784-3 lists (repetition, incorrect sequence, loss, delay, corruption). The safe state is a zero
command with power left on, which is a stop category 2 in the words of IEC 60204-1. No category or performance level is
claimed: this is one software channel on a general-purpose computer.

Comparisons are written to fail closed: `if not value <= limit`, so that NaN trips.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum

from simgate.safety.limits import Limits

NS_PER_MS = 1e6
NS_PER_S = 1e9


class Mode(Enum):
    """Where the monitor stands; only ARMED lets a command through."""

    BLOCKED = "blocked"
    ARMED = "armed"
    TRIPPED = "tripped"


class Kind(Enum):
    """What was wrong with a command, or with its absence."""

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
    ACCELERATION = "acceleration"
    YAW_ACCELERATION = "yaw-acceleration"
    HALT = "halt"


@dataclass(frozen=True, slots=True)
class CommandSample:
    """One command as it arrived, before anyone believed it."""

    sequence: int
    """Counts up by one a command."""
    stamp_ns: int
    """When the input that the command rests on was taken, on the monitor's clock."""
    speed_m_s: float
    yaw_rate_rad_s: float


@dataclass(frozen=True, slots=True)
class SafeCommand:
    """What may go to the actuators: inside the envelope, or zero."""

    speed_m_s: float
    yaw_rate_rad_s: float


STOP = SafeCommand(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Violation:
    """Why the monitor tripped."""

    kind: Kind
    at_ns: int
    measured: float
    """Milliseconds, m/s, rad/s or a count; for the two accelerations the change since the last command (m/s, rad/s)."""
    limit: float
    """What it was held against, in the same unit."""


@dataclass(frozen=True, slots=True)
class State:
    """Everything that the monitor remembers. `State()` is how it starts: BLOCKED."""

    mode: Mode = Mode.BLOCKED
    clock_ns: int | None = None
    """Latest clock seen; None before the first call, and while TRIPPED."""
    heard_ns: int = 0
    """When the last command was accepted, or the operator armed."""
    stamp_ns: int = 0
    """Stamp of the last accepted command, or when the operator armed."""
    sequence: int | None = None
    """Sequence number of the last accepted command; None right after arming."""
    output: SafeCommand = STOP
    """What leaves the monitor."""
    trip: Violation | None = None
    """The violation that latched; None unless TRIPPED."""


Outcome = tuple[State, SafeCommand, Violation | None]


def arm(state: State, *, now_ns: int) -> Outcome:
    """Let commands through from now on: an operator's act. Does nothing unless BLOCKED, so it cannot clear a trip."""
    if state.mode is Mode.TRIPPED:
        return state, STOP, None
    violation = _clock(state, now_ns)
    if violation is not None:
        return _trip(violation)
    if state.mode is not Mode.BLOCKED:
        return state, state.output, None
    # From here the base counts as standing still, and input taken before this instant counts as stale.
    return State(Mode.ARMED, clock_ns=now_ns, heard_ns=now_ns, stamp_ns=now_ns), STOP, None


def reset(*, now_ns: int) -> Outcome:
    """Back to BLOCKED from anywhere, with nothing remembered: an operator's act, which starts no motion by itself."""
    return State(clock_ns=now_ns), STOP, None


def step(state: State, sample: CommandSample, limits: Limits, *, now_ns: int) -> Outcome:
    """Pass one command on, or trip: a violation gives the zero command in this very step, and latches."""
    state, _, violation = tick(state, limits, now_ns=now_ns)
    if state.mode is not Mode.ARMED:
        return state, STOP, violation
    violation = (
        _timing(sample, limits, now_ns)
        or _order(state, sample, limits, now_ns)
        or _envelope(sample, limits, now_ns)
        or _change(state, sample, limits, now_ns)
    )
    if violation is not None:
        return _trip(violation)
    accepted = SafeCommand(sample.speed_m_s, sample.yaw_rate_rad_s)
    return State(Mode.ARMED, now_ns, now_ns, sample.stamp_ns, sample.sequence, accepted), accepted, None


def tick(state: State, limits: Limits, *, now_ns: int) -> Outcome:
    """Note that time passed: the last command stays in force until the silence limit, then the monitor trips."""
    if state.mode is Mode.TRIPPED:
        return state, STOP, None
    violation = _clock(state, now_ns)
    if violation is not None:
        return _trip(violation)
    if state.mode is not Mode.ARMED:
        return replace(state, clock_ns=now_ns), STOP, None
    violation = _silence(state, limits, now_ns)
    if violation is not None:
        return _trip(violation)
    return replace(state, clock_ns=now_ns), state.output, None


def halt(state: State, *, now_ns: int) -> Outcome:
    """Trip on the word of something outside; an earlier trip stays the one on record."""
    if state.mode is Mode.TRIPPED:
        return state, STOP, None
    return _trip(Violation(Kind.HALT, now_ns, 1.0, 0.0))


def _trip(violation: Violation) -> Outcome:
    return State(Mode.TRIPPED, trip=violation), STOP, violation


def _clock(state: State, now_ns: int) -> Violation | None:
    if state.clock_ns is None or now_ns >= state.clock_ns:
        return None
    return Violation(Kind.CLOCK_BACKWARDS, now_ns, (now_ns - state.clock_ns) / NS_PER_MS, 0.0)


def _silence(state: State, limits: Limits, now_ns: int) -> Violation | None:
    silent_ms = (now_ns - state.heard_ns) / NS_PER_MS
    if not silent_ms <= limits.silence_limit_ms:
        return Violation(Kind.SILENT, now_ns, silent_ms, limits.silence_limit_ms)
    return None


def _timing(sample: CommandSample, limits: Limits, now_ns: int) -> Violation | None:
    age_ms = (now_ns - sample.stamp_ns) / NS_PER_MS
    if not age_ms >= 0.0:
        return Violation(Kind.FUTURE, now_ns, age_ms, 0.0)
    if not age_ms <= limits.command_deadline_ms:
        return Violation(Kind.LATE, now_ns, age_ms, limits.command_deadline_ms)
    return None


def _order(state: State, sample: CommandSample, limits: Limits, now_ns: int) -> Violation | None:
    # The first command after arming may carry any number; its stamp is still held against the instant of arming.
    ahead = 1 if state.sequence is None else sample.sequence - state.sequence
    if not ahead > 0:
        kind = Kind.REPEATED if ahead == 0 else Kind.OUT_OF_ORDER
        return Violation(kind, now_ns, float(ahead), 1.0)
    if not sample.stamp_ns > state.stamp_ns:
        return Violation(Kind.STALE, now_ns, (sample.stamp_ns - state.stamp_ns) / NS_PER_MS, 0.0)
    if not ahead <= limits.missing_commands + 1:
        return Violation(Kind.MISSING, now_ns, float(ahead - 1), float(limits.missing_commands))
    return None


def _envelope(sample: CommandSample, limits: Limits, now_ns: int) -> Violation | None:
    not_finite = [math.isfinite(sample.speed_m_s), math.isfinite(sample.yaw_rate_rad_s)].count(False)
    if not_finite:
        return Violation(Kind.NOT_FINITE, now_ns, float(not_finite), 0.0)
    if not abs(sample.speed_m_s) <= limits.speed_m_s:
        return Violation(Kind.SPEED, now_ns, sample.speed_m_s, limits.speed_m_s)
    if not abs(sample.yaw_rate_rad_s) <= limits.yaw_rate_rad_s:
        return Violation(Kind.YAW_RATE, now_ns, sample.yaw_rate_rad_s, limits.yaw_rate_rad_s)
    return None


def _change(state: State, sample: CommandSample, limits: Limits, now_ns: int) -> Violation | None:
    # Elapsed on the monitor's own clock: a stamp is the device's word. Multiplied, not divided: no time, no change.
    elapsed_s = (now_ns - state.heard_ns) / NS_PER_S
    speed_m_s = abs(sample.speed_m_s - state.output.speed_m_s)
    if not speed_m_s <= limits.acceleration_m_s2 * elapsed_s:
        return Violation(Kind.ACCELERATION, now_ns, speed_m_s, limits.acceleration_m_s2 * elapsed_s)
    yaw_rate_rad_s = abs(sample.yaw_rate_rad_s - state.output.yaw_rate_rad_s)
    if not yaw_rate_rad_s <= limits.yaw_acceleration_rad_s2 * elapsed_s:
        return Violation(Kind.YAW_ACCELERATION, now_ns, yaw_rate_rad_s, limits.yaw_acceleration_rad_s2 * elapsed_s)
    return None
