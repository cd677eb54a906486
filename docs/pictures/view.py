"""View: a scene from a raised corner by the embedded simulator, and where something in it moved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import newton
import numpy as np
from newton.sensors import SensorCamera
from numpy.typing import NDArray
from pxr import Gf, Usd, UsdGeom

# By examples/demo/scenes/author, which make.py puts on the path.
import look

EYE_SHARE, EYE_HEIGHT_M = 0.46, 2.45
LOOK_AT_M = (0.3, 0.3, 0.5)


@dataclass(frozen=True)
class Corner:
    """A place to look from, as shares of the floor's size, and what to look at in metres."""

    x_share: float = -EYE_SHARE
    y_share: float = -EYE_SHARE
    at_m: tuple[float, float, float] = LOOK_AT_M


def picture(root: Path, size: tuple[int, int], corner: Corner) -> NDArray[np.uint8]:
    """height × width × 3 of the scene with its own lights."""
    stage = Usd.Stage.Open(str(root))
    camera = _camera(stage, corner)
    builder = newton.ModelBuilder(up_axis=newton.Axis.Z)
    builder.add_usd(stage)
    model = builder.finalize(device="cpu")
    state = model.state()
    sensor = SensorCamera(model)
    look.set_lights(sensor, look.read_lights(stage))
    model.bvh_refit_shapes(state)
    shot: NDArray[np.uint8] = look._shot(sensor, state, camera, size)
    return shot


def moved(before: Path, after: Path) -> dict[str, Gf.Range3d]:
    """World boxes, after the edit, of the prims whose own transform differs between two versions of a scene."""
    old, new = Usd.Stage.Open(str(before)), Usd.Stage.Open(str(after))
    boxes = UsdGeom.BBoxCache(Usd.TimeCode.Default(), [UsdGeom.Tokens.default_])
    found: list[Usd.Prim] = []
    for prim in new.Traverse():
        other = old.GetPrimAtPath(prim.GetPath())
        if not prim.IsA(UsdGeom.Xformable) or (other and _local(prim) == _local(other)):
            continue
        found.append(prim)
    return {prim.GetName(): boxes.ComputeWorldBound(prim).ComputeAlignedRange() for prim in found}


def frame(root: Path, box: Gf.Range3d, corner: Corner, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Where a world box lies in `picture`: x, y, width, height in pixels."""
    stage = Usd.Stage.Open(str(root))
    frustum = _camera(stage, corner).GetCamera(Usd.TimeCode.Default()).frustum
    matrix = frustum.ComputeViewMatrix() * frustum.ComputeProjectionMatrix()
    points = np.array([matrix.Transform(box.GetCorner(number)) for number in range(8)])
    xs, ys = (points[:, 0] + 1) / 2 * size[0], (1 - points[:, 1]) / 2 * size[1]
    return float(xs.min()), float(ys.min()), float(np.ptp(xs)), float(np.ptp(ys))


def _camera(stage: Usd.Stage, corner: Corner) -> UsdGeom.Camera:
    floor = UsdGeom.BBoxCache(0, ["default"]).ComputeWorldBound(stage.GetPrimAtPath("/World/room/floor"))
    reach = floor.ComputeAlignedRange().GetSize()
    eye = Gf.Vec3d(corner.x_share * reach[0], corner.y_share * reach[1], EYE_HEIGHT_M)
    return look.corner_camera(stage, eye, Gf.Vec3d(*corner.at_m))


def _local(prim: Usd.Prim) -> Gf.Matrix4d:
    return UsdGeom.Xformable(prim).GetLocalTransformation()
