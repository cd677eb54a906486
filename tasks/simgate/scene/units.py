"""Units: the up axis of a stage, and the length of its unit in metres."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from pxr import Gf, Usd, UsdGeom

from simgate.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Units:
    """The stage's own metadata."""

    meters_per_unit: float
    up_axis: Literal["Z"]


def read_units(stage: Usd.Stage, scene: str) -> Units:
    """Return the units of a stage; both must be written, since USD's fallbacks (Y up, centimetres) are seldom meant."""
    up_axis = str(UsdGeom.GetStageUpAxis(stage))
    if up_axis != "Z":
        authored = up_axis if stage.HasAuthoredMetadata("upAxis") else f"no upAxis (USD then means {up_axis})"
        raise InputError(
            f"scene {scene} is not Z up",
            actual=authored,
            expected="upAxis = Z",
            remedy='set upAxis = "Z" in its root layer',
        )
    meters = float(UsdGeom.GetStageMetersPerUnit(stage))
    if not stage.HasAuthoredMetadata("metersPerUnit") or not (math.isfinite(meters) and meters > 0):
        authored = f"{meters:g}" if stage.HasAuthoredMetadata("metersPerUnit") else "none"
        raise InputError(
            f"scene {scene} has no usable metersPerUnit", actual=authored, expected="a positive number, e.g. 1"
        )
    return Units(meters, "Z")


def in_metres(stage: Usd.Stage, scene: str) -> None:
    """Show a stage in metres: its root prims are scaled in the session layer, which no file keeps.

    USD leaves units to who reads it, and simulators differ in what they make of them: this way there is one reading.
    """
    meters = read_units(stage, scene).meters_per_unit
    if meters == 1.0:
        return
    with Usd.EditContext(stage, stage.GetSessionLayer()):
        for prim in stage.GetPseudoRoot().GetChildren():
            for top in _topmost(prim):
                order = list(top.GetXformOpOrderAttr().Get() or [])
                scale = top.AddScaleOp(UsdGeom.XformOp.PrecisionDouble, "simgate_metres")
                scale.Set(Gf.Vec3d(meters))
                top.GetXformOpOrderAttr().Set([scale.GetOpName(), *order])
        UsdGeom.SetStageMetersPerUnit(stage, 1.0)


def _topmost(prim: Usd.Prim) -> list[UsdGeom.Xformable]:
    """Return the prim itself if it can be placed, else the nearest prims below it that can."""
    if prim.IsA(UsdGeom.Xformable):
        return [UsdGeom.Xformable(prim)]
    return [found for child in prim.GetChildren() for found in _topmost(child)]
