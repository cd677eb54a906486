"""Metrics: what the figures of a perception network's verdicts and its losses mean."""

from __future__ import annotations

from simgate.specs.metric import PERCENT, Metric

METRICS = {
    "evaluate": (
        Metric("balanced_accuracy", "pictures whose largest object is named right, mean over classes", PERCENT,
               "higher", demanded=True, trivial=0.1, lets_through="asks no more of a class than a guess gives"),
        Metric("box_overlap", "overlap of the box with that object's, mean", "", "higher",
               demanded=True, trivial=0.0, lets_through="asks nothing of evaluate's box_overlap"),
    ),
    "export": (
        Metric("label.score.max", "largest change of a class's probability by export", "", "lower", demanded=True,
               usual=1e-3),
        Metric("box.edge_share.max", "largest shift of a box edge by export, of the picture's edge", PERCENT, "lower",
               demanded=True, usual=1e-3),
    ),
}  # fmt: skip
CURVES = {"Class": {"label": "class (cross entropy)"}, "Box": {"box": "box (smooth L1)"}}
"""Losses by section of the page of a training, and what each is called there."""
