"""Primitives: USD's implicit surfaces as triangles in their own frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pxr import Usd, UsdGeom

from simgate.scene.raster import Triangles

SIDES = 32
"""Of a round surface; its edges lie inside the circle by less than 0.5 % of the radius."""
NOTHING: Triangles = np.zeros((0, 3, 3))


def primitive(prim: Usd.Prim) -> Triangles:
    """Mesh a cube, sphere, capsule, cylinder, cone or plane; anything else has no triangles."""
    if prim.IsA(UsdGeom.Cube):
        return _box(0.5 * _number(prim, "size"))
    if prim.IsA(UsdGeom.Sphere):
        angles = np.linspace(0.0, np.pi, SIDES // 2 + 1)
        radius = _number(prim, "radius")
        return _turned(radius * np.sin(angles), radius * np.cos(angles))
    if prim.IsA(UsdGeom.Plane):
        return _along(prim, _plane(0.5 * _number(prim, "width"), 0.5 * _number(prim, "length")))
    if prim.IsA(UsdGeom.Capsule):
        return _along(prim, _capsule(_number(prim, "radius"), 0.5 * _number(prim, "height")))
    if prim.IsA(UsdGeom.Cylinder) or prim.IsA(UsdGeom.Cone):
        half, radius = 0.5 * _number(prim, "height"), _number(prim, "radius")
        top = 0.0 if prim.IsA(UsdGeom.Cone) else radius
        return _along(prim, _turned(np.array([0.0, top, radius, 0.0]), np.array([half, half, -half, -half])))
    return NOTHING


def _number(prim: Usd.Prim, name: str) -> float:
    return float(prim.GetAttribute(name).Get())


def _along(prim: Usd.Prim, upright: Triangles) -> Triangles:
    """Turn a surface around z to the prim's axis."""
    axis = str(prim.GetAttribute("axis").Get())
    return np.roll(upright, {"X": 1, "Y": 2, "Z": 0}[axis], axis=2)


def _box(half: float) -> Triangles:
    side = half * _square()
    faces = [np.roll(side + np.array([0.0, 0.0, sign * half]), turn, axis=2) for sign in (1, -1) for turn in range(3)]
    return np.concatenate(faces)


def _plane(half_width: float, half_length: float) -> Triangles:
    scaled: Triangles = _square() * np.array([half_width, half_length, 1.0])
    return scaled


def _square() -> Triangles:
    """Return two triangles from (−1, −1) to (1, 1) at z = 0."""
    corners = np.array([[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 1.0, 0.0]])
    return corners[[[0, 1, 2], [0, 2, 3]]]


def _capsule(radius: float, half: float) -> Triangles:
    angles = np.linspace(0.0, 0.5 * np.pi, SIDES // 4 + 1)
    cap_radii, cap_heights = radius * np.sin(angles), radius * np.cos(angles)
    return _turned(np.append(cap_radii, cap_radii[::-1]), np.append(half + cap_heights, -half - cap_heights[::-1]))


def _turned(radii: NDArray[np.float64], heights: NDArray[np.float64]) -> Triangles:
    """Turn a profile around z."""
    angles = np.linspace(0.0, 2.0 * np.pi, SIDES + 1)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    flat = radii[:, None, None] * ring
    points = np.concatenate([flat, np.broadcast_to(heights[:, None, None], (*flat.shape[:2], 1))], axis=2)
    a, b, c, d = points[:-1, :-1], points[1:, :-1], points[1:, 1:], points[:-1, 1:]
    return np.concatenate([np.stack([a, b, c], axis=2), np.stack([a, c, d], axis=2)]).reshape(-1, 3, 3)
