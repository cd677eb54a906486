"""Metrics: what each figure of a gate's verdict means, its unit, which way it is better, and what bounds it.

One table for every page and question. A figure that it does not know is shown as it is written, never left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Side = Literal["at least", "at most"]
PERCENT = "%"
"""Unit of a share: 0.58 is read as 58 %."""
COUNT = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure."""

    name: str
    """As the verdict has it."""
    meaning: str
    unit: str
    better: Literal["higher", "lower", "neither"] = "neither"
    """Neither: a size or a condition, good or bad for nothing by itself."""
    field: str = ""
    """Dotted name in the stage's spec of what bounds it; empty where no field does."""
    side: Side = "at most"
    zero: bool = False
    """Whether every PASS needs it to be 0, whatever was asked."""
    known: bool = True

    def bound(self, spec: Mapping[str, Any]) -> float | None:
        """What the figure had to keep, or None where nothing judges it."""
        if self.zero:
            return 0.0
        value: Any = spec
        for part in self.field.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if is_number else None

    def text(self, value: float) -> str:
        """A value with its unit: `58.3 %`, `41.2 ms`, `0`."""
        if self.unit == PERCENT:
            return f"{100 * value:.1f} %"
        is_whole = value.is_integer() or abs(value) >= 1000
        number = f"{value:,.0f}" if is_whole and abs(value) < 1e15 else f"{value:.3g}"
        return f"{number} {self.unit}".rstrip()


def metric(stage: str, name: str) -> Metric:
    """The figure of that name in the verdicts of a stage; an unknown one says so."""
    for known in METRICS.get(stage, ()):
        if known.name == name:
            return known
        if known.name.endswith("*") and name.startswith(known.name[:-1]):
            return replace(known, name=name)
    return Metric(name, "a figure without a description", "", known=False)


def _least(name: str, meaning: str, unit: str, field: str) -> Metric:
    return Metric(name, meaning, unit, "higher", field, "at least")


def _most(name: str, meaning: str, unit: str, field: str) -> Metric:
    return Metric(name, meaning, unit, "lower", field, "at most")


METRICS: Mapping[str, tuple[Metric, ...]] = {
    "validate": (
        _least("frames train", "frames to train on", COUNT, "min_frames_train"),
        _least("frames eval", "frames to judge with", COUNT, "min_frames_eval"),
        _least("obstacle classes", "obstacle classes that occur", COUNT, "min_classes"),
        _least(
            "median goal progress m", "how much nearer the goal the expert ends, median", "m", "min_goal_progress_m"
        ),
        _least("least box mask IoU", "overlap of a box with its mask, the worst", "", "min_box_mask_iou"),
        _most("largest depth m", "largest depth", "m", "max_depth_m"),
        _most(
            "largest invalid depth fraction", "pixels without depth, the worst frame", PERCENT,
            "max_invalid_depth_fraction",
        ),
        _most("blank fraction", "frames of nearly one colour", PERCENT, "max_blank_fraction"),
        Metric("boxes *", "boxes of one class", COUNT),
        Metric("findings", "defects found by all checks", COUNT, "lower", zero=True),
        Metric("findings *", "defects found by one check", COUNT, "lower", zero=True),
    ),
    "evaluate": (
        Metric("success_rate", "closed-loop episodes that reach the goal", PERCENT, "higher"),
        Metric("collision_rate", "closed-loop episodes that end in a collision", PERCENT, "lower"),
        _least(
            "success_gain", "gain in success over an untrained network, same episodes", PERCENT, "min_success_gain"
        ),
        Metric("success_gain_p", "chance of that gain if it were none (sign test)", "", "lower"),
        Metric("baseline_success_rate", "episodes in which the untrained network reaches the goal", PERCENT),
        _least("map_50", "detection: mean average precision at IoU 0.5", "", "min_map_50"),
        _most("command_error", "distance of commands from the expert's, of each axis's range", PERCENT,
              "max_command_error"),
        _least("episodes", "closed-loop episodes driven", COUNT, "closed_loop.episodes"),
    ),
    "export": (
        _most("command.speed_m_s.max", "largest change of a speed by export", "m/s", "max_command_difference"),
        _most("command.yaw_rate_rad_s.max", "largest change of a yaw rate by export", "rad/s",
              "max_command_difference"),
        _most("box.edge_px.max", "largest shift of a box edge by export", "px", "max_box_difference_px"),
        _most("box.score.max", "largest change of a score by export", "", "max_score_difference"),
    ),
    "hil": (
        _most("safety_trips", "stops by the safety monitor", COUNT, "max_trips"),
        _most("latency_p99_ms", "time from frame to command, 99 % of frames", "ms", "limits.command_deadline_ms"),
        Metric("latency_p50_ms", "time from frame to command, half of the frames", "ms", "lower"),
        Metric("latency_max_ms", "time from frame to command, the worst frame", "ms", "lower"),
        _most("command_error", "distance of commands from the recorded expert's, of each axis's limit", PERCENT,
              "max_command_error"),
        _least("bags", "recorded drives replayed", COUNT, "bags"),
        Metric("frames", "frames sent", COUNT),
        Metric("commands", "frames that got a command", COUNT, "higher"),
        Metric("faults", "frames without an answer and faults of the device", COUNT, "lower", zero=True),
        _most("pacing_p95_ms", "how late the bench sent a frame, 95 % of frames", "ms", "max_pacing_jitter_ms"),
        Metric("device_start_ms", "time until the device was ready", "ms"),
        Metric("bench_emulated", "1: the bench is emulated", ""),
    ),
}  # fmt: skip
"""By stage, in the order in which people ask."""
