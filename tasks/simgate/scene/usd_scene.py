"""UsdScene: an opened stage in metres, with what simgate reads from it for whichever simulator draws it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pxr import Tf, Usd, UsdGeom

from simgate.core.errors import InputError
from simgate.scene.components import ACTORS_PATH, ROBOT_PATH, ComponentTable
from simgate.scene.light_sources import read_lights
from simgate.scene.units import in_metres

Role = Literal["static", "moving"]
CAMERA_PATH = f"{ROBOT_PATH}/camera"
OPTICAL_FROM_USD = np.diag([1.0, -1.0, -1.0, 1.0])
"""A USD camera looks along −z with y up; the optical frame has z forward and y down."""


class UsdScene:
    """An opened stage with its components, lights, actors, robot dimensions and camera."""

    def __init__(self, root: Path, classes: Sequence[str]) -> None:
        self.name = root.name
        self.stage = _open(root)
        in_metres(self.stage, self.name)
        self.components = ComponentTable(self.stage, classes)
        self.lights = read_lights(self.stage)
        self.roles: dict[str, Role] = self._roles()
        self.wheel_radius_m = self._number(ROBOT_PATH, "simgate:wheel_radius_m")
        self.track_width_m = self._number(ROBOT_PATH, "simgate:track_width_m")
        self.camera = UsdGeom.Camera(self._prim(CAMERA_PATH))
        self.base_from_camera = self._mount()

    def focal_px(self, width_px: int) -> float:
        """Focal length in pixels for a picture of this width; pixels are square."""
        aperture = float(self.camera.GetHorizontalApertureAttr().Get())
        return float(self.camera.GetFocalLengthAttr().Get()) / aperture * width_px

    def world_from(self, path: str) -> NDArray[np.float64]:
        """4 × 4 pose of a prim as authored, for column vectors."""
        cache = UsdGeom.XformCache()
        matrix = np.asarray(cache.GetLocalToWorldTransform(self._prim(path)), dtype=np.float64).T
        matrix[:3, :3] /= np.linalg.norm(matrix[:3, :3], axis=0)
        return matrix

    def label_of(self, path: str) -> str:
        """Label of the component that holds a prim path; empty where there is none."""
        instance = self.components.instance_of(path)
        return self.components.rows[instance - 1].label if instance else ""

    def _mount(self) -> NDArray[np.float64]:
        """Pose of the optical frame in the base frame; rigid."""
        return np.linalg.inv(self.world_from(ROBOT_PATH)) @ self.world_from(CAMERA_PATH) @ OPTICAL_FROM_USD

    def _roles(self) -> dict[str, Role]:
        actors = self.stage.GetPrimAtPath(ACTORS_PATH)
        roles: dict[str, Role] = {}
        for prim in actors.GetChildren() if actors else ():
            role = str(prim.GetAttribute("simgate:role").Get())
            if role not in ("static", "moving"):
                raise InputError(
                    f"scene {self.name}: attribute simgate:role of {prim.GetPath()}",
                    actual=role,
                    expected="static or moving",
                )
            roles[str(prim.GetPath())] = "static" if role == "static" else "moving"
        return roles

    def _prim(self, path: str) -> Usd.Prim:
        prim = self.stage.GetPrimAtPath(path)
        if not prim:
            raise InputError(f"scene {self.name} has no prim {path}", remedy="author the robot as the scene guide says")
        return prim

    def _number(self, path: str, name: str) -> float:
        value = self._prim(path).GetAttribute(name).Get()
        if value is None or not float(value) > 0.0:
            raise InputError(f"scene {self.name}: attribute {name} of {path}", actual=value, expected="metres, above 0")
        return float(value)


def _open(root: Path) -> Usd.Stage:
    try:
        return Usd.Stage.Open(str(root))
    except Tf.ErrorException as error:
        raise InputError(f"cannot open scene {root.name}: {_reason(error)}", remedy="run index on it") from error


def _reason(error: Tf.ErrorException) -> str:
    """USD's own words on one line, without where in USD's sources it says so."""
    said = re.findall(r" : '(.*?)\n?'\s*(?:Error in|$)", str(error), re.DOTALL)
    return " ".join(" ".join(said or [str(error)]).split())
