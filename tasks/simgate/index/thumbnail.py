"""Thumbnail: one picture of a whole scene from a raised corner of it, by the embedded simulator."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path

import newton
import numpy as np
import warp as wp
from numpy.typing import NDArray
from PIL import Image
from pxr import Gf, Usd, UsdGeom
from scipy.spatial.transform import Rotation

from simgate.documents.scene import SceneItem
from simgate.scene.components import STRUCTURE
from simgate.scene.labels import labels_of
from simgate.scene.light_sources import shadow_order
from simgate.scene.usd_scene import UsdScene
from simgate.sim.newton_camera import NewtonCamera
from simgate.specs.generate import CameraSpec, GenerateSpec
from simgate.specs.index import IndexSpec

FIELD_OF_VIEW_RAD = math.radians(80)
EYE_HEIGHT = 0.78
"""Of the room's height."""
EYE_INSET_M = 0.35
AMBIENT = 0.3
SCOUT_WIDTH_PX = 64


@dataclass(frozen=True, slots=True)
class _Room:
    """Extent of a scene, world frame, metres."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def eyes(self) -> list[NDArray[np.float64]]:
        """A raised place in each of the four corners."""
        z_m = self.low[2] + EYE_HEIGHT * (self.high[2] - self.low[2])
        xs = (self.low[0] + EYE_INSET_M, self.high[0] - EYE_INSET_M)
        ys = (self.low[1] + EYE_INSET_M, self.high[1] - EYE_INSET_M)
        return [np.array([x, y, z_m]) for x in xs for y in ys]

    @property
    def middle(self) -> NDArray[np.float64]:
        """Where to look: the middle of the floor, a little above it."""
        middle = 0.5 * (self.low + self.high)
        middle[2] = self.low[2] + 0.22 * (self.high[2] - self.low[2])
        return middle


def thumbnail(folder: Path, item: SceneItem, spec: IndexSpec) -> bytes:
    """A PNG of the scene, 4:3; of the four corners the one with the widest view wins."""
    usd = UsdScene(folder / item.root, spec.classes)
    builder = newton.ModelBuilder(up_axis=newton.Axis.Z)
    builder.add_usd(usd.stage)
    model = builder.finalize(device="cpu")
    state = model.state()
    model.bvh_refit_shapes(state)
    room = _room(usd.stage)
    poses = [_pose(eye, room.middle) for eye in room.eyes]
    scout = _camera(model, usd, room, _asked(spec, SCOUT_WIDTH_PX))
    views = [float(np.median(scout.truth(state, pose)[0])) for pose in poses]
    camera = _camera(model, usd, room, _asked(spec, spec.thumbnail_width_px))
    return _png(camera.rgb(state, poses[int(np.argmax(views))]))


def _camera(model: newton.Model, usd: UsdScene, room: _Room, asked: GenerateSpec) -> NewtonCamera:
    """A camera of the field of view, with the scene's own lights as they were authored."""
    focal_px = 0.5 * asked.camera.width_px / math.tan(0.5 * FIELD_OF_VIEW_RAD)
    camera = NewtonCamera(model, asked, focal_px=focal_px, light_count=len(usd.lights))
    gains = np.ones(len(usd.lights))
    order = shadow_order(usd.lights, gains, (float(room.middle[0]), float(room.middle[1])))
    camera.set_lights([usd.lights[i] for i in order], np.zeros((len(usd.lights), 2)), gains)
    camera.set_ambient(AMBIENT)
    return camera


def _asked(spec: IndexSpec, width_px: int) -> GenerateSpec:
    size = CameraSpec(width_px=width_px, height_px=width_px * 3 // 4)
    return GenerateSpec(
        simulator="newton", simulator_version=newton.__version__, device="cpu", scene="thumbnail", first_episode=0,
        episodes=1, dataset_seed=0, classes=spec.classes, camera=size,
    )  # fmt: skip


def _png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _room(stage: Usd.Stage) -> _Room:
    """Around floors, walls and ceilings, so that a view painted outside a window does not count; else around it all."""
    cache = UsdGeom.BBoxCache(Usd.TimeCode.Default(), [UsdGeom.Tokens.default_])
    prims = [prim for prim in stage.Traverse(Usd.TraverseInstanceProxies()) if STRUCTURE & set(labels_of(prim))]
    box = Gf.Range3d()
    for prim in prims or [stage.GetPseudoRoot()]:
        box.UnionWith(cache.ComputeWorldBound(prim).ComputeAlignedRange())
    return _Room(np.array(box.GetMin()), np.array(box.GetMax()))


def _pose(eye: NDArray[np.float64], target: NDArray[np.float64]) -> wp.transformf:
    """Pose of a USD camera (looks along −z, y up) at `eye` that looks at `target`."""
    back = (eye - target) / np.linalg.norm(eye - target)
    right = np.cross(np.array([0.0, 0.0, 1.0]), back)
    right /= np.linalg.norm(right)
    turn = Rotation.from_matrix(np.stack([right, np.cross(back, right), back], axis=1)).as_quat()
    return wp.transformf(wp.vec3f(*eye.tolist()), wp.quatf(*turn.tolist()))
