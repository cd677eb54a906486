"""Boxes: objects that a network found in a picture, and how far two boxes overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Detection(NamedTuple):
    """One object found in a picture; edges in pixels, inside the picture, max edges exclusive."""

    label: str
    score: float
    x_min: float
    y_min: float
    x_max: float
    y_max: float


def overlap(first: Sequence[float], second: Sequence[float]) -> float:
    """Intersection over union of two boxes (x_min, y_min, x_max, y_max); 0 for empty ones."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (first, second)]
    return width * height / (areas[0] + areas[1] - width * height)
