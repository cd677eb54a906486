"""The table: scripts of events with what the monitor must answer, at every boundary from both sides.

A script is checked against any module that looks like the monitor, so that the mutants run it too.
Times are milliseconds; ticks of the real clock are nanoseconds, and one of them decides at a boundary (`NS`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from simgate.safety.limits import Limits

LIMITS = Limits(
    speed_m_s=1.0,
    yaw_rate_rad_s=2.0,
    acceleration_m_s2=4.0,
    yaw_acceleration_rad_s2=8.0,
    command_deadline_ms=150.0,
    silence_limit_ms=600.0,
    missing_commands=1,
)
NS = 1e-6
"""One nanosecond, in milliseconds."""
BLOCKED, ARMED, TRIPPED = "blocked", "armed", "tripped"


@dataclass(frozen=True)
class Event:
    """One call: what, when, and for a command its content."""

    call: str
    at_ms: float
    sequence: int = 0
    stamp_ms: float = 0.0
    speed_m_s: float = 0.0
    yaw_rate_rad_s: float = 0.0


@dataclass(frozen=True)
class Answer:
    """What must come back: mode, output, and for a violation its kind, measured value and limit."""

    mode: str
    speed_m_s: float = 0.0
    yaw_rate_rad_s: float = 0.0
    kind: str = ""
    measured: float = 0.0
    limit: float = 0.0


Script = list[tuple[Event, Answer]]


def ns(at_ms: float) -> int:
    """Milliseconds to integer nanoseconds."""
    return round(at_ms * 1e6)


def arm(at_ms: float) -> Event:
    return Event("arm", at_ms)


def reset(at_ms: float) -> Event:
    return Event("reset", at_ms)


def tick(at_ms: float) -> Event:
    return Event("tick", at_ms)


def halt(at_ms: float) -> Event:
    return Event("halt", at_ms)


def command(
    at_ms: float, sequence: int, speed: float = 0.0, yaw: float = 0.0, *, stamp_ms: float | None = None
) -> Event:
    """A command whose input was taken 10 ms before it arrived, unless said otherwise."""
    return Event("step", at_ms, sequence, at_ms - 10 if stamp_ms is None else stamp_ms, speed, yaw)


def passes(speed: float = 0.0, yaw: float = 0.0) -> Answer:
    return Answer(ARMED, speed, yaw)


def trips(kind: str, measured: float, limit: float) -> Answer:
    return Answer(TRIPPED, 0.0, 0.0, kind, measured, limit)


ARM = (arm(0), Answer(ARMED))
FIRST = (command(200, 7, 0.5, 1.0), passes(0.5, 1.0))
"""An accepted command at 200 ms: sequence 7, stamp 190 ms."""
SECOND = (command(400, 8, 0.5, 1.0), passes(0.5, 1.0))
LATCHED = (tick(500), Answer(TRIPPED))

TABLE: dict[str, Script] = {
    "starts blocked: a good command gives zero": [(command(200, 1, 0.5), Answer(BLOCKED))],
    "blocked stays blocked however long it waits": [(tick(10), Answer(BLOCKED)), (tick(99_999), Answer(BLOCKED))],
    "blocked swallows even a bad command": [(command(200, 1, math.nan), Answer(BLOCKED)), (arm(300), Answer(ARMED))],
    "armed gives zero until the first command": [ARM, (tick(100), Answer(ARMED))],
    "a good command passes": [ARM, FIRST],
    "a tick holds the last command": [ARM, FIRST, (tick(300), passes(0.5, 1.0))],
    "arming again changes nothing, not even the watchdog": [
        ARM, FIRST, (arm(700), passes(0.5, 1.0)), (tick(800 + NS), trips("silent", 600 + NS, 600)),
    ],
    "arming cannot clear a trip": [ARM, (halt(1), trips("halt", 1, 0)), (arm(2), Answer(TRIPPED))],
    "a reset after a trip blocks; only arming lets commands through again": [
        ARM, FIRST, (halt(300), trips("halt", 1, 0)), (command(400, 8, 0.5), Answer(TRIPPED)),
        (reset(500), Answer(BLOCKED)), (command(600, 9, 0.5), Answer(BLOCKED)),
        (arm(700), Answer(ARMED)), (command(900, 10, 0.5), passes(0.5)),
    ],
    "a reset while armed blocks": [ARM, FIRST, (reset(300), Answer(BLOCKED)), (tick(310), Answer(BLOCKED))],
    "a reset forgets sequence, stamp and speed": [
        ARM, FIRST, (reset(300), Answer(BLOCKED)), (arm(400), Answer(ARMED)),
        (command(600, 3, 0.1), passes(0.1)),
    ],
    "a reset accepts a clock that went back, and holds to it": [
        ARM, (tick(500), Answer(ARMED)), (tick(100), trips("clock-backwards", -400, 0)), (reset(50), Answer(BLOCKED)),
        (tick(40), trips("clock-backwards", -10, 0)),
    ],
    "halt trips while blocked": [(halt(5), trips("halt", 1, 0)), (arm(6), Answer(TRIPPED))],
    "halt trips while armed": [ARM, FIRST, (halt(300), trips("halt", 1, 0)), LATCHED],
    "halt keeps an earlier trip": [ARM, (tick(601), trips("silent", 601, 600)), (halt(700), Answer(TRIPPED))],
    "a trip latches over good commands, ticks and arming": [
        ARM, FIRST, (command(400, 8, 1.5), trips("speed", 1.5, 1.0)), (command(600, 9, 0.5), Answer(TRIPPED)),
        (tick(700), Answer(TRIPPED)), (arm(800), Answer(TRIPPED)), (command(900, 10), Answer(TRIPPED)),
    ],
    "a clock that stands still is no fault": [ARM, (tick(0), Answer(ARMED)), FIRST, (tick(200), passes(0.5, 1.0))],
    "the clock goes back by 1 ns at a tick": [ARM, FIRST, (tick(200 - NS), trips("clock-backwards", -NS, 0)), LATCHED],
    "the clock goes back at a command": [ARM, FIRST, (command(199, 8, 0.5, 1.0), trips("clock-backwards", -1, 0))],
    "the clock goes back after a mere tick": [ARM, FIRST, (tick(300), passes(0.5, 1.0)),
        (tick(299), trips("clock-backwards", -1, 0))],
    "the clock goes back while blocked": [(tick(5), Answer(BLOCKED)), (tick(4), trips("clock-backwards", -1, 0))],
    "the clock goes back at arming": [(tick(5), Answer(BLOCKED)), (arm(4), trips("clock-backwards", -1, 0))],
    "the clock goes back at arming again": [ARM, FIRST, (arm(4), trips("clock-backwards", -196, 0))],
    "the clock goes back after a command while blocked": [
        (command(9, 1), Answer(BLOCKED)), (tick(8), trips("clock-backwards", -1, 0)),
    ],
    "after a trip the clock may do as it likes": [
        (arm(100), Answer(ARMED)), (tick(99), trips("clock-backwards", -1, 0)), (arm(98), Answer(TRIPPED)),
        (tick(97), Answer(TRIPPED)), (command(96, 1), Answer(TRIPPED)), (halt(95), Answer(TRIPPED)),
    ],
    "silence at its limit": [ARM, FIRST, (tick(800), passes(0.5, 1.0))],
    "silence beyond its limit by 1 ns": [ARM, FIRST, (tick(800 + NS), trips("silent", 600 + NS, 600)), LATCHED],
    "silence after arming, no command ever": [ARM, (tick(600), Answer(ARMED)), (tick(601), trips("silent", 601, 600))],
    "ticks do not feed the watchdog": [
        ARM, FIRST, (tick(500), passes(0.5, 1.0)), (tick(700), passes(0.5, 1.0)),
        (tick(801), trips("silent", 601, 600)),
    ],
    "a good command after an unnoticed silence": [ARM, FIRST, (command(801, 8, 0.5, 1.0), trips("silent", 601, 600))],
    "a command at the deadline": [ARM, (command(200, 1, stamp_ms=50), passes())],
    "a command late by 1 ns": [ARM, (command(200, 1, stamp_ms=50 - NS), trips("late", 150 + NS, 150)), LATCHED],
    "a command stamped now": [ARM, (command(200, 1, stamp_ms=200), passes())],
    "a command from the future by 1 ns": [ARM, (command(200, 1, stamp_ms=200 + NS), trips("future", -NS, 0))],
    "the same sequence number again": [ARM, FIRST, (command(400, 7, 0.5, 1.0), trips("repeated", 0, 1)), LATCHED],
    "a lower sequence number": [ARM, FIRST, (command(400, 6, 0.5, 1.0), trips("out-of-order", -1, 1)), LATCHED],
    "the next sequence number": [ARM, FIRST, SECOND],
    "one command missing, one allowed": [ARM, FIRST, (command(400, 9, 0.5, 1.0), passes(0.5, 1.0))],
    "two commands missing, one allowed": [ARM, FIRST, (command(400, 10, 0.5, 1.0), trips("missing", 2, 1)), LATCHED],
    "the first command may carry any number": [ARM, (command(200, 12345), passes())],
    "the first command may carry zero": [ARM, (command(200, 0), passes()), (command(400, 1), passes())],
    "an old stamp under a new number": [
        ARM, (command(100, 1, stamp_ms=90), passes()), (command(120, 2, stamp_ms=90), trips("stale", 0, 0)),
    ],
    "an older stamp under a new number": [
        ARM, (command(100, 1, stamp_ms=90), passes()), (command(120, 2, stamp_ms=89), trips("stale", -1, 0)),
    ],
    "a stamp that is newer by 1 ns": [
        ARM, (command(100, 1, stamp_ms=90), passes()), (command(120, 2, stamp_ms=90 + NS), passes()),
    ],
    "input taken at the instant of arming": [
        (arm(100), Answer(ARMED)), (command(110, 1, stamp_ms=100), trips("stale", 0, 0)),
    ],
    "input taken before arming": [(arm(100), Answer(ARMED)), (command(110, 1, stamp_ms=95), trips("stale", -5, 0))],
    "input taken after arming by 1 ns": [(arm(100), Answer(ARMED)), (command(110, 1, stamp_ms=100 + NS), passes())],
    "speed NaN": [ARM, (command(200, 1, math.nan), trips("not-finite", 1, 0)), LATCHED],
    "yaw rate NaN": [ARM, (command(200, 1, 0.0, math.nan), trips("not-finite", 1, 0)), LATCHED],
    "both NaN": [ARM, (command(200, 1, math.nan, math.nan), trips("not-finite", 2, 0)), LATCHED],
    "speed infinite": [ARM, (command(200, 1, math.inf), trips("not-finite", 1, 0)), LATCHED],
    "yaw rate minus infinite": [ARM, (command(200, 1, 0.0, -math.inf), trips("not-finite", 1, 0)), LATCHED],
    "speed at its limit": [ARM, (command(500, 1, 1.0), passes(1.0))],
    "speed at its limit backwards": [ARM, (command(500, 1, -1.0), passes(-1.0))],
    "speed beyond its limit": [ARM, (command(500, 1, 1.0000001), trips("speed", 1.0000001, 1)), LATCHED],
    "speed beyond its limit backwards": [ARM, (command(500, 1, -1.0000001), trips("speed", -1.0000001, 1)), LATCHED],
    "yaw rate at its limit": [ARM, (command(500, 1, 0.0, 2.0), passes(0.0, 2.0))],
    "yaw rate at its limit to the right": [ARM, (command(500, 1, 0.0, -2.0), passes(0.0, -2.0))],
    "yaw rate beyond its limit": [ARM, (command(500, 1, 0.0, 2.0000001), trips("yaw-rate", 2.0000001, 2)), LATCHED],
    "yaw rate beyond its limit to the right": [
        ARM, (command(500, 1, 0.0, -2.0000001), trips("yaw-rate", -2.0000001, 2)), LATCHED,
    ],
    "acceleration from rest at its limit": [ARM, (command(125, 1, 0.5), passes(0.5))],
    "acceleration from rest beyond it": [ARM, (command(125, 1, 0.5000001), trips("acceleration", 0.5000001, 0.5))],
    "acceleration beyond it backwards": [ARM, (command(125, 1, -0.5000001), trips("acceleration", 0.5000001, 0.5))],
    "acceleration counts from the last command, not from rest": [
        ARM, FIRST, (command(325, 8, 1.0, 1.0), passes(1.0, 1.0)),
    ],
    "braking counts too": [ARM, FIRST, (command(325, 8, -0.25, 1.0), trips("acceleration", 0.75, 0.5)), LATCHED],
    "acceleration counts from the last command, not from the last tick": [
        ARM, FIRST, (tick(320), passes(0.5, 1.0)), (command(325, 8, 1.0, 1.0), passes(1.0, 1.0)),
    ],
    "no time, no change": [
        ARM, FIRST, (command(200, 8, 0.50001, 1.0, stamp_ms=195), trips("acceleration", 0.00001, 0)),
    ],
    "no time, the same command": [ARM, FIRST, (command(200, 8, 0.5, 1.0, stamp_ms=195), passes(0.5, 1.0))],
    "yaw acceleration at its limit": [ARM, (command(125, 1, 0.0, -1.0), passes(0.0, -1.0))],
    "yaw acceleration beyond it": [ARM, (command(125, 1, 0.0, 1.0000001), trips("yaw-acceleration", 1.0000001, 1))],
    "yaw acceleration counts from the last command": [
        ARM, FIRST, (command(325, 8, 0.5, -0.25), trips("yaw-acceleration", 1.25, 1)), LATCHED,
    ],
    "silence before late": [ARM, (command(700, 1, stamp_ms=1), trips("silent", 700, 600))],
    "late before repeated": [ARM, FIRST, (command(400, 7, stamp_ms=1), trips("late", 399, 150))],
    "repeated before not finite": [ARM, FIRST, (command(400, 7, math.nan), trips("repeated", 0, 1))],
}  # fmt: skip


def check(monitor: ModuleType, script: Script, limits: Limits = LIMITS) -> None:
    """Raise AssertionError where `monitor` answers otherwise than the script says."""
    state = monitor.State()
    for number, (event, want) in enumerate(script):
        state, output, violation = call(monitor, state, event, limits)
        where = f"event {number}: {event}"
        assert state.mode.value == want.mode, where
        assert (output.speed_m_s, output.yaw_rate_rad_s) == (want.speed_m_s, want.yaw_rate_rad_s), where
        assert (violation is None) == (want.kind == ""), where
        if violation is not None:
            assert violation.kind.value == want.kind, where
            assert violation.at_ns == ns(event.at_ms), where
            assert math.isclose(violation.measured, want.measured, rel_tol=1e-9, abs_tol=1e-12), (where, violation)
            assert math.isclose(violation.limit, want.limit, rel_tol=1e-9, abs_tol=1e-12), (where, violation)
            assert state.trip == violation, where
        assert (state.trip is not None) == (want.mode == TRIPPED), where


def check_tampered(monitor: ModuleType) -> None:
    """Raise AssertionError where a state that claims motion outside ARMED gets any through."""
    moving = monitor.SafeCommand(0.5, 0.5)
    for mode in (monitor.Mode.BLOCKED, monitor.Mode.TRIPPED):
        for event in (arm(5), tick(5), command(15, 1, 0.5, 0.5), halt(5)):
            _, output, _ = call(monitor, monitor.State(mode=mode, output=moving), event, LIMITS)
            assert output == monitor.STOP, (mode, event)


def call(monitor: ModuleType, state: Any, event: Event, limits: Limits) -> Any:
    """Make one call of the monitor."""
    now_ns = ns(event.at_ms)
    if event.call == "step":
        sample = monitor.CommandSample(event.sequence, ns(event.stamp_ms), event.speed_m_s, event.yaw_rate_rad_s)
        return monitor.step(state, sample, limits, now_ns=now_ns)
    if event.call == "tick":
        return monitor.tick(state, limits, now_ns=now_ns)
    if event.call == "reset":
        return monitor.reset(now_ns=now_ns)
    return getattr(monitor, event.call)(state, now_ns=now_ns)
