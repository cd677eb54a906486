"""Flat-sided solids and panels, from which furniture is put together. A front looks along +X."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from mesh import Array, Mesh, Vec3, merged

# Corner signs of the six faces of a box, counter-clockwise from outside; the first edge is the texture's s.
_FACES: tuple[tuple[Vec3, Vec3, Vec3], ...] = (
    ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    ((-1, 0, 0), (0, -1, 0), (0, 0, 1)),
    ((0, 1, 0), (-1, 0, 0), (0, 0, 1)),
    ((0, -1, 0), (1, 0, 0), (0, 0, 1)),
    ((0, 0, 1), (0, 1, 0), (-1, 0, 0)),
    ((0, 0, -1), (0, 1, 0), (1, 0, 0)),
)


def quad(corners: Sequence[Sequence[float]] | Array, *, unit: bool = False) -> Mesh:
    """A flat quad, counter-clockwise from its front; `st` in metres, or 0..1 when `unit`."""
    points = np.array(corners, dtype=float)
    normal = np.cross(points[1] - points[0], points[3] - points[0])
    width = 1.0 if unit else float(np.linalg.norm(points[1] - points[0]))
    height = 1.0 if unit else float(np.linalg.norm(points[3] - points[0]))
    st = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float)
    normals = np.tile(normal / np.linalg.norm(normal), (4, 1))
    return Mesh(points, normals, st, np.array([4]))


def sheet(corners: Sequence[Sequence[float]], *, unit: bool = False) -> Mesh:
    """A quad with a front and a back, for leaves and paper: renderers cull back faces.

    The two are 2 mm apart: of coincident faces a ray may meet the culled one and miss both.
    """
    a, b, c, d = corners
    front, back = quad((a, b, c, d), unit=unit), quad((b, a, d, c), unit=unit)
    return merged(front, replace(back, points=back.points + 0.002 * back.normals))


def panel(width_m: float, height_m: float, at: Vec3 = (0, 0, 0)) -> Mesh:
    """An upright print looking along +X, centred in y on `at` and standing on it; `st` is 0..1."""
    x, y, z = at
    half = width_m / 2
    corners = ((x, y - half, z), (x, y + half, z), (x, y + half, z + height_m), (x, y - half, z + height_m))
    return quad(corners, unit=True)


def mat(length_m: float, width_m: float, at: Vec3 = (0, 0, 0)) -> Mesh:
    """A flat print looking up, `length_m` along x and `width_m` along y, centred on `at`; `st` is 0..1."""
    x, y, z = at
    half_x, half_y = length_m / 2, width_m / 2
    corners = (
        (x - half_x, y - half_y, z),
        (x + half_x, y - half_y, z),
        (x + half_x, y + half_y, z),
        (x - half_x, y + half_y, z),
    )
    return quad(corners, unit=True)


def box(size: Vec3, at: Vec3 = (0, 0, 0), *, unit: bool = False) -> Mesh:
    """A box standing on `at`, the middle of its base; `st` in metres, or 0..1 on each face when `unit`."""
    half = np.array(size) / 2
    centre = np.array(at) + np.array([0, 0, half[2]])
    return merged(*(quad(_corners(face, half, centre), unit=unit) for face in _FACES))


def frame(width_m: float, height_m: float, bar: tuple[float, float], at: Vec3 = (0, 0, 0)) -> Mesh:
    """An upright rectangular frame around an opening of the outer size given; `bar` is (depth, face width)."""
    x, y, z = at
    depth, face = bar
    side = (width_m - face) / 2
    return merged(
        box((depth, width_m, face), (x, y, z)),
        box((depth, width_m, face), (x, y, z + height_m - face)),
        box((depth, face, height_m - 2 * face), (x, y - side, z + face)),
        box((depth, face, height_m - 2 * face), (x, y + side, z + face)),
    )


def slab(length_m: float, height_m: float, depth_m: float, holes: Sequence[tuple[float, float, float, float]]) -> Mesh:
    """A wall with its inner side on x = 0, y from 0 to `length_m`, with rectangular holes (y0, y1, z0, z1)."""
    ys = sorted({0.0, length_m, *(edge for hole in holes for edge in hole[:2])})
    zs = sorted({0.0, height_m, *(edge for hole in holes for edge in hole[2:])})
    cells = [(y0, y1, z0, z1) for y0, y1 in pairwise(ys) for z0, z1 in pairwise(zs)]
    solid = [cell for cell in cells if not any(_inside(cell, hole) for hole in holes)]
    return merged(*(_cell(cell, depth_m) for cell in solid))


def _cell(cell: tuple[float, float, float, float], depth_m: float) -> Mesh:
    """One block of a slab, its texture anchored to the slab so that neighbours join without a seam."""
    y0, y1, z0, z1 = cell
    block = box((depth_m, y1 - y0, z1 - z0), (-depth_m / 2, (y0 + y1) / 2, z0))
    st = block.st.copy()
    st[:4] += (y0, z0)
    return Mesh(block.points, block.normals, st, block.counts)


def _inside(cell: tuple[float, float, float, float], hole: tuple[float, float, float, float]) -> bool:
    y, z = (cell[0] + cell[1]) / 2, (cell[2] + cell[3]) / 2
    return hole[0] < y < hole[1] and hole[2] < z < hole[3]


def _corners(face: tuple[Vec3, Vec3, Vec3], half: Array, centre: Array) -> Array:
    normal, right, up = (np.array(axis, dtype=float) for axis in face)
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return np.array([centre + half * (normal + s * right + t * up) for s, t in signs])
