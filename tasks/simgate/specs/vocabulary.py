"""The class names that labels, masks, boxes and networks share."""

from __future__ import annotations

CLASSES: tuple[str, ...] = (
    "floor", "wall", "ceiling", "door", "window", "table", "chair", "sofa", "shelf", "cabinet", "bed", "lamp", "plant",
    "monitor", "book", "picture", "rug", "box", "bin", "cone", "pallet", "rack", "barrel", "forklift", "appliance",
    "person", "robot",
)  # fmt: skip
"""Semantic id = index + 1; 0 is background or a class that is not listed."""

OBSTACLES: tuple[str, ...] = ("person", "box", "chair", "cone", "bin")
"""Classes that are placed in a robot's way, and by which a dataset is counted."""
