"""Drives: random scripts of events, mostly good traffic with faults strewn in, from any source of random numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

from simgate.safety.limits import Limits
from tests.safety.traces import LIMITS, PATIENT, Event

ODD: tuple[Any, ...] = (
    None,
    True,
    "7",
    b"7",
    7.0,
    Decimal(7),
    10**30,
    -(10**30),
    2**64,
    2**63,
    -1,
    math.nan,
    3 + 0j,
    [7],
)
CAUSES: tuple[Any, ...] = ("emergency-stop", "dead-device", "broken-frame", "unknown", 7, ["x"])
EVERYDAY = replace(LIMITS, jerk_m_s3=61.0, yaw_jerk_rad_s3=143.0)
CHOICES = (LIMITS, EVERYDAY, EVERYDAY, PATIENT)


class Traffic:
    """Makes events one after the other; remembers what a good device would do next."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.limits = random.choice(CHOICES)
        self._now_ns = random.randrange(-(10**9), 10**10)
        self._sequence = random.choice((0, 255, 65_535, 2**32 - 1, random.randrange(10**6)))
        self._speed = self._yaw = 0.0
        self._input_id = 7
        self._holds = random.random() < 0.3
        """Whether this device tends to give the same command again."""
        self._accelerating = self._turning = 0.0
        self._stamp_before_ns = self._stamp_ns = self._now_ns

    def script(self, length: int) -> list[Event]:
        """An arming, and what follows."""
        events = [self._at("arm")]
        while len(events) < length:
            events += self._next()
        return events

    def _next(self) -> list[Event]:
        roll = self._random.random()
        if roll < 0.74:
            return [self._command()]
        if roll < 0.80:
            return [self._spoiled(self._command())]
        if roll < 0.87:
            self._pass(self._random.choice((0.1, 0.5, 1.0)))
            return [self._at(self._random.choice(("tick", "tick", "arm")))]
        if roll < 0.90:
            return [replace(self._at("tick"), limits=self._stricter())]
        if roll < 0.92:
            self._now_ns += round((self.limits.silence_limit_ms + self._random.uniform(-9, 90)) * 1e6)
            return [self._at(self._random.choice(("tick", "arm", "step")))]
        return self._operator()

    def _operator(self) -> list[Event]:
        """A halt or none, then mostly the way back to motion."""
        cause = self._random.choice(CAUSES)
        halts = [replace(self._at("halt"), cause=cause)] if self._random.random() < 0.5 else []
        cleared = [replace(self._at("clear"), cause=self._random.choice((cause, "unknown", *CAUSES)))]
        self._speed = self._yaw = self._accelerating = self._turning = 0.0
        return [*halts, *cleared, *cleared, self._at("reset"), self._at("arm")]

    def _command(self) -> Event:
        """What a good device would say next."""
        self._pass(self._random.choice((1.0, 1.0, 1.0, 0.9, 1.2, 0.4, 3.0)))
        if not (self._holds and self._speed and self._random.random() < 0.9):
            self._drive()
        self._sequence += self._random.choice((1, 1, 1, 1, 2))
        self._input_id = self._input_id + 1 if self._random.random() < 0.8 else self._input_id
        age_ns = round(self._random.uniform(0.1, 0.6) * self.limits.command_deadline_ms * 1e6)
        self._stamp_before_ns, self._stamp_ns = self._stamp_ns, self._now_ns - min(age_ns, round(self._gap_ns * 0.9))
        return Event(
            "step", self._now_ns, self._sequence, self._stamp_ns, self._input_id, self._speed, self._yaw,
            limits=self.limits,
        )  # fmt: skip

    def _drive(self) -> None:
        """Change speed and turn rate a little less than the limits allow, now and then a little more."""
        span_s = min(self._gap_ns / 1e9, self.limits.command_period_ms / 1e3)
        push = self._random.choice((0.3, 0.6, 0.6, 1.0, 1.3))
        bend = push * span_s
        self._accelerating += self._random.uniform(-1, 1) * self.limits.jerk_m_s3 * bend
        self._turning += self._random.uniform(-1, 1) * self.limits.yaw_jerk_rad_s3 * bend
        self._accelerating = _clip(self._accelerating, push * self.limits.acceleration_m_s2)
        self._turning = _clip(self._turning, push * self.limits.yaw_acceleration_rad_s2)
        self._speed = _clip(self._speed + self._accelerating * span_s, self.limits.speed_m_s)
        self._yaw = _clip(self._yaw + self._turning * span_s, self.limits.yaw_rate_rad_s)

    def _spoiled(self, event: Event) -> Event:
        """One field of a good command made wrong."""
        wrong: dict[str, tuple[Any, ...]] = {
            "sequence": (event.sequence - 1, event.sequence - 1, event.sequence - 2, event.sequence + 5, 0),
            "stamp_ns": (event.now_ns + 1, event.now_ns - 10**9, self._stamp_before_ns, self._stamp_before_ns - 1),
            "input_id": (-1, 2**64),
            "speed_m_s": (math.nan, math.inf, 1.31, -1.31, -self._speed, 0.0),
            "yaw_rate_rad_s": (math.nan, -math.inf, 1.71, -1.71, -self._yaw),
            "now_ns": (event.now_ns - 10**9,),
            "sample": ("go", 7, (1, 2)),
        }
        name = self._random.choice(sorted(wrong))
        choices = wrong[name] if self._random.random() < 0.6 else ODD
        return replace(event, **{name: self._random.choice(choices)})

    def _stricter(self) -> Limits:
        name = self._random.choice(("speed_m_s", "yaw_rate_rad_s", "lateral_acceleration_m_s2", "command_deadline_ms"))
        return replace(self.limits, **{name: getattr(self.limits, name) * self._random.uniform(0.05, 1.0)})

    def _pass(self, periods: float) -> None:
        self._gap_ns = round(periods * self.limits.command_period_ms * 1e6) + self._random.randrange(10**6)
        self._now_ns += self._gap_ns

    def _at(self, call: str) -> Event:
        return Event(call, self._now_ns, limits=self.limits)


def _clip(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))
