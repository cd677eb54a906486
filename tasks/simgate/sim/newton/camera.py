"""NewtonCamera: the robot's eye in Newton — lights, colours and the two passes of a frame.

The picture comes from a pass with four samples a pixel; depth and shape index come from a second pass with one, since a
multisampled depth is the nearest subsample's and wrong by metres at edges. Newton 1.8 has no public way to set several
lights: the light arrays of its render context are private, and `NewtonCamera.set_lights` is the one place that
touches them.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import warp
from newton.sensors import SensorCamera
from numpy.typing import NDArray

from simgate.scene.light_sources import Light

wp: Any = warp  # warp's own annotations know neither `numpy()` nor `assign()` on an array
wp.config.log_level = wp.LOG_WARNING  # its banner and its list of loaded kernels would go to stdout
if platform.machine() == "x86_64":
    # Warp compiles for the very processor it runs on: another node would render other last bits, and a cache that was
    # baked into an image would be of no use to it. AVX2, which every server has since 2015, is as fast here.
    wp.config.cpu_compiler_flags = wp.config.cpu_compiler_flags.replace("-march=native", "-target-cpu x86-64-v3")

SHADOW_LIGHTS = 2
SHADOW_REST = 0.3
"""The renderer leaves this share of a light in its shadow; a twin of negative colour without a shadow takes it away."""
SKY_RGBA = 0xFFE8C8A8
"""Colour where a ray leaves the scene; red in the lowest byte."""
GROUND_SHARE = 0.9
"""Ambient radiance from below, as a share of that from above."""
DIRECTIONAL, POINT = 1, 2
"""Kinds of light in the renderer's kernel; it takes everything but 0 (spot) and 1 for a point."""
UNSEEN = 0xFFFFFFFF
WarpArray = Any
"""A `wp.array`."""
NewtonModel = Any
"""A `newton.Model`; its arrays are annotated as optional, and are there once it is finalized."""


@dataclass(frozen=True, slots=True)
class Optics:
    """The projection of a pinhole camera; pixels are square."""

    width_px: int
    height_px: int
    focal_px: float
    antialiasing: bool
    shadows: bool


class NewtonCamera:
    """Renders one view of a model; every buffer is made once."""

    def __init__(self, model: NewtonModel, optics: Optics, light_count: int) -> None:
        width, height, focal_px = optics.width_px, optics.height_px, optics.focal_px
        self._model: Any = model
        self._sensor: Any = SensorCamera(model, default_clear_data=SensorCamera.ClearData(clear_color=SKY_RGBA))
        self._color: WarpArray = self._sensor.allocate_image_color(1, width, height)
        self._depth: WarpArray = self._sensor.allocate_image_depth_forward(1, width, height)
        self._index: WarpArray = self._sensor.allocate_image_shape_index(1, width, height)
        self._rays = _rays(width, height, focal_px, 4 if optics.antialiasing else 1, model.device)
        self.truth_rays = _rays(width, height, focal_px, 1, model.device)
        smoothing = SensorCamera.AntiAliasing.MSAA if optics.antialiasing else SensorCamera.AntiAliasing.NONE
        self._picture = SensorCamera.RenderConfig(
            enable_textures=True, enable_shadows=optics.shadows, anti_aliasing=smoothing
        )
        self._truth = SensorCamera.RenderConfig()
        self._pose: WarpArray = wp.zeros(1, dtype=wp.transformf, device=model.device)
        self._shadows = min(SHADOW_LIGHTS, light_count) if optics.shadows else 0
        self._allocate_lights(light_count + self._shadows)

    def set_lights(self, lights: Sequence[Light], shifts_m: NDArray[np.float64], gains: NDArray[np.float64]) -> None:
        """Light the scene; the first `SHADOW_LIGHTS` cast shadows, so give the most telling ones first."""
        count, twins = len(lights), self._shadows
        color = np.array([light.color for light in lights], dtype=np.float64).reshape(-1, 3) * gains[:, None]
        position = np.array([light.position_m for light in lights], dtype=np.float64).reshape(-1, 3)
        position[:, :2] += shifts_m
        direction = np.array([light.direction for light in lights], dtype=np.float64).reshape(-1, 3)
        kind = np.array([DIRECTIONAL if light.sun else POINT for light in lights], dtype=np.int32)
        whole = color.copy()
        whole[:twins] /= 1.0 - SHADOW_REST
        rest = -color[:twins] * SHADOW_REST / (1.0 - SHADOW_REST)
        arrays = self._context
        arrays._lights_color.assign(np.concatenate([whole, rest]).astype(np.float32))
        arrays._lights_position.assign(np.concatenate([position, position[:twins]]).astype(np.float32))
        arrays._lights_orientation.assign(np.concatenate([direction, direction[:twins]]).astype(np.float32))
        arrays._lights_type.assign(np.concatenate([kind, kind[:twins]]))
        arrays._lights_cast_shadow.assign(np.arange(count + twins) < twins)

    def set_ambient(self, radiance: float) -> None:
        """Set the hemispheric ambient light, linear."""
        self._sensor.set_ambient_light((radiance,) * 3, (radiance * GROUND_SHARE,) * 3)

    def rgb(self, state: Any, pose: Any) -> NDArray[np.uint8]:
        """Render height × width × 3, sRGB; `pose` is that of the USD camera frame in the world."""
        self._pose.assign([pose])
        self._sensor.update(state, self._pose, self._rays, color_image=self._color, render_config=self._picture)
        packed = self._color.numpy()[0]
        return np.array(packed.view(np.uint8).reshape(*packed.shape, 4)[..., :3])

    def truth(self, state: Any, pose: Any) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
        """Render depth along the optical axis (0 where nothing was hit) and shape index (`UNSEEN` there)."""
        self._pose.assign([pose])
        self._sensor.update(
            state,
            self._pose,
            self.truth_rays,
            forward_depth_image=self._depth,
            shape_index_image=self._index,
            render_config=self._truth,
        )
        return self._depth.numpy()[0].copy(), self._index.numpy()[0].copy()

    @property
    def _context(self) -> Any:  # Newton's own private class: nothing to type it by
        return self._sensor._render_context

    def _allocate_lights(self, slots: int) -> None:
        arrays, device = self._context, self._model.device
        arrays._lights_active = wp.array(np.ones(slots, dtype=np.bool_), dtype=wp.bool, device=device)
        arrays._lights_type = wp.zeros(slots, dtype=wp.int32, device=device)
        arrays._lights_cast_shadow = wp.zeros(slots, dtype=wp.bool, device=device)
        arrays._lights_position = wp.zeros(slots, dtype=wp.vec3f, device=device)
        arrays._lights_orientation = wp.zeros(slots, dtype=wp.vec3f, device=device)
        arrays._lights_color = wp.zeros(slots, dtype=wp.vec3f, device=device)


def _rays(width: int, height: int, focal_px: float, samples: int, device: Any) -> WarpArray:
    return SensorCamera.compute_camera_rays_pinhole(
        width,
        height,
        focal_length=focal_px,
        horizontal_aperture=float(width),
        vertical_aperture=float(height),
        sample_count=samples,
        device=device,
    )
