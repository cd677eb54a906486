"""Truth: the objects of a picture as a network is asked for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from simgate.data.sample import Box

MIN_EDGE_PX = 8
"""A cell of the detection grid."""
MIN_VISIBLE_PX = 20
MAX_OCCLUSION = 0.7
"""Smaller or more hidden objects are neither asked for nor punished: KITTI's "don't care" (Geiger et al., 2012)."""


@dataclass(frozen=True, slots=True)
class Truth:
    """One obstacle in a picture; edges in pixels, max edges exclusive."""

    label: str
    corners: tuple[float, float, float, float]
    """x_min, y_min, x_max, y_max."""
    counted: bool
    """False: too small or too hidden; finding it is neither right nor wrong."""


def truths_of(boxes: Iterable[Box], labels: Collection[str]) -> tuple[Truth, ...]:
    """Return the objects of those classes."""
    return tuple(truth_of(box) for box in boxes if box.label in labels)


def truth_of(box: Box) -> Truth:
    """Return the box as the detector is asked for it."""
    width_px, height_px = box.x_max_px - box.x_min_px, box.y_max_px - box.y_min_px
    large = min(width_px, height_px) >= MIN_EDGE_PX and box.visible_px >= MIN_VISIBLE_PX
    corners = (float(box.x_min_px), float(box.y_min_px), float(box.x_max_px), float(box.y_max_px))
    return Truth(box.label, corners, large and box.occlusion <= MAX_OCCLUSION)
