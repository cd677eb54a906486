"""Detections: how the output grids `heat` and `box` are read.

An anchor-free grid as in CenterNet (Zhou, Wang, Krähenbühl, "Objects as Points", 2019): a class's heat is high in the
cell of an object's centre, and the local maxima of 3 × 3 cells are the candidates. A cell's box is the offset of the
box centre from the cell's own centre and the logarithm of the box's size, both in cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simgate.families.base_contract import Floats
from simgate.families.box import Detection, overlap

LOG_SIZE_LIMIT = 5.0
"""Sizes are cut at exp(±5) cells: keeps a broken network's boxes finite."""

HEAT_DECIMALS = 4
"""Of the logits that decide."""


class GridReading(Protocol):
    """The fields of a navigator's contract that say how its grids are read; their units are said there."""

    @property
    def obstacles(self) -> tuple[str, ...]: ...
    @property
    def grid(self) -> tuple[int, int]: ...
    @property
    def stride_px(self) -> int: ...
    @property
    def image_width_px(self) -> int: ...
    @property
    def image_height_px(self) -> int: ...
    @property
    def score_threshold(self) -> float: ...
    @property
    def overlap_threshold(self) -> float: ...
    @property
    def max_detections(self) -> int: ...


def detections(
    contract: GridReading, heat: Floats, box: Floats, *, score_threshold: float | None = None
) -> list[Detection]:
    """Decode the grids of one picture: heat C × rows × columns (logits), box 4 × rows × columns; best score first.

    `score_threshold` replaces the contract's, for a whole precision-recall curve.
    """
    threshold = contract.score_threshold if score_threshold is None else score_threshold
    # Cells that differ by less than this are equal in every engine: rounding errors must not choose the peak.
    heat = np.round(heat, HEAT_DECIMALS)
    scores = 1.0 / (1.0 + np.exp(-heat.astype(np.float64)))
    kept = np.argwhere((scores >= threshold) & (heat == _local_maximum(heat)))
    order = np.argsort([-scores[tuple(cell)] for cell in kept], kind="stable")
    corners = corner_grid(contract, box)
    found = [
        Detection(contract.obstacles[c], float(scores[c, row, column]), *map(float, corners[:, row, column]))
        for c, row, column in kept[order]
    ]
    inside = [item for item in found if item.x_max > item.x_min and item.y_max > item.y_min]
    return _without_doubles(inside, contract)


def corner_grid(contract: GridReading, box: Floats) -> NDArray[np.float64]:
    """Return each cell's box as 4 × rows × columns: x_min, y_min, x_max, y_max in pixels, inside the picture."""
    rows, columns = contract.grid
    dx, dy, log_width, log_height = box.astype(np.float64)
    x = np.arange(columns)[None, :] + 0.5 + dx
    y = np.arange(rows)[:, None] + 0.5 + dy
    half_width = np.exp(np.clip(log_width, -LOG_SIZE_LIMIT, LOG_SIZE_LIMIT)) / 2
    half_height = np.exp(np.clip(log_height, -LOG_SIZE_LIMIT, LOG_SIZE_LIMIT)) / 2
    corners = np.stack([x - half_width, y - half_height, x + half_width, y + half_height]) * contract.stride_px
    limits = np.array([contract.image_width_px, contract.image_height_px] * 2, dtype=np.float64)
    cut: NDArray[np.float64] = np.clip(corners, 0.0, limits[:, None, None])
    return cut


def _local_maximum(heat: Floats) -> Floats:
    """Return the maximum of each cell's 3 × 3 neighbourhood, same shape."""
    padded = np.pad(heat, ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    largest: Floats = windows.max(axis=(3, 4))
    return largest


def _without_doubles(found: Sequence[Detection], contract: GridReading) -> list[Detection]:
    """Drop doubles within a class (greedy non-maximum suppression)."""
    kept: list[Detection] = []
    for candidate in found:
        rivals = (other for other in kept if other.label == candidate.label)
        if all(overlap(other[2:], candidate[2:]) <= contract.overlap_threshold for other in rivals):
            kept.append(candidate)
        if len(kept) == contract.max_detections:
            break
    return kept
