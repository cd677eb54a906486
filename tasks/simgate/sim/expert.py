"""The expert: the driver that training imitates. It sees the whole state, and is a function of it alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simgate.data.sample import Command, Goal
from simgate.scene.robot import RobotModel
from simgate.sim.actor import ActorState, walk_on
from simgate.sim.robot import RobotState, advance, wrap_rad
from simgate.sim.route import RouteMap
from simgate.specs.generate import TaskSpec

LOOKAHEAD_CELLS = 13
TURN_GAIN_PER_S = 2.2
TURN_IN_PLACE_RAD = 1.1
"""Facing further away from its way than this, it turns on the spot."""
SLOW_CLEARANCE_M = 0.15
LEAST_SPEED_SHARE = 0.7
BRAKE_GAIN_PER_S = 2.0
HORIZON_S = 1.2
PREDICTION_STEP_S = 0.15
WALKER_MARGIN_M = 0.15
SPEED_SHARES = (1.0, 0.75, 0.5, 0.25, 0.0)


class Expert:
    """Drives along the route map: steers at the farthest visible cell of the way and yields to walkers ahead."""

    def __init__(self, route: RouteMap, goal: Goal, robot: RobotModel, task: TaskSpec) -> None:
        self._route = route
        self._goal = goal
        self._robot = robot
        self._task = task

    def command(self, state: RobotState, actors: Sequence[ActorState]) -> Command:
        """Return the command for now, within the task's limits; (0, 0) at the goal."""
        left_m = math.dist((state.x_m, state.y_m), (self._goal.x_m, self._goal.y_m))
        if left_m < 0.5 * self._task.goal_radius_m:
            return Command(0.0, 0.0)
        turn = self._turn(state)
        if self._robot.holonomic:
            return self._sliding(state, actors, turn, left_m)
        yaw_rate = _clip(TURN_GAIN_PER_S * turn, self._task.max_yaw_rate_rad_s)
        speed = self._speed(state, turn, left_m)
        return self._yielding(state, actors, Command(speed, yaw_rate))

    def _sliding(self, state: RobotState, actors: Sequence[ActorState], turn: float, left_m: float) -> Command:
        """Drive a holonomic base straight to its steering point, turning to face it on the way."""
        speed = self._roomy_speed(state, left_m) * max(0.0, math.cos(0.5 * turn))
        ahead, aside = speed * max(0.0, math.cos(turn)), speed * math.sin(turn)
        yaw_rate = _clip(TURN_GAIN_PER_S * turn, self._task.max_yaw_rate_rad_s)
        return self._yielding(state, actors, Command(ahead, yaw_rate, aside))

    def _turn(self, state: RobotState) -> float:
        """Return the angle from the robot's heading to the point it steers at."""
        x, y = self._ahead(state)
        return wrap_rad(math.atan2(y - state.y_m, x - state.x_m) - state.yaw_rad)

    def _ahead(self, state: RobotState) -> tuple[float, float]:
        here = (state.x_m, state.y_m)
        cells = self._route.cells_from(*here, LOOKAHEAD_CELLS)
        points = [self._route.grid.center(*cell) for cell in cells[1:]]
        seen = [p for p in points if self._route.sees(here, p)]
        if len(cells) < LOOKAHEAD_CELLS and len(seen) == len(points):
            return self._goal.x_m, self._goal.y_m
        if seen:
            return seen[-1]
        # Off the free cells (pushed by a disturbance): straight back to the way.
        return self._route.grid.center(*cells[min(3, len(cells) - 1)]) if cells else (self._goal.x_m, self._goal.y_m)

    def _speed(self, state: RobotState, turn_rad: float, left_m: float) -> float:
        facing = max(0.0, 1.0 - abs(turn_rad) / TURN_IN_PLACE_RAD)
        return min(self._fair_speed(state) * facing, BRAKE_GAIN_PER_S * left_m)

    def _roomy_speed(self, state: RobotState, left_m: float) -> float:
        return min(self._fair_speed(state), BRAKE_GAIN_PER_S * left_m)

    def _fair_speed(self, state: RobotState) -> float:
        """Return the task's limit, less where it is narrow."""
        margin = self._robot.radius_m + self._task.clearance_m
        clearance = float(self._route.clearance_m[self._route.grid.cell(state.x_m, state.y_m)]) - margin
        narrow = LEAST_SPEED_SHARE + (1.0 - LEAST_SPEED_SHARE) * max(0.0, min(1.0, clearance / SLOW_CLEARANCE_M))
        return self._task.max_speed_m_s * narrow

    def _yielding(self, state: RobotState, actors: Sequence[ActorState], wish: Command) -> Command:
        """Return the fastest share of the wanted speed whose foreseen drive touches no walker; else it stands."""
        for share in SPEED_SHARES:
            command = Command(wish.speed_m_s * share, wish.yaw_rate_rad_s, wish.lateral_speed_m_s * share)
            if all(self._clear(state, actor, command) for actor in actors):
                return command
        return Command(0.0, wish.yaw_rate_rad_s)

    def _clear(self, state: RobotState, actor: ActorState, command: Command) -> bool:
        keep_m = self._robot.radius_m + actor.walk.radius_m + WALKER_MARGIN_M
        now_m = math.dist((state.x_m, state.y_m), actor.position_m)
        speed_m_s = math.hypot(command.speed_m_s, command.lateral_speed_m_s)
        if now_m > keep_m + HORIZON_S * (speed_m_s + actor.walk.speed_m_s):
            return True
        nearest_m = now_m
        for _ in range(math.ceil(HORIZON_S / PREDICTION_STEP_S)):
            state = advance(state, command, PREDICTION_STEP_S, self._robot)
            actor = walk_on(actor, PREDICTION_STEP_S, (state.x_m, state.y_m), self._robot.radius_m)
            nearest_m = min(nearest_m, math.dist((state.x_m, state.y_m), actor.position_m))
        # Leaving a walker that is already too near is always allowed.
        return nearest_m >= min(keep_m, now_m)


def _clip(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))
