"""RobotModel: what a scene's robot is and how it moves, as its USD says."""

from __future__ import annotations

import math
from dataclasses import dataclass

from simgate.core.documents.names import Drive
from simgate.core.errors import InputError
from simgate.scene.components import ROBOT_PATH
from simgate.scene.usd_scene import UsdScene

ACCELERATION_M_S2 = 2.5
YAW_ACCELERATION_RAD_S2 = 12.0


@dataclass(frozen=True, slots=True)
class RobotModel:
    """Dimensions and limits of the robot, from its USD."""

    radius_m: float
    """Of the disc around the base's origin that holds the robot, seen from above."""
    height_m: float
    wheel_radius_m: float
    """Of a differential drive's two driven wheels; 0 for a holonomic base."""
    track_width_m: float
    """Distance between those wheels' contact points; 0 for a holonomic base."""
    drive: Drive = "differential"
    """A holonomic base also moves sideways; a differential drive moves along its x axis alone."""
    max_acceleration_m_s2: float = ACCELERATION_M_S2
    """Along each axis."""
    max_yaw_acceleration_rad_s2: float = YAW_ACCELERATION_RAD_S2

    @property
    def holonomic(self) -> bool:
        """Whether it can move sideways."""
        return self.drive == "holonomic"


def read_robot(usd: UsdScene, *, radius_m: float, height_m: float) -> RobotModel:
    """Read the robot of a scene whose surfaces fill this disc and height."""
    drive = _drive(usd)
    wheeled = drive == "differential"
    return RobotModel(
        radius_m=_radius(usd, radius_m),
        height_m=height_m,
        wheel_radius_m=_above_zero(usd, "simgate:wheel_radius_m") if wheeled else 0.0,
        track_width_m=_above_zero(usd, "simgate:track_width_m") if wheeled else 0.0,
        drive=drive,
        max_acceleration_m_s2=_above_zero(usd, "simgate:max_acceleration_m_s2", ACCELERATION_M_S2),
        max_yaw_acceleration_rad_s2=_above_zero(usd, "simgate:max_yaw_acceleration_rad_s2", YAW_ACCELERATION_RAD_S2),
    )


def _drive(usd: UsdScene) -> Drive:
    found = usd.value(ROBOT_PATH, "simgate:drive")
    if found is None or str(found) == "differential":
        return "differential"
    if str(found) == "holonomic":
        return "holonomic"
    raise InputError(
        f"scene {usd.name}: attribute simgate:drive of {ROBOT_PATH}",
        actual=str(found),
        expected="differential or holonomic",
        remedy="name the kind of drive nearest to the robot's",
    )


def _radius(usd: UsdScene, seen_m: float) -> float:
    """Return the author's radius, which must hold all visible parts of the robot; without it, that of those parts."""
    name = "simgate:radius_m"
    if usd.value(ROBOT_PATH, name) is None:
        return seen_m
    given_m = _above_zero(usd, name)
    if given_m < seen_m:
        raise InputError(
            f"scene {usd.name}: attribute {name} of {ROBOT_PATH} is smaller than the robot",
            actual=f"{given_m:g} m",
            expected=f"{seen_m:g} m or more, which its geometry fills",
            remedy="raise it, or remove it to have the geometry's",
        )
    return given_m


def _above_zero(usd: UsdScene, name: str, default: float | None = None) -> float:
    value = usd.value(ROBOT_PATH, name)
    if value is None and default is not None:
        return default
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0.0 < number < math.inf:
        raise InputError(
            f"scene {usd.name}: attribute {name} of {ROBOT_PATH}", actual=value, expected="a number above 0"
        )
    return number
