"""Layout: what a scenario is drawn from."""

from __future__ import annotations

from dataclasses import dataclass

from simgate.sim.actor import ActorModel
from simgate.sim.grid import OccupancyGrid
from simgate.sim.robot import RobotModel


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything about an opened scene that does not change between episodes."""

    grid: OccupancyGrid
    """Occupancy of the bare scene, without its actors."""
    actors: tuple[ActorModel, ...]
    """Sorted by path."""
    robot: RobotModel
    light_count: int
    component_count: int
    """Labelled components, the robot and the actors included."""
