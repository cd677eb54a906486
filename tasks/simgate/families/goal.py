"""The goal as distance and bearing in the base frame."""

from __future__ import annotations

import math
from typing import NamedTuple

from simgate.data.sample import Goal, Odometry


class RelativeGoal(NamedTuple):
    """A goal in the robot's base frame."""

    distance_m: float
    bearing_rad: float
    """From the robot's forward axis, positive to the left, in (-π, π]."""


def relative_goal(goal: Goal, odometry: Odometry) -> RelativeGoal:
    """Return the distance and bearing of a world-frame goal from the robot's pose."""
    east_m, north_m = goal.x_m - odometry.x_m, goal.y_m - odometry.y_m
    turn_rad = math.atan2(north_m, east_m) - odometry.yaw_rad
    return RelativeGoal(math.hypot(east_m, north_m), math.atan2(math.sin(turn_rad), math.cos(turn_rad)))
