"""Limits: the envelope that a command must stay in, each number with its unit and where it comes from.

No published standard prescribes one speed for a robot like ours: ISO 13482 (personal care robots) and ISO 3691-4
(driverless industrial trucks) leave the permitted speed to the risk assessment of the application. The defaults below
are the project's choice for the simulated robot, and a deployment replaces them with the numbers of its own assessment.
"Measured" is the demo's data: 30 episodes, 600 frames at 5 Hz, the expert's commands and those of the trained network.
A ceiling is no recommendation: beyond it a number is a slip of the pen, whatever the robot.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple


class Ceiling(NamedTuple):
    """The largest value that a limit may have, and why nothing beyond it is meant seriously."""

    value: float
    why: str


_FRICTION = "standard gravity: friction between rubber and a floor gives no more"
_SPIN = "that friction at wheels 0.1 m from the centre"
_CEILINGS: Mapping[str, Ceiling] = {
    "speed_m_s": Ceiling(5.0, "a person runs so fast; no base that shares a floor with people does"),
    "yaw_rate_rad_s": Ceiling(6.3, "one turn a second, more than a camera of a few pictures a second can follow"),
    "acceleration_m_s2": Ceiling(9.8, _FRICTION),
    "yaw_acceleration_rad_s2": Ceiling(98.0, _SPIN),
    "jerk_m_s3": Ceiling(980.0, "full friction within 10 ms: no gear does more"),
    "yaw_jerk_rad_s3": Ceiling(9800.0, "full friction within 10 ms at wheels 0.1 m from the centre"),
    "lateral_acceleration_m_s2": Ceiling(9.8, _FRICTION),
    "command_period_ms": Ceiling(1000.0, "nobody steers a moving base less than once a second"),
    "command_deadline_ms": Ceiling(1000.0, "after a second a picture says nothing about where people are"),
    "silence_limit_ms": Ceiling(5000.0, "at a walk, 5 s without a command cross a room"),
    "frozen_limit_ms": Ceiling(60_000.0, "an output that has not moved for a minute is not driving"),
    "tick_period_ms": Ceiling(1000.0, "a watchdog that looks less than once a second is none"),
    "braking_m_s2": Ceiling(9.8, _FRICTION),
    "yaw_braking_rad_s2": Ceiling(98.0, _SPIN),
    "lag_ms": Ceiling(1000.0, "a drive that answers after a second cannot be steered"),
    "missing_commands": Ceiling(100, "the count of a second at 100 commands a second"),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """The envelope of one base. Every number is finite, positive and below its ceiling, and none contradicts another,
    or no Limits exists (ValueError)."""

    speed_m_s: float = 1.0
    """Largest forward or backward speed, m/s. Project's choice: a quarter above the 0.8 m/s that the expert drives at.
    For scale: ISO 3691-4 lets a truck whose personnel detection is muted move at 0.3 m/s at most."""
    yaw_rate_rad_s: float = 2.0
    """Largest turn rate to either side, rad/s. Project's choice: a third above the expert's 1.5 rad/s."""
    acceleration_m_s2: float = 4.5
    """Largest change of commanded speed over time, m/s², so 0.9 m/s a command at 5 Hz. The robot's data: the expert
    sets 0.8 m/s from standstill in one command (measured: 0.786, network 0.717), and the base's velocity loop turns
    that step into a ramp of 2.5 m/s² (`sim/robot.py`). 0 to 1 m/s in one command is beyond it."""
    yaw_acceleration_rad_s2: float = 12.0
    """Largest change of commanded turn rate over time, rad/s², so 2.4 rad/s a command at 5 Hz. The robot's data: its
    velocity loop follows 12 rad/s² (`sim/robot.py`). Measured: 1.952 rad/s in one command, network 0.829."""
    jerk_m_s3: float = 30.0
    """Largest change of the commanded acceleration over time, m/s³. A start to 0.8 m/s in one command is 20, there and
    back in two is 40. Measured: 21.3, network 18.4."""
    yaw_jerk_rad_s3: float = 100.0
    """Largest change of the commanded yaw acceleration over time, rad/s³. Measured: 78.6, network 20.7."""
    lateral_acceleration_m_s2: float = 0.8
    """Largest |speed · turn rate|, m/s². Project's choice: the expert slows down in curves to 0.484 (measured, and the
    largest that its rule can give), network 0.436."""
    command_period_ms: float = 200.0
    """Time between two commands, in milliseconds: the camera's 5 Hz. A change is credited with at most this much time,
    so that no pause buys a jump."""
    command_deadline_ms: float = 150.0
    """Oldest input, in milliseconds, that a command may rest on when it reaches the monitor. Project's choice: below
    one 5 Hz sample. The error it guards against is "unacceptable delay" of IEC 61784-3."""
    silence_limit_ms: float = 600.0
    """Longest time, in milliseconds, without an accepted command. Project's choice: three 5 Hz samples; the
    `cmd_vel_timeout` of ROS 2's diff_drive_controller is 500 ms by default. Guards against "loss" of IEC 61784-3."""
    frozen_limit_ms: float = 3000.0
    """Longest time, in milliseconds, for which the output may stay the same while its input changes. Project's choice:
    above half a turn on the spot at the expert's 1.5 rad/s (2.1 s), the longest honest command that does not move.
    Measured: no two commands in a row were the same, but for zero."""
    tick_period_ms: float = 10.0
    """Longest time, in milliseconds, between two calls: what whoever calls `tick` promises. The monitor cannot act
    between calls, so this is a part of the worst motion; the bench ticks as often as this."""
    braking_m_s2: float = 2.5
    """Deceleration of the base by itself on a zero command, m/s². The robot's data (`sim/robot.py`). Not judged: only
    the stopping distance is computed from it."""
    yaw_braking_rad_s2: float = 12.0
    """Angular deceleration of the base by itself on a zero command, rad/s². The robot's data."""
    lag_ms: float = 120.0
    """Time until the base begins to follow, ms: the time constant of its velocity loop. The robot's data."""
    missing_commands: int = 0
    """Number of sequence numbers that may be skipped between two commands. Project's choice: none. AUTOSAR's end-to-end
    protection bounds the same thing as the largest permitted jump of its counter."""

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_number(field.name, getattr(self, field.name))
        _check_order(self, "command_deadline_ms", "silence_limit_ms", "the wait ends before the deadline does")
        _check_order(self, "command_period_ms", "silence_limit_ms", "every drive would trip between two commands")
        _check_order(self, "tick_period_ms", "silence_limit_ms", "silence would be noticed at some later time")
        _check_order(self, "command_period_ms", "frozen_limit_ms", "any command given twice would trip")
        if not (self.missing_commands + 1) * self.command_period_ms <= self.silence_limit_ms:
            raise ValueError(
                f"limit missing_commands is {self.missing_commands}: so many commands of {self.command_period_ms} ms "
                f"are silence (silence_limit_ms {self.silence_limit_ms}) before they are missing; lower it"
            )


def ceiling(name: str) -> Ceiling:
    """Return the ceiling of one limit, by its field's name."""
    return _CEILINGS[name]


def _check_number(name: str, value: object) -> None:
    top, why = _CEILINGS[name]
    kinds = (int,) if name == "missing_commands" else (int, float)
    # The exact types: a bool is an int, and no limit.
    if type(value) not in kinds:
        raise ValueError(f"limit {name} is {value!r}, expected {' or '.join(kind.__name__ for kind in kinds)}")
    least = 0 if name == "missing_commands" else math.ulp(0.0)
    if not least <= value <= top:  # type: ignore[operator]
        raise ValueError(f"limit {name} is {value}, expected a number from {least} to {top:g} (ceiling: {why})")


def _check_order(limits: Limits, lower: str, upper: str, why: str) -> None:
    low, high = getattr(limits, lower), getattr(limits, upper)
    if not low <= high:
        raise ValueError(f"limit {lower} is {low}, above {upper}, which is {high}: {why}; lower the first")
