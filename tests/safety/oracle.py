"""An oracle of the monitor in exact rationals, written from docs/safety.md and from nothing else.

It shares no code with the monitor but the limits, keeps its own account of what happened, and knows no rounding. Where
a number that the monitor computes in floats lies too near a limit for floats to tell, it raises TooClose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

from simgate.safety.limits import Limits
from tests.safety.traces import MAX_COUNT, MAX_NS, Event

ROUNDING = Fraction(1, 10**12)
CAUSES = ("emergency-stop", "dead-device", "broken-frame")


class TooClose(Exception):
    """Only exact arithmetic can tell on which side of the limit this lies."""


@dataclass
class Accepted:
    """The last accepted command, or the arming."""

    at_ns: int
    stamp_ns: int
    sequence: int | None = None
    input_id: int | None = None
    speed: Fraction = Fraction(0)
    yaw: Fraction = Fraction(0)
    acceleration: Fraction = Fraction(0)
    yaw_acceleration: Fraction = Fraction(0)
    span: Fraction = Fraction(0)
    """Seconds."""


@dataclass
class Oracle:
    """Plays events; `take` says (speed, yaw rate, kind of violation or empty)."""

    mode: str = "blocked"
    clock_ns: int | None = None
    causes: set[str] = field(default_factory=set)
    last: Accepted = field(default_factory=lambda: Accepted(0, 0))
    unchanged_ns: int = 0
    """When the last command came under the present output before the input changed."""
    has_changed: bool = False

    def take(self, event: Event) -> tuple[Fraction, Fraction, str]:
        """One event."""
        kind = getattr(self, f"_{event.call}")(event)
        if kind and self.mode != "tripped":
            self.mode = "tripped"
        elif kind:
            kind = ""
        moving = self.mode == "armed"
        return (self.last.speed if moving else Fraction(0)), (self.last.yaw if moving else Fraction(0)), kind

    def _arm(self, event: Event) -> str:
        if (kind := self._tick(event)) or self.mode != "blocked":
            return kind
        self.mode = "armed"
        period = Fraction(event.limits.command_period_ms) / 1000
        self.last = Accepted(event.now_ns, event.now_ns, span=period)
        self.unchanged_ns, self.has_changed = event.now_ns, False
        return ""

    def _reset(self, event: Event) -> str:
        if self.causes:
            return ""
        if kind := _clock_kind(event.now_ns):
            return kind
        self.mode, self.clock_ns = "blocked", event.now_ns
        return ""

    def _halt(self, event: Event) -> str:
        self.causes.add(_cause(event.cause))
        return "halt"

    def _clear(self, event: Event) -> str:
        if type(event.cause) is str:
            self.causes.discard(event.cause)
        return ""

    def _tick(self, event: Event) -> str:
        if self.mode == "tripped":
            return ""
        if kind := _clock_kind(event.now_ns):
            return kind
        if self.clock_ns is not None and event.now_ns < self.clock_ns:
            return "clock-backwards"
        self.clock_ns = event.now_ns
        if self.mode == "blocked":
            return ""
        limits, last = event.limits, self.last
        if _ms(event.now_ns - last.at_ns) > Fraction(limits.silence_limit_ms):
            return "silent"
        if _ms(last.at_ns - last.stamp_ns) > Fraction(limits.command_deadline_ms):
            return "late"
        return _beyond(last.speed, last.yaw, limits)

    def _step(self, event: Event) -> str:
        if (kind := self._tick(event)) or self.mode != "armed":
            return kind
        if kind := _sample_kind(event) or self._timing(event) or self._order(event):
            return kind
        if not (math.isfinite(event.speed_m_s) and math.isfinite(event.yaw_rate_rad_s)):
            return "not-finite"
        new = Accepted(
            event.now_ns,
            event.stamp_ns,
            event.sequence,
            event.input_id,
            Fraction(event.speed_m_s),
            Fraction(event.yaw_rate_rad_s),
        )
        if kind := _beyond(new.speed, new.yaw, event.limits) or self._changes(new, event.limits):
            return kind
        if kind := self._freeze(new, event.limits):
            return kind
        self.last = new
        return ""

    def _timing(self, event: Event) -> str:
        age = _ms(event.now_ns - event.stamp_ns)
        if age < 0:
            return "future"
        return "late" if age > Fraction(event.limits.command_deadline_ms) else ""

    def _order(self, event: Event) -> str:
        last = self.last
        if last.sequence is not None and event.sequence == last.sequence:
            return "repeated"
        if last.sequence is not None and event.sequence < last.sequence:
            return "out-of-order"
        if event.stamp_ns <= last.stamp_ns:
            return "stale"
        skipped = 0 if last.sequence is None else event.sequence - last.sequence - 1
        return "missing" if skipped > event.limits.missing_commands else ""

    def _changes(self, new: Accepted, limits: Limits) -> str:
        last, period = self.last, Fraction(limits.command_period_ms) / 1000
        new.span = min(Fraction(new.at_ns - last.at_ns, 10**9), period)
        speed, yaw = new.speed - last.speed, new.yaw - last.yaw
        if _exceeds(abs(speed), Fraction(limits.acceleration_m_s2) * new.span):
            return "acceleration"
        if _exceeds(abs(yaw), Fraction(limits.yaw_acceleration_rad_s2) * new.span):
            return "yaw-acceleration"
        if new.span == 0:
            new.acceleration, new.yaw_acceleration, new.span = last.acceleration, last.yaw_acceleration, last.span
            return ""
        new.acceleration, new.yaw_acceleration = speed / new.span, yaw / new.span
        apart = (new.span + min(last.span, period)) / 2
        if _exceeds(abs(new.acceleration - last.acceleration), Fraction(limits.jerk_m_s3) * apart):
            return "jerk"
        if _exceeds(abs(new.yaw_acceleration - last.yaw_acceleration), Fraction(limits.yaw_jerk_rad_s3) * apart):
            return "yaw-jerk"
        return ""

    def _freeze(self, new: Accepted, limits: Limits) -> str:
        same = (new.speed, new.yaw) == (self.last.speed, self.last.yaw)
        self.has_changed = same and (self.has_changed or new.input_id != self.last.input_id)
        if not self.has_changed:
            self.unchanged_ns = new.at_ns
            return ""
        excused = abs(new.speed) in (0, Fraction(limits.speed_m_s)) and abs(new.yaw) in (
            0,
            Fraction(limits.yaw_rate_rad_s),
        )
        too_long = _ms(new.at_ns - self.unchanged_ns) > Fraction(limits.frozen_limit_ms)
        return "frozen" if too_long and not excused else ""


def _ms(duration_ns: int) -> Fraction:
    return Fraction(duration_ns, 10**6)


def _exceeds(value: Fraction, limit: Fraction) -> bool:
    if value and abs(value - limit) <= ROUNDING * limit:
        raise TooClose
    return value > limit


def _beyond(speed: Fraction, yaw: Fraction, limits: Limits) -> str:
    if abs(speed) > Fraction(limits.speed_m_s):
        return "speed"
    if abs(yaw) > Fraction(limits.yaw_rate_rad_s):
        return "yaw-rate"
    return "lateral-acceleration" if _exceeds(abs(speed * yaw), Fraction(limits.lateral_acceleration_m_s2)) else ""


def _clock_kind(now_ns: object) -> str:
    if type(now_ns) is not int:
        return "ill-typed"
    return "" if -MAX_NS - 1 <= now_ns <= MAX_NS else "out-of-range"


def _sample_kind(event: Event) -> str:
    integers, floats = (
        (event.sequence, event.stamp_ns, event.input_id),
        (event.speed_m_s, event.yaw_rate_rad_s),
    )
    if event.sample is not None:
        return "ill-typed"
    if any(type(value) is not int for value in integers) or any(type(value) is not float for value in floats):
        return "ill-typed"
    counts = 0 <= event.sequence <= MAX_COUNT and 0 <= event.input_id <= MAX_COUNT
    return "" if counts and -MAX_NS - 1 <= event.stamp_ns <= MAX_NS else "out-of-range"


def _cause(cause: object) -> str:
    return cause if type(cause) is str and cause in CAUSES else "unknown"
