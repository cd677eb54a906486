"""Routes to a goal: from any free cell, the way down, computed once per goal and set of obstacles."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from simgate.scene.grid import OccupancyGrid

COMFORT_M = 0.30
"""Nearer than this beyond the margin, an obstacle makes the way longer."""
COMFORT_COST = 3.0
"""Factor of a cell's length at the margin itself."""
SEARCH_CELLS = 12
"""A robot pushed off the free cells is led back from at most this many cells away."""
STRAIGHT_STEP_CELLS = 0.5


@dataclass(frozen=True, slots=True)
class RouteMap:
    """Shortest ways to one goal over the cells that keep the margin (Dijkstra, 8 neighbours, dearer near obstacles)."""

    grid: OccupancyGrid
    free: NDArray[np.bool_]
    clearance_m: NDArray[np.float64]
    """With the static obstacles; beyond the robot's centre."""
    cost: NDArray[np.float64]
    """Infinite where there is no way."""
    parents: NDArray[np.int32]
    """Flat index of the next cell on the way; negative at the goal and where there is none."""

    def reaches(self, x_m: float, y_m: float) -> bool:
        """Return whether a way leads from this position to the goal."""
        return bool(np.isfinite(self.cost[self.grid.cell(x_m, y_m)]))

    def cells_from(self, x_m: float, y_m: float, limit: int) -> list[tuple[int, int]]:
        """Return the next cells of the way, at most `limit`; from the nearest reachable cell if this one is blocked."""
        here = self._nearest(*self.grid.cell(x_m, y_m))
        cells = [here] if here is not None else []
        while cells and len(cells) < limit:
            parent = int(self.parents[cells[-1]])
            if parent < 0:
                break
            cells.append((parent // self.free.shape[1], parent % self.free.shape[1]))
        return cells

    def path_from(self, x_m: float, y_m: float) -> tuple[tuple[float, float], ...]:
        """Return the whole way as points (x, y), straightened; empty if there is none."""
        cells = self.cells_from(x_m, y_m, self.free.size)
        points = [self.grid.center(*cell) for cell in cells]
        return tuple(self._straighten(points))

    def sees(self, a: tuple[float, float], b: tuple[float, float]) -> bool:
        """Return whether the straight line between two points stays on free cells."""
        count = max(1, math.ceil(math.dist(a, b) / (STRAIGHT_STEP_CELLS * self.grid.cell_m)))
        for i in range(count + 1):
            share = i / count
            if not self.free[self.grid.cell(a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]))]:
                return False
        return True

    def _nearest(self, row: int, column: int) -> tuple[int, int] | None:
        if np.isfinite(self.cost[row, column]):
            return row, column
        top, left = max(0, row - SEARCH_CELLS), max(0, column - SEARCH_CELLS)
        window = self.cost[top : row + SEARCH_CELLS + 1, left : column + SEARCH_CELLS + 1]
        rows, columns = np.nonzero(np.isfinite(window))
        if not len(rows):
            return None
        best = int(np.argmin((rows + top - row) ** 2 + (columns + left - column) ** 2))
        return int(rows[best]) + top, int(columns[best]) + left

    def _straighten(self, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        """Leave out points while the short cut stays free and short (the detour around corners is wanted)."""
        kept = points[:1]
        for i in range(1, len(points) - 1):
            far = math.dist(kept[-1], points[i + 1]) > 0.6
            if far or not self.sees(kept[-1], points[i + 1]):
                kept.append(points[i])
        return kept + points[-1:] if len(points) > 1 else kept


def plan(
    grid: OccupancyGrid,
    clearance_m: NDArray[np.float64],
    goal_m: tuple[float, float],
    *,
    margin_m: float,
    limit_m: float,
) -> RouteMap:
    """Plan ways to `goal_m`, none dearer than `limit_m`, for a centre that keeps `margin_m` from every obstacle."""
    free = clearance_m >= margin_m
    comfort = np.clip((clearance_m - margin_m) / COMFORT_M, 0.0, 1.0)
    weight = 1.0 + (COMFORT_COST - 1.0) * (1.0 - comfort) ** 2
    graph = _graph(free, weight * grid.cell_m)
    goal = np.ravel_multi_index(grid.cell(*goal_m), free.shape)
    cost, parents = csgraph.dijkstra(graph, directed=False, indices=int(goal), return_predecessors=True, limit=limit_m)
    blocked = ~free.ravel()
    cost[blocked] = np.inf
    return RouteMap(grid, free, clearance_m, cost.reshape(free.shape), parents.reshape(free.shape))


def _graph(free: NDArray[np.bool_], cost_m: NDArray[np.float64]) -> sparse.csr_array:
    index = np.arange(free.size).reshape(free.shape)
    height, width = free.shape
    heads, tails, costs = [], [], []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a = (slice(0, height - down), slice(max(0, -right), width - max(0, right)))
        b = (slice(down, height), slice(max(0, right), width - max(0, -right)))
        both = free[a] & free[b]
        heads.append(index[a][both])
        tails.append(index[b][both])
        costs.append(0.5 * (cost_m[a] + cost_m[b])[both] * math.hypot(down, right))
    edges = (np.concatenate(costs), (np.concatenate(heads), np.concatenate(tails)))
    return sparse.csr_array(edges, shape=(free.size, free.size))


def length_m(path: tuple[tuple[float, float], ...]) -> float:
    """Return the length of a polyline."""
    return sum(math.dist(a, b) for a, b in itertools.pairwise(path))
