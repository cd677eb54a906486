"""Lights: what lights a scene up."""

from __future__ import annotations

import math

from pxr import Usd, UsdGeom, UsdLux

from simgate.core.errors import InputError
from simgate.documents.scene import Light


def read_lights(stage: Usd.Stage, scene: str) -> tuple[Light, ...]:
    """Return every visible UsdLux light, sorted by prim path; a scene without one that shines is refused."""
    prims = [prim for prim in stage.Traverse(Usd.TraverseInstanceProxies()) if prim.HasAPI(UsdLux.LightAPI)]
    found = [_light(prim, scene) for prim in prims if _visible(prim)]
    if not any(light.intensity > 0 for light in found):
        actual = f"{len(found)} lights of intensity 0" if found else "no UsdLux light"
        raise InputError(
            f"scene {scene} has no light", actual=actual, expected="a light that shines", remedy="add a UsdLux light"
        )
    return tuple(sorted(found, key=lambda light: light.prim))


def _light(prim: Usd.Prim, scene: str) -> Light:
    value = UsdLux.LightAPI(prim).GetIntensityAttr().Get()
    intensity = float(value) if value is not None else math.nan
    if not (math.isfinite(intensity) and intensity >= 0):
        what = f"light {prim.GetPath()} of scene {scene} has an impossible intensity"
        raise InputError(what, actual=value, expected="0 or more", remedy="write a finite intensity")
    return Light(prim=str(prim.GetPath()), kind=str(prim.GetTypeName()), intensity=intensity)


def _visible(prim: Usd.Prim) -> bool:
    return bool(UsdGeom.Imageable(prim).ComputeVisibility() != UsdGeom.Tokens.invisible)
