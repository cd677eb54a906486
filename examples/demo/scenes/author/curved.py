"""Round and soft solids with smooth normals: turned profiles, limbs, ellipsoids, cushions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mesh import Array, Mesh, Vec3, merged

Profile = Sequence[tuple[float, float]]


def lathe(profile: Profile, at: Vec3 = (0, 0, 0), *, segments: int = 16, smooth: bool = False) -> Mesh:
    """Turn a profile of (radius, z) pairs, from bottom to top, around the vertical axis through `at`.

    Each profile edge keeps its own normal unless `smooth`. `st` is metres around and along.
    """
    rings = np.array(profile, dtype=float)
    slopes = _edge_normals(rings)
    vertex = _vertex_normals(slopes) if smooth else np.zeros_like(rings)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(rings, axis=0), axis=1))])
    widest = float(rings[:, 0].max())
    bands = []
    for index, slope in enumerate(slopes):
        ends = (vertex[index], vertex[index + 1]) if smooth else (slope, slope)
        lengths = (float(along[index]), float(along[index + 1]))
        bands.append(_band((rings[index], rings[index + 1]), ends, lengths, widest, segments))
    return merged(*bands).moved(*at)


def disc(radius_m: float, at: Vec3 = (0, 0, 0), *, segments: int = 16) -> Mesh:
    """A flat round plate looking up."""
    return lathe(((radius_m, 0.0), (0.0, 0.0)), at, segments=segments)


def cylinder(radius_m: float, height_m: float, at: Vec3 = (0, 0, 0), *, segments: int = 16) -> Mesh:
    """An upright cylinder standing on `at`."""
    return lathe(((0, 0), (radius_m, 0), (radius_m, height_m), (0, height_m)), at, segments=segments)


def ellipsoid(radii: Vec3, at: Vec3 = (0, 0, 0), *, segments: int = 14, rings: int = 8) -> Mesh:
    """An ellipsoid centred on `at`."""
    angles = [math.pi * (index / rings - 0.5) for index in range(rings + 1)]
    ball = lathe([(max(math.cos(a), 0.0), math.sin(a)) for a in angles], segments=segments, smooth=True)
    return ball.scaled(*radii).moved(*at)


def limb(start: Vec3, end: Vec3, radii: tuple[float, float], *, segments: int = 12) -> Mesh:
    """A tapered capsule from `start` to `end`, its ends rounded."""
    low, high = np.array(start, dtype=float), np.array(end, dtype=float)
    length = float(np.linalg.norm(high - low))
    steps = (90.0, 60.0, 30.0, 0.0)
    below = [(radii[0] * _cos(a), -radii[0] * _sin(a)) for a in steps]
    above = [(radii[1] * _cos(a), length + radii[1] * _sin(a)) for a in reversed(steps)]
    capsule = lathe([*below, *above], segments=segments, smooth=True)
    matrix = _frame((high - low) / length)
    return Mesh(capsule.points @ matrix.T + low, capsule.normals @ matrix.T, capsule.st, capsule.counts)


def cushion(size: Vec3, radius_m: float, at: Vec3 = (0, 0, 0), *, steps: int = 2) -> Mesh:
    """A box with rounded edges, standing on `at`; `steps` quads across each rounding."""
    half = np.array(size) / 2
    radius = min(radius_m, float(half.min()))
    core = half - radius
    faces = [_soft_face(axis, sign, core, radius, steps) for axis in range(3) for sign in (1.0, -1.0)]
    return _with_area(merged(*faces)).moved(at[0], at[1], at[2] + float(half[2]))


def _soft_face(axis: int, sign: float, core: Array, radius: float, steps: int) -> Mesh:
    right, up = ((axis + 1) % 3, (axis + 2) % 3) if sign > 0 else ((axis + 2) % 3, (axis + 1) % 3)
    slopes = np.tan(np.radians(np.linspace(0, 45, steps + 1)))
    signed = [*((-1.0, -float(s)) for s in slopes[::-1]), *((1.0, float(s)) for s in slopes)]
    grid_points = np.zeros((len(signed), len(signed), 3))
    grid_normals = np.zeros_like(grid_points)
    for i, (side_s, slope_s) in enumerate(signed):
        for j, (side_t, slope_t) in enumerate(signed):
            normal = np.zeros(3)
            normal[[axis, right, up]] = sign, slope_s, slope_t
            normal /= np.linalg.norm(normal)
            corner = np.zeros(3)
            corner[[axis, right, up]] = sign, side_s, side_t
            grid_points[i, j] = corner * core + normal * radius
            grid_normals[i, j] = normal
    return _grid(grid_points, grid_normals, grid_points[..., [right, up]])


def _with_area(quads: Mesh) -> Mesh:
    """Only the quads that are not squeezed to a line, as they are where a cushion is all rounding."""
    corners = quads.points.reshape(-1, 4, 3)
    area = np.linalg.norm(np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]), axis=1)
    keep = np.repeat(area > 1e-8, 4)
    return Mesh(quads.points[keep], quads.normals[keep], quads.st[keep], quads.counts[keep[::4]])


def _grid(points: Array, normals: Array, st: Array) -> Mesh:
    """Quads over a grid of (rows, columns) samples, counter-clockwise for s to the right and t up."""
    rows, columns = points.shape[:2]
    index = np.arange(rows * columns).reshape(rows, columns)
    quads = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], axis=-1).reshape(-1)
    flat = (points.reshape(-1, 3)[quads], normals.reshape(-1, 3)[quads], st.reshape(-1, 2)[quads])
    return Mesh(*flat, np.full(len(quads) // 4, 4))


def _band(
    rings: tuple[Array, Array], normals: tuple[Array, Array], lengths: tuple[float, float], widest: float, segments: int
) -> Mesh:
    """The strip of quads (or, at a pole, triangles) between two rings of a turned profile."""
    angles = np.linspace(0, 2 * math.pi, segments + 1)
    around = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    points, slopes, st = np.zeros((segments + 1, 2, 3)), np.zeros((segments + 1, 2, 3)), np.zeros((segments + 1, 2, 2))
    for end in range(2):
        radius, z = rings[end]
        points[:, end, :2], points[:, end, 2] = around * radius, z
        slopes[:, end, :2], slopes[:, end, 2] = around * normals[end][0], normals[end][1]
        st[:, end, 0], st[:, end, 1] = angles * widest, lengths[end]
    strip = _grid(points, slopes, st)
    poles = [end for end in range(2) if rings[end][0] == 0.0]
    return _without_corner(strip, 3 if poles == [1] else 0) if poles else strip


def _without_corner(strip: Mesh, corner: int) -> Mesh:
    """Quads whose upper or lower edge has no length become triangles."""
    keep = np.arange(len(strip.points)) % 4 != corner
    return Mesh(strip.points[keep], strip.normals[keep], strip.st[keep], np.full(len(strip.counts), 3))


def _edge_normals(rings: Array) -> Array:
    edges = np.diff(rings, axis=0)
    normals = np.stack([edges[:, 1], -edges[:, 0]], axis=-1)
    result: Array = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return result


def _vertex_normals(slopes: Array) -> Array:
    padded = np.concatenate([slopes[:1], slopes, slopes[-1:]])
    sums = padded[:-1] + padded[1:]
    result: Array = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return result


def _frame(direction: Array) -> Array:
    """A rotation matrix that takes +Z to `direction`."""
    aside = np.array([1.0, 0, 0]) if abs(direction[0]) < 0.9 else np.array([0, 1.0, 0])
    right = np.cross(aside, direction)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(direction, right), direction], axis=-1)


def _cos(angle_deg: float) -> float:
    return math.cos(math.radians(angle_deg)) if angle_deg < 90.0 else 0.0


def _sin(angle_deg: float) -> float:
    return math.sin(math.radians(angle_deg))
