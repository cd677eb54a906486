"""Judge: from a trace to a verdict; a replay that proves nothing about the device is Inconclusive, never a PASS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simgate.core.errors import Inconclusive
from simgate.documents.bench import BagResult
from simgate.hil.trace import Asked, DriveTrace, Trace, Trip
from simgate.safety.motion import worst_motion
from simgate.specs.bounds import broken_bounds
from simgate.specs.hil import HilSpec, SafetyLimits

TIMING = frozenset({"silent", "late", "acceleration", "yaw-acceleration", "jerk", "yaw-jerk"})
"""Violations that a bench that stands still can cause; all others are the device's doing, whatever the pace."""
MAX_NAMED_TRIPS = 5


@dataclass(frozen=True)
class Judgement:
    """PASS or FAIL, why, and the numbers."""

    passed: bool
    reasons: tuple[str, ...]
    metrics: Mapping[str, float]


def judge(trace: Trace, spec: HilSpec) -> Judgement:
    """Judge one session; `Inconclusive` where a starved bench or a slow start may explain every fault."""
    if trace.slow_start:
        raise Inconclusive(
            "the device was not ready in time, so nothing was replayed (INVALID)",
            actual=f"{trace.started_ms / 1000:.0f} s",
            remedy="run it again on a machine with less load; if it stays so, see device.log of the attempt",
        )
    dead = [] if trace.device_fault is None else [trace.device_fault]
    unanswered = _unanswered(trace, spec)
    metrics = {**_metrics(trace, spec), "faults": float(len(dead) + len(unanswered))}
    # Not the pacing: a slow bench is Inconclusive below, or explains nothing of what the device did.
    broken = broken_bounds(spec, {**metrics, "faults": 0.0, "pacing_p95_ms": 0.0})
    reasons = (*dead, *(_with_trips(reason, trace) for reason in broken), *unanswered)
    starved = _starved(trace, spec)
    if starved and not _certain(trace, spec):
        raise Inconclusive(
            "the replay was starved, so it proves nothing (INVALID)",
            actual=starved,
            expected=f"at most {spec.max_pacing_jitter_ms:g} ms",
            remedy="run it again on a machine with less load",
        )
    return Judgement(not reasons, reasons, metrics)


def bag_result(drive: DriveTrace, limits: SafetyLimits) -> BagResult:
    """Return the summary of one drive; latencies are 0 where `commands` is."""
    latencies = latencies_ms(drive.asked)
    return BagResult(
        episode=drive.episode,
        scene=drive.scene,
        samples=len(drive.asked),
        commands=len(latencies),
        trips=tuple(str(trip) for trip in drive.trips),
        latency_p50_ms=percentile(latencies, 50),
        latency_p99_ms=percentile(latencies, 99),
        pacing_p95_ms=_pacing_ms(drive),
        command_error=command_error(drive.asked, limits),
    )


def latencies_ms(asked: Sequence[Asked]) -> list[float]:
    """Return the latencies of the frames that were answered."""
    return [item.latency_ms for item in asked if item.latency_ms is not None]


def percentile(values: Sequence[float], share: float) -> float:
    """Compute a percentile by linear interpolation; 0 of nothing."""
    return float(np.percentile(np.asarray(values, dtype=np.float64), share)) if values else 0.0


def command_error(asked: Sequence[Asked], limits: SafetyLimits) -> float:
    """Mean distance of what passed the monitor from the expert, mean over both axes, each as a share of its limit.

    A frame without an answer counts as a stop: that is what the base would have been told in the end.
    """
    errors = []
    for item in asked:
        speed_m_s = item.gated.speed_m_s if item.gated else 0.0
        yaw_rate_rad_s = item.gated.yaw_rate_rad_s if item.gated else 0.0
        speed_share = abs(speed_m_s - item.expert.speed_m_s) / limits.speed_m_s
        yaw_share = abs(yaw_rate_rad_s - item.expert.yaw_rate_rad_s) / limits.yaw_rate_rad_s
        errors.append((speed_share + yaw_share) / 2)
    return float(np.mean(errors)) if errors else 0.0


def _with_trips(reason: str, trace: Trace) -> str:
    """Return the reason, and where it is the trips, the first of them by name."""
    if not reason.startswith("safety_trips "):
        return reason
    named = ", ".join(f"episode {drive.episode}: {trip}" for drive, trip in _trips(trace)[:MAX_NAMED_TRIPS])
    return f"{reason} ({named})"


def _trips(trace: Trace) -> list[tuple[DriveTrace, Trip]]:
    return [(drive, trip) for drive in trace.drives for trip in drive.trips]


def _unanswered(trace: Trace, spec: HilSpec) -> list[str]:
    """Check that every frame of a drive has its answer; a drive that a trip or a fault cut short needs one."""
    too_many = len(_trips(trace)) > spec.max_trips
    cut_short = trace.device_fault is not None or too_many or len(trace.drives) < spec.bags
    found = []
    for drive in trace.drives:
        answered = len(latencies_ms(drive.asked))
        if answered < (1 if cut_short else max(drive.frames, 1)):
            found.append(f"episode {drive.episode}: {answered} frames answered of {drive.frames}")
    return found


def _starved(trace: Trace, spec: HilSpec) -> str:
    """Say how the bench failed to keep time; empty where it kept it."""
    for drive in trace.drives:
        if not (late_ms := _pacing_ms(drive)) <= spec.max_pacing_jitter_ms:
            return f"pacing_p95_ms {late_ms:.1f} in episode {drive.episode}"
    for drive in trace.drives:
        for trip in drive.trips:
            if trip.kind in TIMING and not trip.bench_lag_ms <= spec.max_pacing_jitter_ms:
                return f"a bench that stood still for {trip.bench_lag_ms:.1f} ms before the trip {trip}"
    return ""


def _certain(trace: Trace, spec: HilSpec) -> bool:
    """Return whether the device failed in a way that no lack of time explains."""
    trips: list[Trip] = [trip for drive in trace.drives for trip in drive.trips if trip.kind not in TIMING]
    return trace.device_fault is not None or len(trips) > spec.max_trips


def _pacing_ms(drive: DriveTrace) -> float:
    return percentile([item.lateness_ms for item in drive.asked], 95)


def _metrics(trace: Trace, spec: HilSpec) -> dict[str, float]:
    asked = [item for drive in trace.drives for item in drive.asked]
    latencies = latencies_ms(asked)
    worst = worst_motion(spec.limits.envelope())
    return {
        "bench_emulated": 1.0 if trace.bench == "emulated" else 0.0,
        "bags": float(len(trace.drives)),
        "frames": float(len(asked)),
        "commands": float(len(latencies)),
        "safety_trips": float(sum(len(drive.trips) for drive in trace.drives)),
        "command_error": command_error(asked, spec.limits),
        "latency_p50_ms": percentile(latencies, 50),
        "latency_p99_ms": percentile(latencies, 99),
        "latency_max_ms": max(latencies, default=0.0),
        "pacing_p95_ms": max((_pacing_ms(drive) for drive in trace.drives), default=0.0),
        "device_start_ms": trace.started_ms,
        "worst_motion_ms": worst.time_ms,
        "worst_motion_m": worst.distance_m,
        "worst_motion_rad": worst.angle_rad,
        "worst_stop_m": worst.stop_distance_m,
        "worst_stop_rad": worst.stop_angle_rad,
    }
