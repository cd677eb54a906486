"""Look at a scene by hand: `python examples/demo/scenes/author/look.py SCENE OUT.png [WIDTH HEIGHT]`.

Draws the view of the robot's camera beside the view from a raised corner, as the embedded simulator would.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path

import newton
import numpy as np
import warp as wp
from newton.sensors import SensorCamera
from numpy.typing import NDArray
from PIL import Image
from pxr import Gf, Usd, UsdGeom, UsdLux

# UsdLux intensity to the renderer's light colour, as in simgate.scene.light_sources; a RectLight becomes a point.
GAINS = {"RectLight": 0.020, "SphereLight": 0.007, "DistantLight": 0.16}
DIRECTIONAL, POINT = 1, 2
SKY, GROUND = (0.25, 0.25, 0.25), (0.225, 0.225, 0.225)
# The renderer keeps 30 % of a light inside its shadow; a negative twin without shadow takes it away.
SHADOW_REST = 0.3


@dataclass(frozen=True)
class Light:
    kind: int
    position: tuple[float, float, float]
    direction: tuple[float, float, float]
    colour: NDArray[np.float64]
    shadow: bool


def read_lights(stage: Usd.Stage) -> list[Light]:
    """The stage's lights; the sun and the first ceiling panel cast shadows."""
    cache, lights, shadowed = UsdGeom.XformCache(), [], {"DistantLight": 1, "RectLight": 1, "SphereLight": 0}
    for prim in stage.Traverse():
        kind = str(prim.GetTypeName())
        if kind not in GAINS:
            continue
        matrix, light = cache.GetLocalToWorldTransform(prim), UsdLux.LightAPI(prim)
        colour = np.array(light.GetColorAttr().Get()) * light.GetIntensityAttr().Get() * GAINS[kind]
        place, heading = matrix.Transform(Gf.Vec3d(0)), matrix.TransformDir(Gf.Vec3d(0, 0, -1)).GetNormalized()
        number = DIRECTIONAL if kind == "DistantLight" else POINT
        lights += _with_shadow(Light(number, tuple(place), tuple(heading), colour, shadowed[kind] > 0))
        shadowed[kind] -= 1
    return lights


def _with_shadow(light: Light) -> list[Light]:
    if not light.shadow:
        return [light]
    full = light.colour / (1 - SHADOW_REST)
    fill = Light(light.kind, light.position, light.direction, -full * SHADOW_REST, shadow=False)
    return [Light(light.kind, light.position, light.direction, full, shadow=True), fill]


def set_lights(camera: SensorCamera, lights: list[Light]) -> None:
    context = camera._render_context
    context._lights_active = wp.array([True] * len(lights), dtype=wp.bool)
    context._lights_type = wp.array([light.kind for light in lights], dtype=wp.int32)
    context._lights_cast_shadow = wp.array([light.shadow for light in lights], dtype=wp.bool)
    context._lights_position = wp.array([light.position for light in lights], dtype=wp.vec3f)
    context._lights_orientation = wp.array([light.direction for light in lights], dtype=wp.vec3f)
    context._lights_color = wp.array([light.colour for light in lights], dtype=wp.vec3f)
    camera.set_ambient_light(SKY, GROUND)


def corner_camera(stage: Usd.Stage, start: Gf.Vec3d, target: Gf.Vec3d) -> UsdGeom.Camera:
    """A camera in the session layer, as wide as the robot's."""
    stage.SetEditTarget(stage.GetSessionLayer())
    camera = UsdGeom.Camera.Define(stage, "/World/corner")
    camera.CreateHorizontalApertureAttr(20.955)
    camera.CreateVerticalApertureAttr(15.716)
    camera.CreateFocalLengthAttr(20.955 / 2 / math.tan(math.radians(39)))
    camera.AddTransformOp().Set(Gf.Matrix4d().SetLookAt(start, target, Gf.Vec3d(0, 0, 1)).GetInverse())
    return camera


def look(path: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The two views side by side; shape (height, 2 * width, 3)."""
    stage = Usd.Stage.Open(str(path))
    reach = (
        0.46
        * UsdGeom.BBoxCache(0, ["default"])
        .ComputeWorldBound(stage.GetPrimAtPath("/World/room/floor"))
        .ComputeAlignedRange()
        .GetSize()
    )
    corner = corner_camera(stage, Gf.Vec3d(-reach[0], -reach[1], 2.45), Gf.Vec3d(0.3, 0.3, 0.5))
    views = (UsdGeom.Camera(stage.GetPrimAtPath("/World/robot/camera")), corner)
    builder = newton.ModelBuilder(up_axis=newton.Axis.Z)
    builder.add_usd(stage)
    model = builder.finalize(device="cpu")
    state = model.state()
    sensor = SensorCamera(model)
    set_lights(sensor, read_lights(stage))
    model.bvh_refit_shapes(state)
    return np.hstack([_shot(sensor, state, view, size) for view in views])


def _shot(
    sensor: SensorCamera,
    state: newton.State,
    view: UsdGeom.Camera,
    size: tuple[int, int],
) -> NDArray[np.uint8]:
    width, height = size
    rays = SensorCamera.compute_camera_rays_pinhole_usd(width, height, view, sample_count=4, device="cpu")
    config = SensorCamera.RenderConfig(
        enable_textures=True, enable_shadows=True, anti_aliasing=SensorCamera.AntiAliasing.MSAA
    )
    image = sensor.allocate_image_color(1, width, height)
    sensor.update(state, sensor.compute_camera_transforms_usd(view), rays, color_image=image, render_config=config)
    pixels = np.asarray(image.numpy(), dtype=np.uint32)[0]  # type: ignore[attr-defined]  # warp arrays are untyped
    return np.asarray(pixels.view(np.uint8).reshape(height, width, 4)[..., :3], dtype=np.uint8)


if __name__ == "__main__":
    name, out = sys.argv[1], sys.argv[2]
    size = (int(sys.argv[3]), int(sys.argv[4])) if len(sys.argv) > 4 else (640, 480)
    folder = Path(__file__).resolve().parents[1]
    Image.fromarray(look(folder / name / f"{name}.usda", size)).save(out)
