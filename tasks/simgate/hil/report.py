"""The page of a session on a bench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from simgate.core.runtime.attempt import Verdict
from simgate.core.runtime.work import Drawn
from simgate.documents.bench import HilResult
from simgate.hil.judge import latencies_ms
from simgate.hil.trace import DriveTrace, Motion, Trace
from simgate.report import figure
from simgate.report.page import Section, page
from simgate.specs.hil import HilSpec, SafetyLimits

MAX_DRAWN_DRIVES = 6
HISTOGRAM_BINS = 24
BENCHES = {"emulated": "emulated: a process, no robot", "device": "a device"}
EMULATED = (
    "The engine ran in a process of its own on the machine of the replay. "
    "No robot moved: this says nothing about a real device's timing, heat or wiring."
)
Points = list[tuple[float, float]]


def draw(drawn: Drawn[HilSpec]) -> bytes:
    """Draw commands over time, trips and latency. A page of an emulated bench says EMULATED BENCH on top."""
    trace = Trace.from_json(drawn.read("trace.json"), what="trace.json")
    verdict = Verdict.from_json(drawn.read("verdict.json"), what="verdict.json")
    result = HilResult.from_json(drawn.read("hil.json"), what="hil.json")
    limits = drawn.spec.limits
    sections = [Section("Verdict", _verdict(verdict, trace)), Section("Bags", _bags(result))]
    sections += [section for drive in trace.drives[:MAX_DRAWN_DRIVES] for section in _drive(drive, limits)]
    sections.append(Section("Latency", _latency(trace, limits)))
    sections.append(Section("Limits in force", _limits(result)))
    log = drawn.read("device.log").decode("utf-8", errors="replace").strip()
    if log:
        sections.append(Section("What the device wrote to its log", figure.note(log[-2000:])))
    title = "hil — EMULATED BENCH" if result.bench == "emulated" else "hil"
    facts = {"Bench": BENCHES[result.bench], **_facts(drawn.spec, verdict.metrics)}
    return page(title, verdict=verdict.verdict, facts=facts, sections=sections)


def _facts(spec: HilSpec, metrics: Mapping[str, float]) -> dict[str, str]:
    return {
        "Frames answered": f"{metrics['commands']:.0f} of {metrics['frames']:.0f}",
        "Safety trips": f"{metrics['safety_trips']:.0f} (at most {spec.max_trips})",
        "Latency p50 / p99": f"{metrics['latency_p50_ms']:.1f} / {metrics['latency_p99_ms']:.1f} ms",
        "Deadline": f"{spec.limits.command_deadline_ms:g} ms",
        "Command error": f"{metrics['command_error']:.3f} (at most {spec.max_command_error:g})",
        "Pacing p95": f"{metrics['pacing_p95_ms']:.2f} ms (at most {spec.max_pacing_jitter_ms:g})",
        "Worst motion after the last input": f"{metrics['worst_motion_ms']:g} ms, {metrics['worst_motion_m']:.2f} m",
        "Device ready after": f"{metrics['device_start_ms'] / 1000:.1f} s",
    }


def _verdict(verdict: Verdict, trace: Trace) -> str:
    emulated = EMULATED if trace.bench == "emulated" else ""
    reasons = verdict.reasons or ("Every command came in time and stayed within the envelope.",)
    fault = f"The device broke off: {trace.device_fault}." if trace.device_fault else ""
    return "".join(figure.note(text) for text in (emulated, *reasons, fault) if text)


def _bags(result: HilResult) -> str:
    head = ("Scene", "Episode", "Frames", "Commands", "Trips", "p50 ms", "p99 ms", "Pacing p95 ms", "Command error")
    rows = [
        (
            bag.scene,
            bag.episode,
            bag.samples,
            bag.commands,
            ", ".join(bag.trips) or "none",
            bag.latency_p50_ms,
            bag.latency_p99_ms,
            bag.pacing_p95_ms,
            bag.command_error,
        )
        for bag in result.bags
    ]
    return figure.table(head, rows)


def _drive(drive: DriveTrace, limits: SafetyLimits) -> list[Section]:
    """Draw two charts, speed and yaw rate: the expert's, the device's request, and the monitor's output."""
    name = f"{drive.scene}, episode {drive.episode}"
    trips = "".join(
        figure.note(f"Trip: {trip} (measured {trip.measured:.4g}, limit {trip.limit:.4g})") for trip in drive.trips
    )
    speed = _chart(drive, "speed_m_s", "speed, m/s", {"limit": limits.speed_m_s})
    bound = limits.yaw_rate_rad_s
    yaw = _chart(drive, "yaw_rate_rad_s", "yaw rate, rad/s", {"limit": bound, "limit to the right": -bound})
    return [Section(f"Commands over time: {name}", speed + yaw + trips)]


def _chart(drive: DriveTrace, axis: str, y_label: str, limits: Mapping[str, float]) -> str:
    end_ms = max([item.at_ms for item in drive.actuators] + [asked.sent_ms for asked in drive.asked])
    bound = max(limits.values())
    series: dict[str, Points] = {
        "expert": _points([asked.expert for asked in drive.asked], axis),
        "device under test": _points([asked.raw for asked in drive.asked if asked.raw], axis),
        "behind the monitor": _steps(drive.actuators, axis, end_ms),
    }
    for number, trip in enumerate(drive.trips[:4]):
        low = -bound if axis == "yaw_rate_rad_s" else 0.0
        at_s = trip.at_ms / 1000
        series[f"trip {number + 1}: {trip.kind}"] = [(at_s, low), (at_s, bound)]
    return figure.svg_lines(series, x_label="time since arming, s", y_label=y_label, limits=dict(limits))


def _points(motions: Sequence[Motion], axis: str) -> Points:
    return [(motion.at_ms / 1000, getattr(motion, axis)) for motion in motions]


def _steps(motions: Sequence[Motion], axis: str, end_ms: float) -> Points:
    """Draw a command as held until the next one: corners, not slopes."""
    points: Points = []
    for motion in motions:
        if points:
            points.append((motion.at_ms / 1000, points[-1][1]))
        points.append((motion.at_ms / 1000, getattr(motion, axis)))
    return [*points, (end_ms / 1000, points[-1][1])] if points else []


def _latency(trace: Trace, limits: SafetyLimits) -> str:
    latencies = latencies_ms([asked for drive in trace.drives for asked in drive.asked])
    if not latencies:
        return figure.note("The device under test never answered.")
    counts, edges = np.histogram(latencies, bins=HISTOGRAM_BINS, range=(0.0, max(*latencies, 1.0)))
    outline: Points = [(0.0, 0.0)]
    for count, low, high in zip(counts, edges, edges[1:], strict=False):
        outline += [(float(low), float(count)), (float(high), float(count))]
    chart = figure.svg_lines({"frames": outline}, x_label="latency, ms", y_label="frames")
    return chart + figure.note(
        f"From a frame sent to its command read back. Deadline: {limits.command_deadline_ms:g} ms."
    )


def _limits(result: HilResult) -> str:
    """Return every limit that the monitor held, and how far the base could get after the last input."""
    worst = result.worst_case
    rows = [(name, f"{value:g}") for name, value in result.limits.model_dump().items()]
    return figure.table(("Limit", "Value"), rows) + figure.note(
        f"After the last input: at most {worst.time_ms:g} ms until the zero command, "
        f"{worst.distance_m:.2f} m and {worst.angle_rad:.2f} rad; "
        f"until the base stands {worst.stop_distance_m:.2f} m and {worst.stop_angle_rad:.2f} rad, by its declared data."
    )
