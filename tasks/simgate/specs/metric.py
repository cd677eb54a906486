"""Metrics: what each figure of a gate's verdict means, its unit, and which way it is better.

One table for every page and question: a stage's own figures, and those that a model family brings. What bounds a
figure is in the stage's spec alone: see simgate/specs/bounds.py.
A figure that the table does not know is shown as it is written, never left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from simgate.rows.families import FAMILIES

PERCENT = "%"
"""Unit of a share: 0.58 is read as 58 %."""
COUNT = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure."""

    name: str
    """The name in the verdict."""
    meaning: str
    unit: str
    better: Literal["higher", "lower", "neither"] = "neither"
    """Neither: a size or a condition, good or bad for nothing by itself."""
    part_of: str = ""
    """A count of which this one is a part: what bounds the whole from above bounds its parts."""
    demanded: bool = False
    """Whether every spec that judges such a model bounds it."""
    usual: float | None = None
    """The bound where a spec says nothing; None: it has to say one."""
    driven: bool = False
    """A figure of the closed loop: there is none where a family commands nothing."""
    trivial: float | None = None
    """A bound that is no stricter than this one lets through what `lets_through` says; None: nobody warns."""
    lets_through: str = ""
    known: bool = True

    def text(self, value: float) -> str:
        """Return a value with its unit: `58.3 %`, `41.2 ms`, `0`."""
        if self.unit == PERCENT:
            return f"{100 * value:.1f} %"
        is_whole = value.is_integer() or abs(value) >= 1000
        number = f"{value:,.0f}" if is_whole and abs(value) < 1e15 else f"{value:.3g}"
        return f"{number} {self.unit}".rstrip()


def metric(stage: str, name: str, family: str = "") -> Metric:
    """Return the figure of that name in the verdicts of a stage about a family; an unknown one says so."""
    for known in metrics_of(stage, family):
        if known.name == name:
            return known
        if known.name.endswith("*") and name.startswith(known.name[:-1]):
            return replace(known, name=name)
    return Metric(name, "a figure without a description", "", known=False)


def metrics_of(stage: str, family: str = "") -> tuple[Metric, ...]:
    """Return every figure of a stage's verdicts, in the order in which people ask: its own, then the family's.

    Without a family those of all of ours; with one that commands nothing, none of the closed loop.
    """
    families = (FAMILIES.find(family),) if family else FAMILIES.ours
    own = (known for known in METRICS.get(stage, ()) if not known.driven or any(row.commands for row in families))
    brought = (known for row in families for known in metrics_of_family(row.name).get(stage, ()))
    return tuple({known.name: known for known in (*own, *brought)}.values())


def metrics_of_family(family: str) -> Mapping[str, tuple[Metric, ...]]:
    """Return the figures that a family brings into the verdicts of its models, by stage."""
    found: Mapping[str, tuple[Metric, ...]] = FAMILIES.module(family, "metrics").METRICS
    return found


METRICS: Mapping[str, tuple[Metric, ...]] = {
    "validate": (
        Metric("frames train", "frames to train on", COUNT, "higher"),
        Metric("frames eval", "frames to judge with", COUNT, "higher"),
        Metric("obstacle classes", "obstacle classes that occur", COUNT, "higher"),
        Metric("median goal progress m", "how much nearer the goal the expert ends, median", "m", "higher"),
        Metric("least box mask IoU", "overlap of a box with its mask, the worst", "", "higher"),
        Metric("largest depth m", "largest depth", "m", "lower"),
        Metric("largest invalid depth fraction", "pixels without depth, the worst frame", PERCENT, "lower"),
        Metric("blank fraction", "frames of nearly one colour", PERCENT, "lower"),
        Metric("boxes *", "boxes of one class", COUNT),
        Metric("findings", "defects found by all checks", COUNT, "lower"),
        Metric("findings *", "defects found by one check", COUNT, "lower", part_of="findings"),
    ),
    "evaluate": (
        Metric("success_rate", "closed-loop episodes that reach the goal", PERCENT, "higher", driven=True),
        Metric("collision_rate", "closed-loop episodes that end in a collision", PERCENT, "lower", driven=True),
        Metric("success_gain", "gain in success over an untrained network, same episodes", PERCENT, "higher",
               driven=True, demanded=True, trivial=0.0,
               lets_through="lets a model be released that drives no better than an untrained one"),
        Metric("success_gain_p", "chance of that gain if it were none (sign test)", "", "lower", driven=True),
        Metric("baseline_success_rate", "episodes in which the untrained network reaches the goal", PERCENT,
               driven=True),
        Metric("episodes", "closed-loop episodes driven", COUNT, "higher", driven=True),
    ),
    "export": (),
    "hil": (
        Metric("safety_trips", "stops by the safety monitor", COUNT, "lower"),
        Metric("latency_p99_ms", "time from frame to command, 99 % of frames", "ms", "lower"),
        Metric("latency_p50_ms", "time from frame to command, half of the frames", "ms", "lower"),
        Metric("latency_max_ms", "time from frame to command, the worst frame", "ms", "lower"),
        Metric("command_error", "distance of commands from the recorded expert's, of each axis's limit", PERCENT,
               "lower"),
        Metric("worst_motion_ms", "time from the last input to the zero command, at most by the limits", "ms", "lower"),
        Metric("worst_motion_m", "distance told in that time, at most by the limits", "m", "lower"),
        Metric("worst_motion_rad", "turn told in that time, at most by the limits", "rad", "lower"),
        Metric("worst_stop_m", "distance until the base stands, at most by the limits", "m", "lower"),
        Metric("worst_stop_rad", "turn until the base stands, at most by the limits", "rad", "lower"),
        Metric("bags", "recorded drives replayed", COUNT, "higher"),
        Metric("frames", "frames sent", COUNT),
        Metric("commands", "frames that got a command", COUNT, "higher"),
        Metric("faults", "frames without an answer and faults of the device", COUNT, "lower"),
        Metric("pacing_p95_ms", "how late the bench sent a frame, 95 % of frames", "ms", "lower"),
        Metric("device_start_ms", "time until the device was ready", "ms"),
        Metric("bench_emulated", "1: the bench is emulated", ""),
    ),
}  # fmt: skip
"""A stage's own, in the order in which people ask."""
