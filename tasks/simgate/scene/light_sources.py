"""Lights: UsdLux lights as the few numbers that a simple renderer understands."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pxr import Gf, Usd, UsdGeom, UsdLux

RECT_GAIN = 0.020
SPHERE_GAIN = 0.007
SUN_GAIN = 0.16
"""Exposure: authored intensity to linear radiance on a white surface that faces the light, for bright indoor
scenes. The renderer knows no area lights and no global illumination, so these are chosen by eye, not by photometry."""
FALLOFF_PER_M2 = 0.02
"""The renderer's attenuation of a point light: 1 / (1 + 0.02 d²)."""


@dataclass(frozen=True, slots=True)
class Light:
    """One light, world frame."""

    prim: str
    sun: bool
    """Parallel light along `direction`; else a point at `position_m`."""
    position_m: tuple[float, float, float]
    direction: tuple[float, float, float]
    color: tuple[float, float, float]
    """Linear radiance, exposed."""

    def reach(self, x_m: float, y_m: float) -> float:
        """Estimate its light on the floor at a point, unoccluded, to rank lights."""
        strength = sum(self.color) / 3.0
        if self.sun:
            return strength * max(0.0, -self.direction[2])
        dx, dy, dz = self.position_m[0] - x_m, self.position_m[1] - y_m, self.position_m[2]
        squared = dx * dx + dy * dy + dz * dz
        return strength * max(0.0, dz) / math.sqrt(max(squared, 1e-9)) / (1.0 + FALLOFF_PER_M2 * squared)


def read_lights(stage: Usd.Stage) -> tuple[Light, ...]:
    """Read the rect, disk, sphere and distant lights of a stage, in path order; other lights are left out."""
    cache = UsdGeom.XformCache()
    lights = []
    for prim in stage.Traverse(Usd.TraverseInstanceProxies()):
        gain = _gain(prim)
        if gain > 0.0:
            lights.append(_light(prim, cache.GetLocalToWorldTransform(prim), gain))
    return tuple(sorted(lights, key=lambda light: light.prim))


def _gain(prim: Usd.Prim) -> float:
    if UsdGeom.Imageable(prim).ComputeVisibility() == UsdGeom.Tokens.invisible:
        return 0.0
    if prim.IsA(UsdLux.DistantLight):
        return SUN_GAIN
    if prim.IsA(UsdLux.RectLight) or prim.IsA(UsdLux.DiskLight):
        return RECT_GAIN
    return SPHERE_GAIN if prim.IsA(UsdLux.SphereLight) else 0.0


def _light(prim: Usd.Prim, to_world: Gf.Matrix4d, gain: float) -> Light:
    api = UsdLux.LightAPI(prim)
    strength = gain * float(api.GetIntensityAttr().Get()) * 2.0 ** float(api.GetExposureAttr().Get())
    color = api.GetColorAttr().Get()
    position = to_world.Transform(Gf.Vec3d(0, 0, 0))
    direction = to_world.TransformDir(Gf.Vec3d(0, 0, -1)).GetNormalized()
    return Light(
        str(prim.GetPath()),
        prim.IsA(UsdLux.DistantLight),
        (position[0], position[1], position[2]),
        (direction[0], direction[1], direction[2]),
        (float(color[0]) * strength, float(color[1]) * strength, float(color[2]) * strength),
    )


def shadow_order(lights: tuple[Light, ...], gains: NDArray[np.float64], at_m: tuple[float, float]) -> list[int]:
    """Sort the lights' positions by their effect at a place: the first few get shadows."""
    reach = [light.reach(*at_m) * float(gain) for light, gain in zip(lights, gains, strict=True)]
    return sorted(range(len(lights)), key=lambda i: (-reach[i], i))
