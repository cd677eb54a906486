"""Targets: one frame's obstacles as the grids that the detection head is asked for.

Heat as in CenterNet (Zhou et al., 2019) with the elliptical Gaussian of TTFNet (Liu et al., 2020: σ = 0.54 · size / 6),
so that a cell beside an object's centre is punished less. A box is asked for in the centre cell and in those of its
eight neighbours whose centre is inside the object.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simgate.families.base_contract import Floats
from simgate.families.navigator.contract import NavigatorContract
from simgate.families.truth import Truth

Edges = NDArray[np.float64]

SIGMA_OF_SIZE = 0.54 / 6
MIN_SIGMA = 0.35
"""Cells; the Gaussian of an object smaller than a cell still reaches its neighbours a little."""


class Grids(NamedTuple):
    """Targets of one frame, float32."""

    heat: Floats
    """classes × rows × columns, 1 at centres; -1 where nothing is asked (objects that do not count)."""
    corners: Floats
    """4 × rows × columns: x_min, y_min, x_max, y_max of the cell's object, in cells; all 0 where there is none."""


def grids_of(contract: NavigatorContract, truths: Sequence[Truth]) -> Grids:
    """Make the grids of one frame; of two objects in one cell the smaller counts, as in FCOS (Tian et al., 2019)."""
    rows, columns = contract.grid
    heat = np.zeros((len(contract.obstacles), rows, columns), dtype=np.float32)
    corners = np.zeros((4, rows, columns), dtype=np.float32)
    for truth in sorted(truths, key=lambda item: (item.counted, -_area(item))):
        edges = np.asarray(truth.corners, dtype=np.float64) / contract.stride_px
        plane = heat[contract.obstacles.index(truth.label)]
        if truth.counted:
            np.maximum(plane, _gaussian(edges, rows, columns), out=plane)
            _ask_box(corners, edges)
        else:
            plane[_covered(edges, rows, columns)] = -1.0
    return Grids(heat, corners)


def _area(truth: Truth) -> float:
    x_min, y_min, x_max, y_max = truth.corners
    return (x_max - x_min) * (y_max - y_min)


def _centre_cell(edges: Edges, rows: int, columns: int) -> tuple[int, int]:
    column = min(int((edges[0] + edges[2]) / 2), columns - 1)
    return min(int((edges[1] + edges[3]) / 2), rows - 1), column


def _gaussian(edges: Edges, rows: int, columns: int) -> Floats:
    row, column = _centre_cell(edges, rows, columns)
    sigma_x = max(SIGMA_OF_SIZE * (edges[2] - edges[0]), MIN_SIGMA)
    sigma_y = max(SIGMA_OF_SIZE * (edges[3] - edges[1]), MIN_SIGMA)
    dx = (np.arange(columns) - column)[None, :] / sigma_x
    dy = (np.arange(rows) - row)[:, None] / sigma_y
    bump: Floats = np.exp(-(dx * dx + dy * dy) / 2).astype(np.float32)
    return bump


def _ask_box(corners: Floats, edges: Edges) -> None:
    rows, columns = corners.shape[1:]
    centre = _centre_cell(edges, rows, columns)
    for row in range(max(centre[0] - 1, 0), min(centre[0] + 2, rows)):
        for column in range(max(centre[1] - 1, 0), min(centre[1] + 2, columns)):
            inside = edges[0] < column + 0.5 < edges[2] and edges[1] < row + 0.5 < edges[3]
            if inside or (row, column) == centre:
                corners[:, row, column] = edges


def _covered(edges: Edges, rows: int, columns: int) -> tuple[slice, slice]:
    x_min, y_min, x_max, y_max = edges
    return slice(int(y_min), min(int(np.ceil(y_max)), rows)), slice(int(x_min), min(int(np.ceil(x_max)), columns))
