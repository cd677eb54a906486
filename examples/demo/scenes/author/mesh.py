"""A mesh of separate corners, which may be moved, turned, scaled and merged."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Vec3 = tuple[float, float, float]


@dataclass(frozen=True)
class Mesh:
    """Polygons as a soup of corners; welding is left to the writer.

    `points` and `normals` are (corners, 3) in metres, right-handed, Z up; `st` is (corners, 2), in metres along
    the surface or 0..1 for a print; `counts` is (faces,) corners of each polygon, counter-clockwise from outside.
    """

    points: Array
    normals: Array
    st: Array
    counts: NDArray[np.int64]

    def moved(self, x_m: float = 0.0, y_m: float = 0.0, z_m: float = 0.0) -> Mesh:
        return replace(self, points=self.points + np.array([x_m, y_m, z_m]))

    def turned(self, axis: str, angle_deg: float) -> Mesh:
        matrix = rotation(axis, angle_deg)
        return replace(self, points=self.points @ matrix.T, normals=self.normals @ matrix.T)

    def scaled(self, x: float, y: float, z: float) -> Mesh:
        """Scale by positive factors; normals stay perpendicular to the surface."""
        factors = np.array([x, y, z])
        normals = self.normals / factors
        return replace(self, points=self.points * factors, normals=normals / _length(normals))

    def mapped(self, scale: float) -> Mesh:
        """The same mesh with `st` multiplied, e.g. by 1 / metres per texture repeat."""
        return replace(self, st=self.st * scale)

    def bounds(self) -> tuple[Array, Array]:
        return self.points.min(axis=0), self.points.max(axis=0)

    def triangle_count(self) -> int:
        return int((self.counts - 2).sum())


def merged(*meshes: Mesh) -> Mesh:
    """One mesh of all polygons, in the given order."""
    return Mesh(
        points=np.concatenate([mesh.points for mesh in meshes]),
        normals=np.concatenate([mesh.normals for mesh in meshes]),
        st=np.concatenate([mesh.st for mesh in meshes]),
        counts=np.concatenate([mesh.counts for mesh in meshes]),
    )


def mirrored_y(mesh: Mesh) -> tuple[Mesh, Mesh]:
    """The mesh and its mirror image across the plane y = 0."""
    order = np.concatenate([np.arange(end - count, end)[::-1] for count, end in _spans(mesh)])
    flip = np.array([1.0, -1.0, 1.0])
    return mesh, Mesh(mesh.points[order] * flip, mesh.normals[order] * flip, mesh.st[order], mesh.counts)


def rotation(axis: str, angle_deg: float) -> Array:
    """Right-handed rotation about one of the axes x, y, z; shape (3, 3)."""
    cosine, sine = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = cosine
    matrix[first, second], matrix[second, first] = -sine, sine
    return matrix


def _spans(mesh: Mesh) -> list[tuple[int, int]]:
    return list(zip(mesh.counts.tolist(), np.cumsum(mesh.counts).tolist(), strict=True))


def _length(vectors: Array) -> Array:
    lengths: Array = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.maximum(lengths, 1e-12)
