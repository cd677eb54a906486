"""Shapes: the visible surfaces of a Newton model as triangles, per labelled component."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import newton
import numpy as np
import warp
from numpy.typing import NDArray

from simgate.scene.components import ComponentTable
from simgate.scene.raster import Triangles

wp: Any = warp  # warp's own annotations miss half of what it has

VISUAL_SUFFIX = "_visual"
"""Newton appends it to the prim path of a shape that is drawn beside its collider."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One visible shape."""

    index: int
    """In the Newton model."""
    instance: int
    """Of its component; 0 if it has none."""
    body: int
    """In the Newton model; −1 for the fixed world."""
    triangles: Triangles
    """In the body's frame, or the world's."""


def read_shapes(model: Any, table: ComponentTable) -> tuple[Shape, ...]:
    """Return every visible shape of the model, primitives meshed."""
    flags, kinds = model.shape_flags.numpy(), model.shape_type.numpy()
    scales, poses, bodies = model.shape_scale.numpy(), model.shape_transform.numpy(), model.shape_body.numpy()
    shapes = []
    for i in np.flatnonzero(flags & int(newton.ShapeFlags.VISIBLE)):
        local = _mesh(int(kinds[i]), model.shape_source[i], scales[i])
        if local is not None:
            points = local @ rotation(poses[i][3:]).T + poses[i][:3]
            path = str(model.shape_label[i]).removesuffix(VISUAL_SUFFIX)
            shapes.append(Shape(int(i), table.instance_of(path), int(bodies[i]), points))
    return tuple(shapes)


def _mesh(kind: int, source: newton.Mesh | None, scale: NDArray[np.float32]) -> Triangles | None:
    """count × 3 × 3 in the shape's own frame; None for a kind that has no surface."""
    x, y, z = (float(s) for s in scale)
    if kind in (newton.GeoType.MESH, newton.GeoType.CONVEX_MESH) and source is not None:
        return np.asarray(_triangles(source) * np.array([x, y, z]), dtype=np.float64)
    if kind == newton.GeoType.BOX:
        return _triangles(newton.Mesh.create_box(x, y, z))
    if kind == newton.GeoType.SPHERE:
        return _triangles(newton.Mesh.create_sphere(x))
    if kind == newton.GeoType.CAPSULE:
        return _triangles(newton.Mesh.create_capsule(x, y, up_axis=newton.Axis.Z))
    if kind == newton.GeoType.CYLINDER:
        return _triangles(newton.Mesh.create_cylinder(x, y, up_axis=newton.Axis.Z))
    if kind == newton.GeoType.CONE:
        return _triangles(newton.Mesh.create_cone(x, y, up_axis=newton.Axis.Z))
    return None


def _triangles(mesh: newton.Mesh) -> Triangles:
    points = np.asarray(mesh.vertices, dtype=np.float64).reshape(-1, 3)
    return points[np.asarray(mesh.indices, dtype=np.int64).reshape(-1, 3)]


def rotation(quaternion: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return 3 × 3 matrix of a quaternion (x, y, z, w)."""
    x, y, z, w = (float(q) for q in quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def joined(shapes: tuple[Shape, ...], *, body: int, instance: int | None = None) -> Triangles:
    """Return all triangles of one body, of one instance of it if asked; count may be 0."""
    chosen = [s.triangles for s in shapes if s.body == body and (instance is None or s.instance == instance)]
    return np.concatenate(chosen) if chosen else np.zeros((0, 3, 3))


def ray_mesh(triangles: Triangles, device: str) -> Any:
    """Return a mesh that rays can be asked against."""
    points: Any = wp.array(triangles.reshape(-1, 3).astype(np.float32), dtype=wp.vec3f, device=device)
    indices: Any = wp.array(np.arange(points.shape[0], dtype=np.int32), dtype=wp.int32, device=device)
    return wp.Mesh(points, indices)
