"""Traces: scripts of events with what the monitor must answer, and how they are played and checked.

A script is played to the rules or to their owner, as they are or as a mutant has them. Times are milliseconds; ticks of
the real clock are nanoseconds, and one of them decides at a boundary (`NS`). The limits are neither the defaults nor
multiples of each other, so that a mistaken one shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Thread
from types import ModuleType
from typing import Any, Protocol

from simgate.safety import envelope, monitor, owner, state
from simgate.safety.limits import Limits

LIMITS = Limits(
    speed_m_s=1.3,
    yaw_rate_rad_s=1.7,
    acceleration_m_s2=3.7,
    yaw_acceleration_rad_s2=8.3,
    jerk_m_s3=23.0,
    yaw_jerk_rad_s3=59.0,
    lateral_acceleration_m_s2=1.1,
    command_period_ms=170.0,
    command_deadline_ms=137.0,
    silence_limit_ms=611.0,
    frozen_limit_ms=1490.0,
    tick_period_ms=7.0,
    braking_m_s2=2.9,
    yaw_braking_rad_s2=5.3,
    lag_ms=113.0,
    missing_commands=2,
)
WIDE = replace(
    LIMITS,
    acceleration_m_s2=9.7,
    yaw_acceleration_rad_s2=89.0,
    jerk_m_s3=971.0,
    yaw_jerk_rad_s3=8999.0,
    lateral_acceleration_m_s2=9.1,
)
"""Lets the base jump to any speed within a period."""
SMOOTH = replace(LIMITS, acceleration_m_s2=9.7, yaw_acceleration_rad_s2=89.0)
"""The jerks alone hold it."""
PATIENT = replace(WIDE, silence_limit_ms=4391.0, frozen_limit_ms=4783.0)
"""Its silence and its freeze are longer than 2³² ns (4,294.97 ms)."""
EXACT = replace(WIDE, command_period_ms=250.0, missing_commands=1, jerk_m_s3=16.0, yaw_jerk_rad_s3=24.0)
"""Its products are exact in binary."""
NS = 1e-6
"""One nanosecond, in milliseconds."""
WRAP_MS = 2**32 * NS
MAX_COUNT, MAX_NS = 2**64 - 1, 2**63 - 1
BLOCKED, ARMED, TRIPPED = "blocked", "armed", "tripped"


@dataclass(frozen=True)
class Event:
    """One call: what, when, under which limits, and for a command its content. Anything may be in it."""

    call: str
    now_ns: Any
    sequence: Any = 0
    stamp_ns: Any = 0
    input_id: Any = 0
    speed_m_s: Any = 0.0
    yaw_rate_rad_s: Any = 0.0
    cause: Any = "emergency-stop"
    limits: Limits = LIMITS
    sample: Any = None
    """Given in place of a sample, where it is not None."""


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


@dataclass(frozen=True)
class Parts:
    """The modules that are played, the real ones or some that a mutant was made of."""

    state: ModuleType = state
    envelope: ModuleType = envelope
    monitor: ModuleType = monitor
    owner: ModuleType = owner


class Player(Protocol):
    """Something that events are played to."""

    @property
    def mode(self) -> str: ...

    @property
    def trip(self) -> Any: ...

    def take(self, event: Event) -> Any: ...


class Rules:
    """The pure rules; the state is kept here."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.state = parts.state.State()

    @property
    def mode(self) -> str:
        return str(self.state.mode.value)

    @property
    def trip(self) -> Any:
        return self.state.trip

    def take(self, event: Event) -> Any:
        """Make one call: (output, violation)."""
        rules, now_ns, before = self._parts.monitor, event.now_ns, self.state
        match event.call:
            case "step":
                outcome = rules.step(before, sample_of(self._parts, event), event.limits, now_ns=now_ns)
            case "halt":
                outcome = rules.halt(before, cause_of(self._parts, event), now_ns=now_ns)
            case "clear":
                cleared = rules.clear(before, cause_of(self._parts, event))
                outcome = cleared, (cleared.output if cleared.mode.value == ARMED else self._parts.state.STOP), None
            case "reset":
                outcome = rules.reset(before, now_ns=now_ns)
            case call:
                outcome = getattr(rules, call)(before, event.limits, now_ns=now_ns)
        self.state, output, violation = outcome
        return output, violation


class Owned:
    """The owner of the rules."""

    def __init__(self, parts: Parts, limits: Limits = LIMITS) -> None:
        self._parts = parts
        self._output = parts.state.STOP
        self.monitor = parts.owner.Monitor(limits)

    @property
    def mode(self) -> str:
        return str(self.monitor.mode.value)

    @property
    def trip(self) -> Any:
        return self.monitor.trip

    def take(self, event: Event) -> Any:
        """Make one call, after one that brings other limits where the event has others: (output, violation)."""
        first = None
        if event.call in ("arm", "step", "tick") and event.limits != self.monitor.limits:
            _, first = self.monitor.limit(event.limits, now_ns=event.now_ns)
        match event.call:
            case "step":
                ruling = self.monitor.step(sample_of(self._parts, event), now_ns=event.now_ns)
            case "halt":
                ruling = self.monitor.halt(cause_of(self._parts, event), now_ns=event.now_ns)
            case "clear":
                assert self.monitor.clear(cause_of(self._parts, event)) is None
                return self._output, None
            case call:
                ruling = getattr(self.monitor, call)(now_ns=event.now_ns)
        self._output = ruling.output
        return ruling.output, first or ruling.violation


def sample_of(parts: Parts, event: Event) -> Any:
    """The command of an event."""
    if event.sample is not None:
        return event.sample
    return parts.state.CommandSample(
        event.sequence, event.stamp_ns, event.input_id, event.speed_m_s, event.yaw_rate_rad_s
    )


def cause_of(parts: Parts, event: Event) -> Any:
    """The cause that an event names, or whatever else it has as one."""
    known = {cause.value: cause for cause in parts.state.Cause}
    return known.get(event.cause, event.cause) if type(event.cause) is str else event.cause


def ns(at_ms: float) -> int:
    """Milliseconds to integer nanoseconds."""
    return round(at_ms * 1e6)


def arm(at_ms: float, limits: Limits = LIMITS) -> Event:
    return Event("arm", ns(at_ms), limits=limits)


def reset(at_ms: float) -> Event:
    return Event("reset", ns(at_ms))


def tick(at_ms: float, limits: Limits = LIMITS) -> Event:
    return Event("tick", ns(at_ms), limits=limits)


def halt(at_ms: float, cause: Any = "emergency-stop") -> Event:
    return Event("halt", ns(at_ms), cause=cause)


def clear(cause: Any = "emergency-stop") -> Event:
    return Event("clear", 0, cause=cause)


def command(
    at_ms: float,
    sequence: Any,
    speed: Any = 0.0,
    yaw: Any = 0.0,
    *,
    stamp_ms: float | None = None,
    input_id: Any = None,
    limits: Limits = LIMITS,
) -> Event:
    """A command whose input was taken 10 ms before it arrived and is unlike any other, unless said otherwise."""
    stamp_ns = ns(at_ms - 10 if stamp_ms is None else stamp_ms)
    seen = abs(ns(at_ms)) if input_id is None else input_id
    return Event("step", ns(at_ms), sequence, stamp_ns, seen, speed, yaw, limits=limits)


def passes(speed: float = 0.0, yaw: float = 0.0) -> Answer:
    return Answer(ARMED, speed, yaw)


def trips(kind: str, measured: float, limit: float) -> Answer:
    return Answer(TRIPPED, 0.0, 0.0, kind, measured, limit)


def under(limits: Limits, script: Script) -> Script:
    """The script under other limits."""
    return [(replace(event, limits=limits), answer) for event, answer in script]


def clocked(event: Event, now_ns: Any) -> Event:
    """The event with something else as its clock."""
    return replace(event, now_ns=now_ns)


def check_claims(parts: Parts) -> None:
    """Raise AssertionError where a state that claims motion without being armed gets any, or is armed over a cause."""
    made, rules = parts.state, parts.monitor
    moving, cause = made.SafeCommand(0.5, 0.5), made.Cause.DEAD_DEVICE
    sample = made.CommandSample(1, ns(190), 1, 0.5, 0.5)
    modes = (made.Mode.BLOCKED, made.Mode.TRIPPED)
    for claimed in (made.State(mode=mode, output=moving, causes=raised) for mode in modes for raised in ((), {cause})):
        outcomes = [
            rules.arm(claimed, LIMITS, now_ns=5),
            rules.tick(claimed, LIMITS, now_ns=5),
            rules.step(claimed, sample, LIMITS, now_ns=ns(200)),
            rules.halt(replace(claimed, causes=frozenset()), cause, now_ns=5),
            rules.reset(claimed, now_ns=5),
            rules.reset(claimed, now_ns=None),
        ]
        assert [output for _, output, _ in outcomes] == [made.STOP] * len(outcomes), claimed
    blocked, _, _ = rules.arm(made.State(causes=frozenset({cause})), LIMITS, now_ns=5)
    assert rules.step(blocked, sample, LIMITS, now_ns=ns(200))[1] == made.STOP


def check(player: Player, script: Script, *, modes: bool = True, record: bool = True) -> None:
    """Raise AssertionError where the player answers otherwise than the script says.

    Without `modes` and `record` only what leaves the monitor is looked at: outputs and violations.
    """
    for number, (event, want) in enumerate(script):
        output, violation = player.take(event)
        where = f"event {number}: {event}: {output}, {violation}"
        assert (output.speed_m_s, output.yaw_rate_rad_s) == (want.speed_m_s, want.yaw_rate_rad_s), where
        assert (violation is None) == (want.kind == ""), where
        if violation is not None:
            assert violation.kind.value == want.kind, where
            assert math.isclose(violation.measured, want.measured, rel_tol=1e-9, abs_tol=1e-12), where
            assert math.isclose(violation.limit, want.limit, rel_tol=1e-9, abs_tol=1e-12), where
            assert type(violation.measured) is type(violation.limit) is float, where
            assert violation.at_ns == said_at(script, number), where
        if modes:
            assert player.mode == want.mode, where
        if record:
            assert (player.trip is None) == (want.mode != TRIPPED), where
            assert violation is None or player.trip == violation, where


def said_at(script: Script, number: int) -> int:
    """The clock of a violation: the event's, or the latest good one where that is none; 0 before there was any."""
    for event, _ in reversed(script[: number + 1]):
        if event.call != "clear" and type(event.now_ns) is int and -MAX_NS - 1 <= event.now_ns <= MAX_NS:
            return event.now_ns
    return 0


class Interrupted:
    """The rules, but during each call another thread halts the owner, and gets as far as it is let."""

    def __init__(self, parts: Parts) -> None:
        self._rules, self._cause = parts.monitor, parts.state.Cause.EMERGENCY_STOP
        self.owner: Any = None
        self.threads: list[Thread] = []

    def __getattr__(self, name: str) -> Any:
        rule = getattr(self._rules, name)
        return rule if self.threads else lambda *given, **named: self._interrupt(rule(*given, **named))

    def _interrupt(self, outcome: Any) -> Any:
        halt_at_once = Thread(target=lambda: self.owner.halt(self._cause, now_ns=ns(300)))
        self.threads.append(halt_at_once)
        halt_at_once.start()
        halt_at_once.join(0.03)
        return outcome


def check_turns(parts: Parts) -> None:
    """Raise AssertionError where a halt by another thread, in the middle of a call, is lost."""
    stopping, dead = parts.state.Cause.EMERGENCY_STOP, parts.state.Cause.DEAD_DEVICE
    calls: dict[str, Callable[[Any], object]] = {
        "arm": lambda owned: owned.arm(now_ns=ns(300)),
        "reset": lambda owned: owned.reset(now_ns=ns(300)),
        "step": lambda owned: owned.step(parts.state.CommandSample(1, ns(290), 1, 0.0, 0.0), now_ns=ns(300)),
        "tick": lambda owned: owned.tick(now_ns=ns(300)),
        "halt": lambda owned: owned.halt(dead, now_ns=ns(300)),
        "clear": lambda owned: owned.clear(dead),
        "limit": lambda owned: owned.limit(WIDE, now_ns=ns(300)),
    }
    for name, call in calls.items():
        owned = parts.owner.Monitor(LIMITS)
        owned.arm(now_ns=0)
        interrupted = Interrupted(parts)
        interrupted.owner = owned
        real = vars(parts.owner)["monitor"]
        vars(parts.owner)["monitor"] = interrupted
        try:
            call(owned)
            for thread in interrupted.threads:
                thread.join()
        finally:
            vars(parts.owner)["monitor"] = real
        assert owned.mode.value == TRIPPED, name
        assert stopping in owned.causes, name
        assert name != "halt" or dead in owned.causes
