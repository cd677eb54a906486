"""Rasterisation of triangles into a grid seen from above: by points on the surfaces, not by bounding boxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Triangles = NDArray[np.float64]
"""count × 3 corners × (x, y, z), metres; in the world frame unless it is said."""

MAX_CHUNK_POINTS = 400_000
DIGITS = 5
"""Coordinates and radii count to a hundredth of a millimetre: another processor's last bits move no cell."""


def rounded(metres: float) -> float:
    """Round a length to the precision that counts."""
    return round(float(metres), DIGITS)


def mark(
    triangles: Triangles,
    *,
    z_m: tuple[float, float],
    origin_m: tuple[float, float],
    cell_m: float,
    shape: tuple[int, int],
) -> NDArray[np.bool_]:
    """Mark cells (row = y, column = x) under or over any surface point with its height in the closed interval `z_m`."""
    mask = np.zeros(shape, dtype=np.bool_)
    low, high = triangles[:, :, 2].min(axis=1), triangles[:, :, 2].max(axis=1)
    near = triangles[(low <= z_m[1]) & (high >= z_m[0])]
    if not len(near):
        return mask
    longest_m = np.linalg.norm(near - np.roll(near, 1, axis=1), axis=2).max(axis=1)
    # Half a cell between neighbouring points: no cell that a surface crosses for more than half its width is missed.
    steps = 2 ** np.ceil(np.log2(np.maximum(longest_m / (0.5 * cell_m), 1.0))).astype(int)
    for count in np.unique(steps):
        weights = _lattice(int(count))
        group = near[steps == count]
        size = max(1, MAX_CHUNK_POINTS // len(weights))
        for start in range(0, len(group), size):
            _set(mask, _points(weights, group[start : start + size], z_m), origin_m, cell_m)
    return mask


def _points(weights: NDArray[np.float64], group: Triangles, z_m: tuple[float, float]) -> NDArray[np.float64]:
    """(x, y) of the points of some triangles whose height lies in the interval."""
    x, y, z = (_along(weights, group[:, :, axis]) for axis in range(3))
    inside = (z >= z_m[0]) & (z <= z_m[1])
    return np.stack([x[inside], y[inside]], axis=1)


def _along(weights: NDArray[np.float64], corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute a coordinate of each point of each triangle, term by term, so that every machine adds in this order."""
    a, b, c = weights.T
    found: NDArray[np.float64] = a * corners[:, 0, None]
    found += b * corners[:, 1, None]
    found += c * corners[:, 2, None]
    return found.round(DIGITS)


def _lattice(count: int) -> NDArray[np.float64]:
    """Return barycentric weights of the points that divide each edge into `count` parts."""
    first, second = np.meshgrid(np.arange(count + 1), np.arange(count + 1), indexing="ij")
    inside = first + second <= count
    a, b = first[inside] / count, second[inside] / count
    return np.stack([a, b, 1.0 - a - b], axis=1)


def _set(mask: NDArray[np.bool_], points: NDArray[np.float64], origin_m: tuple[float, float], cell_m: float) -> None:
    # Whole units: a wall on the border of two cells is in the upper one, whatever its last bits are.
    units = np.rint((points - np.asarray(origin_m)) * 10**DIGITS).astype(np.int64)
    columns, rows = (units // round(cell_m * 10**DIGITS)).T
    inside = (columns >= 0) & (rows >= 0) & (columns < mask.shape[1]) & (rows < mask.shape[0])
    mask[rows[inside], columns[inside]] = True
