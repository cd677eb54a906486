"""RobotModel: the robot's dimensions, as its USD gives them."""

from __future__ import annotations

from dataclasses import dataclass

from simgate.scene.usd_scene import UsdScene


@dataclass(frozen=True, slots=True)
class RobotModel:
    """Dimensions of the robot, from its USD."""

    radius_m: float
    """Of the disc around the base's origin that holds the robot, seen from above."""
    height_m: float
    wheel_radius_m: float
    track_width_m: float
    """Distance between the wheels' contact points."""


def read_robot(usd: UsdScene, *, radius_m: float, height_m: float) -> RobotModel:
    """Read the robot of a scene whose surfaces fill this disc and height."""
    return RobotModel(radius_m, height_m, usd.wheel_radius_m, usd.track_width_m)
