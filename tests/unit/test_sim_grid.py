"""Occupancy grid and routes: surfaces block, tables block, thresholds do not, and ways keep their margin."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simgate.scene.grid import CELL_M, Disc, OccupancyGrid, build, clearance_of
from simgate.scene.raster import Triangles, mark
from simgate.sim.route import length_m, plan

FLOOR = np.array([[[0, 0, 0], [4, 0, 0], [4, 3, 0]], [[0, 0, 0], [4, 3, 0], [0, 3, 0]]], dtype=np.float64)


def wall(x_m: float, z_m: tuple[float, float], y_m: tuple[float, float] = (0.0, 3.0)) -> Triangles:
    """A thin upright sheet across the room."""
    a, b, c, d = ([x_m, y_m[0], z_m[0]], [x_m, y_m[1], z_m[0]], [x_m, y_m[1], z_m[1]], [x_m, y_m[0], z_m[1]])
    return np.array([[a, b, c], [a, c, d]], dtype=np.float64)


def grid_of(*surfaces: Triangles) -> OccupancyGrid:
    """A 4 × 3 m room, entered at (1, 1.5)."""
    return build(np.concatenate([FLOOR, *surfaces]), FLOOR, robot_height_m=0.5, start_m=(1.0, 1.5))


def test_a_wall_closes_off_what_is_behind_it() -> None:
    grid = grid_of(wall(2.0, (0.0, 2.0)))
    assert not grid.blocked[grid.cell(1.0, 1.0)]
    assert grid.blocked[grid.cell(2.0, 1.0)]
    assert grid.blocked[grid.cell(3.0, 1.0)]


@pytest.mark.parametrize("z_m", [(0.0, 0.04), (2.0, 2.5)])
def test_thresholds_and_lintels_do_not_block(z_m: tuple[float, float]) -> None:
    grid = grid_of(wall(2.0, z_m))
    assert not grid.blocked[grid.cell(2.0, 1.0)]
    assert not grid.blocked[grid.cell(3.0, 1.0)]


def test_a_table_top_blocks_although_the_robot_is_lower() -> None:
    grid = grid_of(wall(2.0, (0.70, 0.75)))
    assert grid.blocked[grid.cell(2.0, 1.0)]


def test_a_diagonal_blocks_its_own_cells_and_not_its_bounding_box() -> None:
    sheet = np.array([[[1, 0.2, 0], [3, 2.8, 0], [3, 2.8, 1]], [[1, 0.2, 0], [3, 2.8, 1], [1, 0.2, 1]]], dtype=float)
    mask = mark(sheet, z_m=(0.05, 0.8), origin_m=(0.0, 0.0), cell_m=CELL_M, shape=(60, 80))
    assert mask[30, 40]
    assert not mask[50, 25]
    assert mask.sum() < 150


def test_clearance_is_the_distance_to_the_nearest_blocked_edge() -> None:
    blocked = np.zeros((21, 21), dtype=np.bool_)
    blocked[:, 0] = True
    clearance = clearance_of(blocked)
    assert clearance[10, 0] == 0.0
    assert clearance[10, 6] == pytest.approx(5.5 * CELL_M)


def test_discs_lower_the_clearance_around_them() -> None:
    grid = grid_of()
    clearance = grid.with_discs([Disc(2.0, 1.5, 0.3)])
    assert clearance[grid.cell(2.0, 1.5)] < 0.0
    assert clearance[grid.cell(2.5, 1.5)] == pytest.approx(0.2, abs=CELL_M)


def test_outside_the_grid_there_is_no_clearance() -> None:
    assert grid_of().clearance_at(-5.0, 1.0) == 0.0


def test_a_way_leads_through_the_gap_and_keeps_its_margin() -> None:
    grid = grid_of(wall(2.0, (0.0, 2.0), (0.0, 2.0)))
    route = plan(grid, grid.clearance_m, (3.5, 0.6), margin_m=0.3, limit_m=20.0)
    path = route.path_from(0.6, 0.6)
    assert math.dist(path[-1], (3.5, 0.6)) < CELL_M
    assert max(y for _, y in path) > 2.0
    assert all(grid.clearance_at(*point) >= 0.3 - CELL_M for point in path)
    assert 3.5 < length_m(path) < 6.5


def test_there_is_no_way_through_a_gap_that_is_too_narrow() -> None:
    grid = grid_of(wall(2.0, (0.0, 2.0), (0.0, 2.6)))
    route = plan(grid, grid.clearance_m, (3.5, 0.6), margin_m=0.3, limit_m=20.0)
    assert not route.reaches(0.6, 0.6)
    assert route.path_from(0.6, 0.6) == ()


@settings(max_examples=30, deadline=None)
@given(st.floats(0.4, 3.6), st.floats(0.4, 2.6))
def test_every_way_ends_at_the_goal_on_free_cells(x_m: float, y_m: float) -> None:
    grid = grid_of(wall(2.0, (0.0, 2.0), (0.0, 1.8)))
    route = plan(grid, grid.clearance_m, (3.5, 0.6), margin_m=0.25, limit_m=20.0)
    cells = route.cells_from(x_m, y_m, 10_000)
    assert cells[-1] == grid.cell(3.5, 0.6)
    assert all(route.free[cell] for cell in cells)
