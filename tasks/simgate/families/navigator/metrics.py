"""Metrics: what the figures of a navigator's verdicts and its losses mean."""

from __future__ import annotations

from simgate.specs.metric import PERCENT, Metric

METRICS = {
    "evaluate": (
        Metric("map_50", "detection: mean average precision at IoU 0.5", "", "higher", demanded=True, trivial=0.0,
               lets_through="asks nothing of evaluate's map_50"),
        Metric("command_error", "distance of commands from the expert's, of each axis's range", PERCENT, "lower",
               demanded=True, trivial=1.0, lets_through="lets a command be wrong by its whole range"),
    ),
    "export": (
        Metric("command.speed_m_s.max", "largest change of a speed by export", "m/s", "lower", demanded=True,
               usual=1e-3),
        Metric("command.yaw_rate_rad_s.max", "largest change of a yaw rate by export", "rad/s", "lower", demanded=True,
               usual=1e-3),
        Metric("box.edge_px.max", "largest shift of a box edge by export", "px", "lower", demanded=True, usual=0.1),
        Metric("box.score.max", "largest change of a score by export", "", "lower", demanded=True, usual=1e-3),
    ),
}  # fmt: skip
CURVES = {
    "Detection": {"heat": "heat (focal)", "box": "box (1 - GIoU)"},
    "Navigation": {"command": "command (smooth L1)"},
}
"""Losses by section of the page of a training, and what each is called there."""
