"""RobotCamera: where the robot's camera sits and what it sees, from USD or recipe; a contradiction is refused."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pxr import UsdGeom

from simgate.core.errors import InputError
from simgate.scene.components import ROBOT_PATH
from simgate.scene.usd_scene import UsdScene
from simgate.specs.generate import CameraMount, CameraSpec

CAMERA_PATH = f"{ROBOT_PATH}/camera"
OPTICAL_FROM_USD = np.diag([1.0, -1.0, -1.0, 1.0])
"""A USD camera looks along −z with y up; the optical frame has z forward and y down."""
ANGLE_TOLERANCE_RAD = 1e-4
LENGTH_TOLERANCE_M = 1e-4


@dataclass(frozen=True, slots=True)
class RobotCamera:
    """A pinhole camera on the robot; pixels are square, the principal point is the middle."""

    focal_px: float
    base_from_camera: NDArray[np.float64]
    """4 × 4 pose of the optical frame (x right, y down, z forward) in the base frame."""


def read_camera(usd: UsdScene, asked: CameraSpec) -> RobotCamera:
    """Read the camera of a scene's robot.

    Optics and pose come from the USD camera; a recipe that gives them too must say the same, and has to where there is
    none. Size and rate come from the recipe; a USD camera that gives them too must say the same.
    """
    prim = usd.stage.GetPrimAtPath(CAMERA_PATH)
    if not prim:
        return _from_recipe(usd, asked)
    camera = UsdGeom.Camera(prim)
    ratio = float(camera.GetFocalLengthAttr().Get()) / float(camera.GetHorizontalApertureAttr().Get())
    mount = np.linalg.inv(usd.world_from(ROBOT_PATH)) @ usd.world_from(CAMERA_PATH) @ OPTICAL_FROM_USD
    _refuse_conflicts(usd, asked, 2.0 * math.atan(0.5 / ratio), mount)
    return RobotCamera(ratio * asked.width_px, mount)


def mount_of(mount: CameraMount) -> NDArray[np.float64]:
    """Return the pose (4 × 4) of the optical frame in the base frame: yaw about z first, then pitch down."""
    yaw, pitch = mount.yaw_rad, mount.pitch_down_rad
    forward = (math.cos(yaw) * math.cos(pitch), math.sin(yaw) * math.cos(pitch), -math.sin(pitch))
    right = (math.sin(yaw), -math.cos(yaw), 0.0)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
    pose[:3, 3] = (mount.x_m, mount.y_m, mount.z_m)
    return pose


def _from_recipe(usd: UsdScene, asked: CameraSpec) -> RobotCamera:
    if asked.horizontal_fov_rad is None or asked.mount is None:
        raise InputError(
            f"scene {usd.name} has no prim {CAMERA_PATH}",
            expected="a UsdGeom.Camera there, or camera.horizontal_fov_rad and camera.mount in the recipe",
            remedy="author the camera as docs/robots.md says, or give both in the recipe",
        )
    focal_px = 0.5 * asked.width_px / math.tan(0.5 * asked.horizontal_fov_rad)
    return RobotCamera(focal_px, mount_of(asked.mount))


def _refuse_conflicts(usd: UsdScene, asked: CameraSpec, fov_rad: float, mount: NDArray[np.float64]) -> None:
    """Refuse a recipe that says otherwise than the USD, naming every field at once."""
    conflicts = []
    if asked.horizontal_fov_rad is not None and not abs(asked.horizontal_fov_rad - fov_rad) <= ANGLE_TOLERANCE_RAD:
        conflicts.append(f"horizontal_fov_rad {asked.horizontal_fov_rad:g} (USD {fov_rad:.6g})")
    if asked.mount is not None and not np.abs(mount_of(asked.mount) - mount).max() <= LENGTH_TOLERANCE_M:
        x, y, z = mount[:3, 3]
        conflicts.append(f"mount (USD x {x:.4g} m, y {y:.4g} m, z {z:.4g} m and its own direction)")
    for name in ("width_px", "height_px", "rate_hz"):
        given = usd.value(CAMERA_PATH, f"simgate:{name}")
        if given is not None and float(given) != float(getattr(asked, name)):
            conflicts.append(f"{name} {getattr(asked, name):g} (USD {float(given):g})")
    if conflicts:
        raise InputError(
            f"recipe and scene {usd.name} disagree about the robot's camera",
            actual="; ".join(conflicts),
            expected=f"what {CAMERA_PATH} says",
            remedy="leave the field out of the one or of the other",
        )
