"""Envelope: checks of a command, the clock and a pause; each returns the violation that it finds, or None."""

from __future__ import annotations

import math

from simgate.safety.limits import Limits
from simgate.safety.state import Change, CommandSample, Kind, SafeCommand, State, Violation

NS_PER_MS = 1e6
MS_PER_S = 1e3
MAX_COUNT = 2**64 - 1
"""Sequence numbers and input ids are unsigned integers of 64 bits, as on the bench's wire."""
MAX_NS = 2**63 - 1
"""Stamps and clocks are signed integers of 64 bits: 292 years of nanoseconds."""


def _is_int(value: object, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def clock_form(state: State, now_ns: object) -> Violation | None:
    """Check that the clock is an integer of 64 bits."""
    if _is_int(now_ns, -MAX_NS - 1, MAX_NS):
        return None
    kind = Kind.OUT_OF_RANGE if type(now_ns) is int else Kind.ILL_TYPED
    return Violation(kind, state.clock_ns or 0, 1.0, 0.0)


def clock_order(state: State, now_ns: int) -> Violation | None:
    """Check that the clock does not go back; it may stand still."""
    if state.clock_ns is None or now_ns >= state.clock_ns:
        return None
    return Violation(Kind.CLOCK_BACKWARDS, now_ns, (now_ns - state.clock_ns) / NS_PER_MS, 0.0)


def silence(state: State, limits: Limits, now_ns: int) -> Violation | None:
    """Check that the last command is not too long ago."""
    silent_ms = (now_ns - state.heard_ns) / NS_PER_MS
    if not silent_ms <= limits.silence_limit_ms:
        return Violation(Kind.SILENT, now_ns, silent_ms, limits.silence_limit_ms)
    return None


def held(state: State, limits: Limits, now_ns: int) -> Violation | None:
    """Check the held command by the limits of now, which may be stricter than when it was accepted."""
    age_ms = (state.heard_ns - state.stamp_ns) / NS_PER_MS
    if not age_ms <= limits.command_deadline_ms:
        return Violation(Kind.LATE, now_ns, age_ms, limits.command_deadline_ms)
    return within(state.output, limits, now_ns)


def form(sample: CommandSample, now_ns: int) -> Violation | None:
    """Check types and ranges exactly: a bool is no int here, and a subclass of float (it may lie) no float."""
    if type(sample) is not CommandSample:
        return Violation(Kind.ILL_TYPED, now_ns, 1.0, 0.0)
    # By name with a default: a sample that was never initialised has no fields at all.
    integers = [getattr(sample, name, None) for name in ("sequence", "stamp_ns", "input_id")]
    numbers = [getattr(sample, name, None) for name in ("speed_m_s", "yaw_rate_rad_s")]
    typed = [type(value) is int for value in integers] + [type(value) is float for value in numbers]
    if not all(typed):
        return Violation(Kind.ILL_TYPED, now_ns, float(typed.count(False)), 0.0)
    in_range = [
        _is_int(sample.sequence, 0, MAX_COUNT),
        _is_int(sample.stamp_ns, -MAX_NS - 1, MAX_NS),
        _is_int(sample.input_id, 0, MAX_COUNT),
    ]
    if not all(in_range):
        return Violation(Kind.OUT_OF_RANGE, now_ns, float(in_range.count(False)), 0.0)
    return None


def timing(sample: CommandSample, limits: Limits, now_ns: int) -> Violation | None:
    """Check that the input is not from the future, and not too old."""
    age_ms = (now_ns - sample.stamp_ns) / NS_PER_MS
    if not age_ms >= 0.0:
        return Violation(Kind.FUTURE, now_ns, age_ms, 0.0)
    if not age_ms <= limits.command_deadline_ms:
        return Violation(Kind.LATE, now_ns, age_ms, limits.command_deadline_ms)
    return None


def order(state: State, sample: CommandSample, limits: Limits, now_ns: int) -> Violation | None:
    """Check for a new number over a newer input, and that not too many numbers were skipped."""
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


def within(command: CommandSample | SafeCommand, limits: Limits, now_ns: int) -> Violation | None:
    """Check that both numbers are finite and within their limits, and so is their lateral acceleration."""
    not_finite = [math.isfinite(command.speed_m_s), math.isfinite(command.yaw_rate_rad_s)].count(False)
    if not_finite:
        return Violation(Kind.NOT_FINITE, now_ns, float(not_finite), 0.0)
    if not abs(command.speed_m_s) <= limits.speed_m_s:
        return Violation(Kind.SPEED, now_ns, command.speed_m_s, limits.speed_m_s)
    if not abs(command.yaw_rate_rad_s) <= limits.yaw_rate_rad_s:
        return Violation(Kind.YAW_RATE, now_ns, command.yaw_rate_rad_s, limits.yaw_rate_rad_s)
    lateral_m_s2 = abs(command.speed_m_s * command.yaw_rate_rad_s)
    if not lateral_m_s2 <= limits.lateral_acceleration_m_s2:
        return Violation(Kind.LATERAL, now_ns, lateral_m_s2, limits.lateral_acceleration_m_s2)
    return None


def change_to(state: State, output: SafeCommand, limits: Limits, now_ns: int) -> Change:
    """Compute the accelerations from the output before to this one."""
    span_s = _span_s(state, limits, now_ns)
    if not span_s > 0.0:
        return state.change  # No time passed, so nothing is known of how the output changes over time.
    return Change(
        (output.speed_m_s - state.output.speed_m_s) / span_s,
        (output.yaw_rate_rad_s - state.output.yaw_rate_rad_s) / span_s,
        span_s,
    )


def _span_s(state: State, limits: Limits, now_ns: int) -> float:
    """Return the time in s that a change is credited with: by the monitor's own clock, since a stamp is the device's
    word, and at most one command period.
    """
    return min((now_ns - state.heard_ns) / NS_PER_MS, limits.command_period_ms) / MS_PER_S


def change(state: State, after: State, limits: Limits, now_ns: int) -> Violation | None:
    """Check that the accelerations are within their limits."""
    # Multiplied, not divided: no time, no change.
    span_s = _span_s(state, limits, now_ns)
    speed_m_s = abs(after.output.speed_m_s - state.output.speed_m_s)
    if not speed_m_s <= limits.acceleration_m_s2 * span_s:
        return Violation(Kind.ACCELERATION, now_ns, speed_m_s, limits.acceleration_m_s2 * span_s)
    yaw_rate_rad_s = abs(after.output.yaw_rate_rad_s - state.output.yaw_rate_rad_s)
    if not yaw_rate_rad_s <= limits.yaw_acceleration_rad_s2 * span_s:
        return Violation(Kind.YAW_ACCELERATION, now_ns, yaw_rate_rad_s, limits.yaw_acceleration_rad_s2 * span_s)
    return None


def jerk(state: State, after: State, limits: Limits, now_ns: int) -> Violation | None:
    """Check the jerks. Each acceleration is the mean over its span, so two of them lie half of both spans apart."""
    apart_s = (after.change.span_s + min(state.change.span_s, limits.command_period_ms / MS_PER_S)) / 2.0
    change_m_s2 = abs(after.change.acceleration_m_s2 - state.change.acceleration_m_s2)
    if not change_m_s2 <= limits.jerk_m_s3 * apart_s:
        return Violation(Kind.JERK, now_ns, change_m_s2, limits.jerk_m_s3 * apart_s)
    change_rad_s2 = abs(after.change.yaw_acceleration_rad_s2 - state.change.yaw_acceleration_rad_s2)
    if not change_rad_s2 <= limits.yaw_jerk_rad_s3 * apart_s:
        return Violation(Kind.YAW_JERK, now_ns, change_rad_s2, limits.yaw_jerk_rad_s3 * apart_s)
    return None


def frozen(after: State, limits: Limits, now_ns: int) -> Violation | None:
    """Check that the output moves. Zero or a limit on both axes explains it: the base waits, or can do no more."""
    speed_explained = abs(after.output.speed_m_s) in (0.0, limits.speed_m_s)
    if speed_explained and abs(after.output.yaw_rate_rad_s) in (0.0, limits.yaw_rate_rad_s):
        return None
    still_ms = (now_ns - after.still_ns) / NS_PER_MS
    if not still_ms <= limits.frozen_limit_ms:
        return Violation(Kind.FROZEN, now_ns, still_ms, limits.frozen_limit_ms)
    return None
