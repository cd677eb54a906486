"""Room: a floor, walls, lights and the robot around an asset, in metres and Z up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pxr import Gf, Sdf, Usd, UsdGeom, UsdLux, UsdSemantics, UsdShade

from simgate.core.errors import InputError
from simgate.scene.components import ROBOT_PATH
from simgate.scene.labels import TAXONOMY, labels_of
from simgate.scene.surfaces import read_surfaces
from simgate.scene.wrapping.baked import ASSET

MARGIN_M = 2.0
"""Free floor on each side of the asset: the robot turns and drives around it."""
ROBOT_FROM_WALL_M = 0.8
WALL_HEIGHT_M = 2.6
THICKNESS_M = 0.1
MAX_SIDE_M, MIN_SIDE_M = 200.0, 0.02
GUESSED_SIDE_M = 5.0
SUN = 1.5
LAMP = 60.0
FLOOR_COLOR = (0.35, 0.33, 0.30)
WALL_COLOR = (0.62, 0.60, 0.55)
PLACE = Sdf.Path("/World/asset")


@dataclass(frozen=True, slots=True)
class Extent:
    """Bounds of the asset as it is drawn, metres, Z up, in its own frame."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def size_m(self) -> NDArray[np.float64]:
        """Width, length, height."""
        return np.asarray(self.high - self.low)


def fitting_scale(stage: Usd.Stage) -> float:
    """Return 1, or the power of ten by which an asset whose units cannot be meant comes to the size of a room."""
    largest_m = float(extent_of(stage, 1.0).size_m.max())
    if largest_m > MAX_SIDE_M:
        return float(10.0 ** -np.ceil(np.log10(largest_m / GUESSED_SIDE_M)))
    if largest_m < MIN_SIDE_M:
        return float(10.0 ** np.floor(np.log10(GUESSED_SIDE_M / largest_m)))
    return 1.0


def metres_z_up(stage: Usd.Stage) -> Gf.Matrix4d:
    """Return the transform (for row vectors, as USD multiplies) from a stage's own units and axes to metres, Z up."""
    meters = float(UsdGeom.GetStageMetersPerUnit(stage))
    if not (math.isfinite(meters) and meters > 0):
        raise InputError(f"metersPerUnit of {stage.GetRootLayer().GetDisplayName()}", actual=meters, expected="above 0")
    scale = Gf.Matrix4d().SetScale(meters)
    upright = Gf.Rotation(Gf.Vec3d.XAxis(), 90.0)
    return scale if UsdGeom.GetStageUpAxis(stage) == UsdGeom.Tokens.z else scale * Gf.Matrix4d().SetRotate(upright)


def extent_of(stage: Usd.Stage, scale: float) -> Extent:
    """Bound what the asset draws, point by point: authored extents may be wrong."""
    turn = np.asarray(metres_z_up(stage), dtype=np.float64).T * scale
    lows, highs = [], []
    for surface in read_surfaces(stage):
        points = surface.triangles.reshape(-1, 3) @ turn[:3, :3].T
        lows.append(points.min(axis=0))
        highs.append(points.max(axis=0))
    if not lows or not (size := np.max(highs, axis=0) - np.min(lows, axis=0)).max() > 0.0:
        raise InputError("the asset draws nothing", expected="a mesh or another surface", remedy="choose another file")
    if not np.isfinite(size).all():
        raise InputError("the asset has no finite size", remedy="mend its transforms and points")
    return Extent(np.min(lows, axis=0), np.max(highs, axis=0))


def _check_size(extent: Extent) -> None:
    if not extent.size_m.max() <= MAX_SIDE_M:
        raise InputError(
            "the asset is too large for a room",
            actual=" × ".join(f"{side:.3g}" for side in extent.size_m) + " m",
            expected=f"at most {MAX_SIDE_M:g} m",
            remedy="give a smaller --scale",
        )


def write_room(path: Path, asset: str, stage: Usd.Stage, labels: Mapping[str, str], scale: float) -> Extent:
    """Write the scene layer around the asset's layer `asset`, which `stage` shows."""
    extent = extent_of(stage, scale)
    _check_size(extent)
    scene = Usd.Stage.CreateInMemory()
    UsdGeom.SetStageUpAxis(scene, UsdGeom.Tokens.z)
    UsdGeom.SetStageMetersPerUnit(scene, 1.0)
    scene.SetDefaultPrim(UsdGeom.Xform.Define(scene, "/World").GetPrim())
    _place(scene, asset, stage, extent, scale)
    half_x, half_y = (0.5 * extent.size_m[:2] + MARGIN_M).tolist()
    _shell(scene, half_x, half_y, max(WALL_HEIGHT_M, float(extent.size_m[2]) + 0.5))
    _lights(scene, half_x, half_y)
    _robot(scene, half_x)
    _label(scene, stage, labels)
    scene.GetRootLayer().Export(str(path))
    return extent


def _place(scene: Usd.Stage, asset: str, stage: Usd.Stage, extent: Extent, scale: float) -> None:
    """Stand the asset on the middle of the floor."""
    prim = UsdGeom.Xform.Define(scene, PLACE)
    middle = 0.5 * (extent.low + extent.high)
    shift = Gf.Matrix4d().SetTranslate(Gf.Vec3d(-middle[0], -middle[1], -extent.low[2]))
    prim.AddTransformOp().Set(metres_z_up(stage) * Gf.Matrix4d().SetScale(scale) * shift)
    prim.GetPrim().GetReferences().AddReference(asset)


def _shell(scene: Usd.Stage, half_x: float, half_y: float, height_m: float) -> None:
    t = THICKNESS_M
    _box(scene, "floor", (-half_x, -half_y, -t), (half_x, half_y, 0.0), FLOOR_COLOR)
    _box(scene, "wall_east", (half_x, -half_y - t, 0.0), (half_x + t, half_y + t, height_m), WALL_COLOR)
    _box(scene, "wall_west", (-half_x - t, -half_y - t, 0.0), (-half_x, half_y + t, height_m), WALL_COLOR)
    _box(scene, "wall_north", (-half_x, half_y, 0.0), (half_x, half_y + t, height_m), WALL_COLOR)
    _box(scene, "wall_south", (-half_x, -half_y - t, 0.0), (half_x, -half_y, height_m), WALL_COLOR)


def _box(
    scene: Usd.Stage,
    name: str,
    low: tuple[float, float, float],
    high: tuple[float, float, float],
    color: tuple[float, float, float],
) -> None:
    label = name.partition("_")[0]
    mesh = UsdGeom.Mesh.Define(scene, f"/World/room/{name}")
    corners = [(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
    mesh.CreatePointsAttr([Gf.Vec3f(*corner) for corner in corners])
    mesh.CreateExtentAttr([Gf.Vec3f(*low), Gf.Vec3f(*high)])
    faces = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
    mesh.CreateFaceVertexCountsAttr([4] * len(faces))
    mesh.CreateFaceVertexIndicesAttr([corner for face in faces for corner in face])
    mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    mesh.CreateDisplayColorAttr([Gf.Vec3f(*color)])
    UsdSemantics.LabelsAPI.Apply(mesh.GetPrim(), TAXONOMY).CreateLabelsAttr().Set([label])
    material = UsdShade.Material.Define(scene, f"/World/looks/{label}")
    shader = UsdShade.Shader.Define(scene, f"/World/looks/{label}/surface")
    shader.CreateIdAttr("UsdPreviewSurface")
    shader.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f).Set(Gf.Vec3f(*color))
    material.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
    UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim()).Bind(material)


def _lights(scene: Usd.Stage, half_x: float, half_y: float) -> None:
    sun = UsdLux.DistantLight.Define(scene, "/World/lights/sun")
    sun.CreateIntensityAttr(SUN)
    sun.AddRotateXYZOp().Set(Gf.Vec3f(40.0, 0.0, -60.0))
    for number, side in enumerate((-0.5, 0.5)):
        lamp = UsdLux.SphereLight.Define(scene, f"/World/lights/lamp_{number}")
        lamp.CreateIntensityAttr(LAMP)
        lamp.CreateRadiusAttr(0.06)
        lamp.AddTranslateOp().Set(Gf.Vec3d(side * half_x, side * half_y, WALL_HEIGHT_M - 0.2))


def _robot(scene: Usd.Stage, half_x: float) -> None:
    robot = UsdGeom.Xform.Define(scene, ROBOT_PATH)
    robot.GetPrim().GetReferences().AddReference("../robot/robot.usda")
    robot.AddTranslateOp().Set(Gf.Vec3d(ROBOT_FROM_WALL_M - half_x, 0.0, 0.0))


def _label(scene: Usd.Stage, stage: Usd.Stage, labels: Mapping[str, str]) -> None:
    """Write the labels of the map over the asset; one that the map takes away is emptied."""
    for path, label in sorted(labels.items()):
        own = labels_of(stage.GetPrimAtPath(path))
        if label in own or not (label or own):
            continue
        prim = scene.OverridePrim(Sdf.Path(path).ReplacePrefix(ASSET, PLACE))
        UsdSemantics.LabelsAPI.Apply(prim, TAXONOMY).CreateLabelsAttr().Set([label] if label else [])
