"""Actors: obstacles that stand, and people or machines that walk to and fro on a straight line."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

YIELD_DISTANCE_M = 0.45
"""A walker whose edge would come nearer than this to the robot's edge turns back: it never walks into a robot."""


@dataclass(frozen=True, slots=True)
class Placement:
    """An actor that stands still for the whole episode, world frame."""

    actor: str
    """Path of its prim."""
    x_m: float
    y_m: float
    yaw_rad: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class Walk:
    """An actor's line, walked to and fro, world frame."""

    actor: str
    """Path of its prim."""
    from_m: tuple[float, float]
    to_m: tuple[float, float]
    speed_m_s: float
    start: float
    """Place on the line where it begins, 0 to 1."""
    forward: bool
    """It begins towards `to_m`."""
    radius_m: float

    @property
    def length_m(self) -> float:
        """Length of the line."""
        return math.dist(self.from_m, self.to_m)


@dataclass(frozen=True, slots=True)
class ActorState:
    """A walker at one instant, world frame."""

    walk: Walk
    along_m: float
    """Distance from `walk.from_m`."""
    direction: int
    """+1 towards `walk.to_m`, −1 back."""

    @property
    def position_m(self) -> tuple[float, float]:
        """Position (x, y), world frame."""
        share = self.along_m / self.walk.length_m
        return (
            self.walk.from_m[0] + share * (self.walk.to_m[0] - self.walk.from_m[0]),
            self.walk.from_m[1] + share * (self.walk.to_m[1] - self.walk.from_m[1]),
        )

    @property
    def yaw_rad(self) -> float:
        """Heading, which is the direction of the walk, world frame."""
        dx = (self.walk.to_m[0] - self.walk.from_m[0]) * self.direction
        dy = (self.walk.to_m[1] - self.walk.from_m[1]) * self.direction
        return math.atan2(dy, dx)


def begin(walk: Walk) -> ActorState:
    """Return the walker at the start of an episode."""
    return ActorState(walk, walk.start * walk.length_m, 1 if walk.forward else -1)


def stroll(state: ActorState, dt_s: float) -> ActorState:
    """Return the walker after `dt_s` with nobody in its way; it turns at both ends."""
    length = state.walk.length_m
    along = state.along_m + state.direction * state.walk.speed_m_s * dt_s
    if along > length:
        return replace(state, along_m=max(0.0, 2 * length - along), direction=-1)
    if along < 0.0:
        return replace(state, along_m=min(length, -along), direction=1)
    return replace(state, along_m=along)


def walk_on(state: ActorState, dt_s: float, robot_m: tuple[float, float], robot_radius_m: float) -> ActorState:
    """Return the walker after `dt_s`; it turns back, or stands, instead of walking into the robot.

    So a collision is always the robot's doing.
    """
    reach_m = state.walk.radius_m + robot_radius_m + YIELD_DISTANCE_M
    now_m = math.dist(state.position_m, robot_m)
    for wish in (state, replace(state, direction=-state.direction)):
        after = stroll(wish, dt_s)
        next_m = math.dist(after.position_m, robot_m)
        if next_m >= min(reach_m, now_m):
            return after
    return state
