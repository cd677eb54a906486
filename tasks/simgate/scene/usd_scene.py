"""UsdScene: an opened stage in metres, with what simgate reads from it for whichever simulator draws it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pxr import Tf, Usd, UsdGeom

from simgate.core.errors import InputError
from simgate.scene.components import ACTORS_PATH, ROBOT_PATH, ComponentTable
from simgate.scene.light_sources import read_lights
from simgate.scene.units import in_metres

Role = Literal["static", "moving"]


class UsdScene:
    """An opened stage with its components, lights, actors and whatever its prims say."""

    def __init__(self, root: Path, classes: Sequence[str]) -> None:
        self.name = root.name
        self.stage = _open(root)
        in_metres(self.stage, self.name)
        self.components = ComponentTable(self.stage, classes)
        self.lights = read_lights(self.stage)
        self.roles: dict[str, Role] = self._roles()
        self._prim(ROBOT_PATH)

    def value(self, path: str, name: str) -> Any:
        """Return an attribute of a prim, or its custom data of that name; None where neither is authored."""
        prim = self._prim(path)
        found = prim.GetAttribute(name).Get()
        return found if found is not None else prim.GetCustomDataByKey(name)

    def world_from(self, path: str) -> NDArray[np.float64]:
        """Return 4 × 4 pose of a prim as authored, for column vectors."""
        cache = UsdGeom.XformCache()
        matrix = np.asarray(cache.GetLocalToWorldTransform(self._prim(path)), dtype=np.float64).T
        matrix[:3, :3] /= np.linalg.norm(matrix[:3, :3], axis=0)
        return matrix

    def label_of(self, path: str) -> str:
        """Return the label of the component that holds a prim path; empty where there is none."""
        instance = self.components.instance_of(path)
        return self.components.rows[instance - 1].label if instance else ""

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
        if not (prim and prim.IsActive()):
            raise InputError(f"scene {self.name} has no prim {path}", remedy="author the robot as docs/robots.md says")
        return prim


def _open(root: Path) -> Usd.Stage:
    try:
        return Usd.Stage.Open(str(root))
    except Tf.ErrorException as error:
        raise InputError(f"cannot open scene {root.name}: {_reason(error)}", remedy="run index on it") from error


def _reason(error: Tf.ErrorException) -> str:
    """Shorten USD's message to one line, without the place in USD's sources."""
    said = re.findall(r" : '(.*?)\n?'\s*(?:Error in|$)", str(error), re.DOTALL)
    return " ".join(" ".join(said or [str(error)]).split())
