"""Metrics: what the figures of a pilot's verdicts and its losses mean."""

from __future__ import annotations

from simgate.specs.metric import PERCENT, Metric

METRICS = {
    "evaluate": (
        Metric("drive_error", "distance of commands from the expert's, of each axis's limit", PERCENT, "lower",
               demanded=True),
        Metric("clear_hits", "frames whose clearance is right", PERCENT, "higher", demanded=True),
    ),
    "export": tuple(
        Metric(f"{name}.max", f"largest change of {name} by export", "", "lower", demanded=True, usual=1e-3)
        for name in ("speed", "turn", "clear")
    ),
}  # fmt: skip
CURVES = {"Pilot": {"drive": "drive (smooth L1)", "clear": "clear (cross entropy)"}}
