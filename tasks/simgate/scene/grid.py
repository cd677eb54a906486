"""Occupancy grid: where the robot's centre may be, and how far the nearest obstacle is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from simgate.scene.raster import DIGITS, Triangles, mark

CELL_M = 0.05
LOWEST_M = 0.05
"""Below this the robot drives over it: thresholds, rugs, cables."""
LEAST_CLEAR_HEIGHT_M = 0.8
"""Nothing drives under a table, however low the robot is: a mast or a payload may stand on it."""
FLOOR_BAND_M = (-0.05, LOWEST_M)
EVERY_M = (-math.inf, math.inf)


@dataclass(frozen=True, slots=True)
class Disc:
    """A round obstacle, world frame."""

    x_m: float
    y_m: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class OccupancyGrid:
    """Cells of `cell_m`; row = y, column = x, cell (0, 0) begins at `origin_m` (world frame)."""

    origin_m: tuple[float, float]
    cell_m: float
    blocked: NDArray[np.bool_]
    """Something stands there, or there is no floor."""
    clearance_m: NDArray[np.float64]
    """Distance of the cell's centre to the nearest blocked cell's nearer edge, 0 where blocked."""

    def cell(self, x_m: float, y_m: float) -> tuple[int, int]:
        """(row, column) of a point, moved to the border if it lies outside."""
        row, column = self._place(x_m, y_m)
        return min(max(row, 0), self.blocked.shape[0] - 1), min(max(column, 0), self.blocked.shape[1] - 1)

    def center(self, row: int, column: int) -> tuple[float, float]:
        """(x, y) of a cell's centre."""
        return self.origin_m[0] + (column + 0.5) * self.cell_m, self.origin_m[1] + (row + 0.5) * self.cell_m

    def clearance_at(self, x_m: float, y_m: float) -> float:
        """Return the distance from a point to the nearest blocked cell, to within a cell; 0 outside the grid."""
        row, column = self._place(x_m, y_m)
        if not (0 <= row < self.blocked.shape[0] and 0 <= column < self.blocked.shape[1]):
            return 0.0
        return float(self.clearance_m[row, column])

    def _place(self, x_m: float, y_m: float) -> tuple[int, int]:
        """Return row and column in whole units, as `mark` counts them: a border belongs to the upper cell."""
        unit = 10**DIGITS
        cell = round(self.cell_m * unit)
        return round((y_m - self.origin_m[1]) * unit) // cell, round((x_m - self.origin_m[0]) * unit) // cell

    def covered(self, area: Triangles) -> NDArray[np.bool_]:
        """Return cells under or over an area of any height (world frame)."""
        return mark(area, z_m=EVERY_M, origin_m=self.origin_m, cell_m=self.cell_m, shape=self.blocked.shape)

    def with_discs(self, discs: Iterable[Disc]) -> NDArray[np.float64]:
        """Return `clearance_m` with the discs added; negative inside a disc."""
        clearance = self.clearance_m.copy()
        xs = self.origin_m[0] + (np.arange(clearance.shape[1]) + 0.5) * self.cell_m
        ys = self.origin_m[1] + (np.arange(clearance.shape[0]) + 0.5) * self.cell_m
        for disc in discs:
            distance = np.hypot(xs[None, :] - disc.x_m, ys[:, None] - disc.y_m) - disc.radius_m
            np.minimum(clearance, distance, out=clearance)
        return clearance


def build(
    surfaces: Triangles, floor: Triangles, *, robot_height_m: float, start_m: tuple[float, float]
) -> OccupancyGrid:
    """Build the grid of a scene: free is the floor around `start_m` with nothing on it up to the robot's height."""
    low = (floor[:, :, :2].min(axis=(0, 1)) - CELL_M).round(DIGITS)
    high = (floor[:, :, :2].max(axis=(0, 1)) + CELL_M).round(DIGITS)
    shape = tuple(int(n) for n in np.ceil(((high - low) / CELL_M).round(DIGITS)).astype(int)[::-1])
    origin = (float(low[0]), float(low[1]))
    top = max(robot_height_m, LEAST_CLEAR_HEIGHT_M)
    size = (shape[0], shape[1])
    on_floor = mark(floor, z_m=FLOOR_BAND_M, origin_m=origin, cell_m=CELL_M, shape=size)
    standing = mark(surfaces, z_m=(LOWEST_M, top), origin_m=origin, cell_m=CELL_M, shape=size)
    free = _connected(on_floor & ~standing, origin, start_m)
    return OccupancyGrid(origin, CELL_M, ~free, clearance_of(~free))


def clearance_of(blocked: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return each cell centre's distance to the edge of the nearest blocked cell (Euclidean distance transform)."""
    padded = np.pad(blocked, 1, constant_values=True)
    distance = ndimage.distance_transform_edt(~padded)[1:-1, 1:-1] * CELL_M
    return np.maximum(np.asarray(distance, dtype=np.float64) - 0.5 * CELL_M, 0.0)


def _connected(
    free: NDArray[np.bool_], origin_m: tuple[float, float], start_m: tuple[float, float]
) -> NDArray[np.bool_]:
    """Return the part of `free` that holds the free cell nearest to `start_m`."""
    regions, count = ndimage.label(free)
    if count == 0:
        return free
    rows, columns = np.nonzero(free)
    dx = origin_m[0] + (columns + 0.5) * CELL_M - start_m[0]
    dy = origin_m[1] + (rows + 0.5) * CELL_M - start_m[1]
    nearest = int(np.argmin(dx * dx + dy * dy))
    return np.asarray(regions == regions[rows[nearest], columns[nearest]], dtype=np.bool_)
