"""Metrics: what the figures of a navigator's verdicts and its losses mean."""

from __future__ import annotations

from simgate.specs.metrics import PERCENT, Metric

METRICS = {
    "evaluate": (
        Metric("map_50", "detection: mean average precision at IoU 0.5", "", "higher"),
        Metric("command_error", "distance of commands from the expert's, of each axis's range", PERCENT, "lower"),
    ),
    "export": (
        Metric("command.speed_m_s.max", "largest change of a speed by export", "m/s", "lower"),
        Metric("command.yaw_rate_rad_s.max", "largest change of a yaw rate by export", "rad/s", "lower"),
        Metric("box.edge_px.max", "largest shift of a box edge by export", "px", "lower"),
        Metric("box.score.max", "largest change of a score by export", "", "lower"),
    ),
}
CURVES = {
    "Detection": {"heat": "heat (focal)", "box": "box (1 - GIoU)"},
    "Navigation": {"command": "command (smooth L1)"},
}
"""Losses by section of the page of a training, and what each is called there."""
