"""Worst motion: how far the base can get after the last input, whatever was commanded, computed from the limits."""

from __future__ import annotations

from dataclasses import dataclass

from simgate.safety.limits import Limits

MS_PER_S = 1e3


@dataclass(frozen=True, slots=True)
class WorstMotion:
    """From the instant at which the last input was taken: the first three until the zero command, as long as `tick`
    comes every `tick_period_ms`; the last two until the base stands, as far as its declared lag and braking hold."""

    time_ms: float
    distance_m: float
    angle_rad: float
    stop_distance_m: float
    stop_angle_rad: float


def worst_motion(limits: Limits) -> WorstMotion:
    """Bound the motion after the last input: it is as old as it may be, and the silence is noticed at the last moment.

    Time: deadline + silence limit + tick period. Distance and angle: that time at full speed, and at full turn rate.
    Stopping adds the base's lag, then braking: v · lag + v² / 2b (a bound for a dead time and for a first-order lag).
    """
    time_ms = limits.command_deadline_ms + limits.silence_limit_ms + limits.tick_period_ms
    distance_m = limits.speed_m_s * time_ms / MS_PER_S
    angle_rad = limits.yaw_rate_rad_s * time_ms / MS_PER_S
    lag_s = limits.lag_ms / MS_PER_S
    return WorstMotion(
        time_ms=time_ms,
        distance_m=distance_m,
        angle_rad=angle_rad,
        stop_distance_m=distance_m + _stopping(limits.speed_m_s, lag_s, limits.braking_m_s2),
        stop_angle_rad=angle_rad + _stopping(limits.yaw_rate_rad_s, lag_s, limits.yaw_braking_rad_s2),
    )


def _stopping(rate: float, lag_s: float, braking: float) -> float:
    return rate * lag_s + rate**2 / (2.0 * braking)
