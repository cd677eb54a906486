"""Limits: the envelope that a command must stay in, each number with its unit and where it comes from.

No published standard prescribes one speed for a robot like ours: ISO 13482 (personal care robots) and ISO 3691-4
(driverless industrial trucks) leave the permitted speed to the risk assessment of the application. The defaults below
are the project's choice for the simulated robot; a deployment replaces them with the numbers of its own assessment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Limits:
    """The envelope of one base. Every number is finite and positive, or no Limits exists (ValueError)."""

    speed_m_s: float = 1.0
    """Largest forward or backward speed, m/s. Project's choice: a quarter above the 0.8 m/s that the expert drives at.
    For scale: ISO 3691-4 lets a truck whose personnel detection is muted move at 0.3 m/s at most."""
    yaw_rate_rad_s: float = 2.0
    """Largest turn rate to either side, rad/s. Project's choice: a third above the expert's 1.5 rad/s."""
    acceleration_m_s2: float = 6.0
    """Largest change of commanded speed over time, m/s². Project's choice: a full stop from the expert's speed within
    one 5 Hz sample (0.8 m/s in 0.2 s is 4 m/s²) passes, a reversal at full speed does not."""
    yaw_acceleration_rad_s2: float = 20.0
    """Largest change of commanded turn rate over time, rad/s². Project's choice: the expert's full left to full right
    within one 5 Hz sample is 15 rad/s²."""
    command_deadline_ms: float = 150.0
    """Oldest input, in milliseconds, that a command may rest on when it reaches the monitor. Project's choice: below
    one 5 Hz sample. The error it guards against is "unacceptable delay" of IEC 61784-3."""
    silence_limit_ms: float = 600.0
    """Longest time, in milliseconds, without an accepted command. Project's choice: three 5 Hz samples; the
    `cmd_vel_timeout` of ROS 2's diff_drive_controller is 500 ms by default. Guards against "loss" of IEC 61784-3."""
    missing_commands: int = 0
    """How many sequence numbers may be skipped between two commands. Project's choice: none. AUTOSAR's end-to-end
    protection bounds the same thing as the largest permitted jump of its counter."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name == "missing_commands" else math.ulp(0.0)
            if not (math.isfinite(value) and value >= least):
                raise ValueError(f"limit {field.name} is {value}, expected a finite number of at least {least}")
