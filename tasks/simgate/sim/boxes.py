"""Boxes: 2D boxes of the visible components, with the share of each that something else hides."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from simgate.data.sample import Box
from simgate.scene.components import Component

MIN_VISIBLE_PX = 12
"""A component with fewer visible pixels gets no box."""

Covered = Callable[[int], NDArray[np.bool_]]
"""Instance → height × width: the pixels it would fill alone."""


def boxes_of(instance: NDArray[np.uint16], components: Sequence[Component], covered: Covered) -> tuple[Box, ...]:
    """Return boxes of every component with enough visible pixels, in the order of their instance ids.

    `occlusion` is 1 − visible / unoccluded, both counted inside the picture.
    """
    counts = np.bincount(instance.ravel(), minlength=len(components) + 1)
    spans = ndimage.find_objects(instance)
    boxes = []
    for identity in np.flatnonzero(counts >= MIN_VISIBLE_PX).tolist():
        if identity == 0 or not components[identity - 1].boxed:
            continue
        visible = int(counts[identity])
        hidden = int(np.count_nonzero(covered(identity) & (instance != identity)))
        rows, columns = spans[identity - 1]
        edges = (columns.start, rows.start, columns.stop, rows.stop)
        boxes.append(Box(identity, components[identity - 1].label, *edges, visible, hidden / (hidden + visible)))
    return tuple(boxes)
