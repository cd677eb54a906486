"""A furnished room as a bare layout, without any USD or simulator: for tests of planning and driving."""

from __future__ import annotations

import numpy as np

from simgate.scene.grid import CELL_M, OccupancyGrid, clearance_of
from simgate.scene.layout import ActorModel, Layout
from simgate.scene.robot import RobotModel
from simgate.specs.generate import GenerateSpec, Range, TaskSpec
from tests.unit.tiny_scene import spec

__all__ = ["furnished", "room_spec"]


def furnished() -> Layout:
    """10 × 8 m with five pieces of furniture, six things that stand and two walkers."""
    blocked = np.zeros((160, 200), dtype=np.bool_)
    blocked[:2] = blocked[-2:] = True
    blocked[:, :2] = blocked[:, -2:] = True
    for rows, columns in (
        ((30, 60), (40, 60)),
        ((100, 120), (80, 110)),
        ((60, 90), (150, 160)),
        ((120, 160), (30, 36)),
    ):
        blocked[slice(*rows), slice(*columns)] = True
    grid = OccupancyGrid((-5.0, -4.0), CELL_M, blocked, clearance_of(blocked))
    standing = tuple(ActorModel(f"/World/actors/box_{i}", "static", "box", 0.2 + 0.03 * i) for i in range(6))
    walking = tuple(ActorModel(f"/World/actors/person_{i}", "moving", "person", 0.3) for i in range(2))
    return Layout(grid, ~blocked, (*standing, *walking), RobotModel(0.23, 0.5, 0.08, 0.36), 3, 20)


def room_spec() -> GenerateSpec:
    """The default task in that room."""
    return spec(scene="room", task=TaskSpec(goal_distance_m=Range(low=2.0, high=4.0)))
