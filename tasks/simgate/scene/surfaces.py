"""Surfaces: what stands in a scene, as triangles, read from USD alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pxr import Usd, UsdGeom

from simgate.core.errors import InputError
from simgate.scene.labels import labels_of
from simgate.scene.primitives import primitive
from simgate.scene.raster import Triangles

UNSEEN = frozenset({UsdGeom.Tokens.guide})
"""Purposes that no simulator draws: colliders, marked areas."""


@dataclass(frozen=True, slots=True)
class Surface:
    """Triangles of one prim, or of a labelled part of it."""

    path: str
    """Of the prim; of the GeomSubset where that has a label of its own."""
    triangles: Triangles
    """World frame, metres."""


def read_surfaces(stage: Usd.Stage) -> Iterator[Surface]:
    """Yield every surface that is drawn: meshes, cubes, spheres, capsules, cylinders, cones and planes.

    Neither what is invisible nor what has the purpose `guide`; instances one by one.
    """
    cache = UsdGeom.XformCache()
    for prim in stage.Traverse(Usd.TraverseInstanceProxies()):
        if prim.IsA(UsdGeom.Gprim) and _drawn(prim):
            yield from surfaces_of(prim, cache)


def surfaces_of(prim: Usd.Prim, cache: UsdGeom.XformCache) -> Iterator[Surface]:
    """Yield the surfaces of one prim; none for a kind that has no surface."""
    world_from_prim = np.asarray(cache.GetLocalToWorldTransform(prim), dtype=np.float64).T
    parts = _mesh(prim) if prim.IsA(UsdGeom.Mesh) else [(str(prim.GetPath()), primitive(prim))]
    for path, local in parts:
        if not (np.isfinite(local).all() and np.isfinite(world_from_prim).all()):
            raise InputError(
                f"prim {path} has a place or points that are no finite numbers", remedy="mend its transform or points"
            )
        if len(local):
            yield Surface(path, local @ world_from_prim[:3, :3].T + world_from_prim[:3, 3])


def _drawn(prim: Usd.Prim) -> bool:
    imageable = UsdGeom.Imageable(prim)
    return imageable.ComputeVisibility() != UsdGeom.Tokens.invisible and imageable.ComputePurpose() not in UNSEEN


def _mesh(prim: Usd.Prim) -> list[tuple[str, Triangles]]:
    mesh = UsdGeom.Mesh(prim)
    if mesh.GetPointsAttr().GetNumTimeSamples() and mesh.GetPointsAttr().Get() is None:
        raise InputError(
            f"prim {prim.GetPath()} has points in time samples only",
            expected="points without a time, which is what is drawn",
            remedy="write default points, as `simgate scenes wrap` does",
        )
    points = np.asarray(mesh.GetPointsAttr().Get() or [], dtype=np.float64).reshape(-1, 3)
    counts = np.asarray(mesh.GetFaceVertexCountsAttr().Get() or [], dtype=np.int64)
    corners = np.asarray(mesh.GetFaceVertexIndicesAttr().Get() or [], dtype=np.int64)
    if not len(points) or counts.sum() != len(corners) or not ((corners >= 0) & (corners < len(points))).all():
        return []  # Nothing that any simulator could draw.
    fans, faces = _fans(counts)
    triangles = points[corners[fans]]
    left = np.ones(len(counts), dtype=np.bool_)
    parts = []
    for subset in UsdGeom.Subset.GetAllGeomSubsets(mesh):
        if labels_of(subset.GetPrim()):
            own = np.zeros(len(counts), dtype=np.bool_)
            own[np.asarray(subset.GetIndicesAttr().Get() or [], dtype=np.int64)] = True
            parts.append((str(subset.GetPath()), triangles[own[faces]]))
            left &= ~own
    return [(str(prim.GetPath()), triangles[left[faces]]), *parts]


def _fans(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return triangles (count × 3) over the flat corners, each face a fan around its first corner; the face of each."""
    sizes = np.maximum(counts - 2, 0)
    faces = np.repeat(np.arange(len(counts)), sizes)
    first = np.repeat(np.cumsum(counts) - counts, sizes)
    turn = np.arange(len(faces)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.stack([first, first + turn + 1, first + turn + 2], axis=1), faces
