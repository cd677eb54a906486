"""World: the robot and the walkers of one episode in motion; every simulator that moves by kinematics shares it."""

from __future__ import annotations

import math

from simgate.data.sample import Command
from simgate.scene.layout import Layout
from simgate.sim.actor import ActorState, begin, walk_on
from simgate.sim.robot import RobotState, motion
from simgate.sim.scenario import Scenario

SUBSTEP_S = 0.05


class World:
    """State of one episode; `step` lets time pass, `touched` says whether the robot hit something on the way."""

    def __init__(self, layout: Layout, scenario: Scenario) -> None:
        self._layout = layout
        self._scenario = scenario
        self.robot = RobotState(scenario.start.x_m, scenario.start.y_m, scenario.start.yaw_rad)
        self.trail: tuple[RobotState, ...] = (self.robot,)
        self.actors: tuple[ActorState, ...] = tuple(begin(walk) for walk in scenario.walks)
        self.touched = False

    @property
    def scenario(self) -> Scenario:
        """The scenario of this episode."""
        return self._scenario

    def step(self, command: Command, dt_s: float) -> None:
        """Move robot and walkers by `dt_s`, in substeps of at most 50 ms, each checked for a collision."""
        count = max(1, math.ceil(dt_s / SUBSTEP_S - 1e-9))
        self.trail = ()
        for _ in range(count):
            self.trail += motion(self.robot, command, dt_s / count, self._layout.robot)
            self.robot = self.trail[-1]
            here, radius_m = (self.robot.x_m, self.robot.y_m), self._layout.robot.radius_m
            self.actors = tuple(walk_on(actor, dt_s / count, here, radius_m) for actor in self.actors)
            self.touched = self.touched or self._touches()

    def _touches(self) -> bool:
        here, radius_m = (self.robot.x_m, self.robot.y_m), self._layout.robot.radius_m
        # Half a cell of grace: the grid knows a wall's place to within that.
        if self._layout.grid.clearance_at(*here) + 0.5 * self._layout.grid.cell_m < radius_m:
            return True
        standing = ((p.x_m, p.y_m, p.radius_m) for p in self._scenario.placements)
        walking = ((*actor.position_m, actor.walk.radius_m) for actor in self.actors)
        return any(math.dist(here, (x, y)) < radius_m + r for x, y, r in (*standing, *walking))
