"""Thumbnail: one picture of a whole scene from a raised corner of it, through the simulator's protocol."""

from __future__ import annotations

import io
import math
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pxr import Gf, Usd, UsdGeom

from simgate.core.identity.lock import installed
from simgate.documents.scene import SceneItem
from simgate.rows.simulators import SIMULATORS
from simgate.scene.components import STRUCTURE
from simgate.scene.labels import labels_of
from simgate.scene.usd_scene import UsdScene
from simgate.sim.opening import open_simulator
from simgate.sim.protocol import View
from simgate.specs.generate import GenerateSpec
from simgate.specs.index import IndexSpec

FIELD_OF_VIEW_RAD = math.radians(80)
EYE_HEIGHT = 0.78
"""Of the room's height."""
EYE_INSET_M = 0.35
DRAWN_BY = "newton"
"""A simulator that needs no GPU."""
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
        """The point to look at: the middle of the floor, a little above it."""
        middle = 0.5 * (self.low + self.high)
        middle[2] = self.low[2] + 0.22 * (self.high[2] - self.low[2])
        return middle


def thumbnail(folder: Path, item: SceneItem, spec: IndexSpec) -> bytes:
    """Return a PNG of the scene, 4:3; of the four corners the one with the widest view wins."""
    asked = _asked(spec)
    room = _room(UsdScene(folder / item.root, spec.classes).stage)
    with closing(open_simulator(asked, folder / item.root)) as simulator:
        views = [_view(eye, room.middle, SCOUT_WIDTH_PX) for eye in room.eyes]
        depths = [float(np.median(simulator.overview(view).depth_m)) for view in views]
        best = room.eyes[int(np.argmax(depths))]
        return _png(simulator.overview(_view(best, room.middle, spec.thumbnail_width_px)).rgb)


def _view(eye: NDArray[np.float64], target: NDArray[np.float64], width_px: int) -> View:
    (ex, ey, ez), (tx, ty, tz) = eye.tolist(), target.tolist()
    return View((ex, ey, ez), (tx, ty, tz), FIELD_OF_VIEW_RAD, width_px, width_px * 3 // 4)


def _asked(spec: IndexSpec) -> GenerateSpec:
    version = installed(SIMULATORS.find(DRAWN_BY).package)
    return GenerateSpec(
        simulator=DRAWN_BY, simulator_version=version, device="cpu", scene="thumbnail", first_episode=0, episodes=1,
        dataset_seed=0, classes=spec.classes,
    )  # fmt: skip


def _png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _room(stage: Usd.Stage) -> _Room:
    """Bound the floors, walls and ceilings, so that a view painted outside a window does not count; else the whole
    scene.
    """
    cache = UsdGeom.BBoxCache(Usd.TimeCode.Default(), [UsdGeom.Tokens.default_])
    prims = [prim for prim in stage.Traverse(Usd.TraverseInstanceProxies()) if STRUCTURE & set(labels_of(prim))]
    box = Gf.Range3d()
    for prim in prims or [stage.GetPseudoRoot()]:
        box.UnionWith(cache.ComputeWorldBound(prim).ComputeAlignedRange())
    return _Room(np.array(box.GetMin()), np.array(box.GetMax()))
