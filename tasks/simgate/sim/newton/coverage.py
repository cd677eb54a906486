"""Coverage: which pixels a component would fill if nothing stood before it, by one ray per pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
import warp
from numpy.typing import NDArray

wp: Any = warp  # warp's own annotations know neither `numpy()` nor `assign()` on an array

NEAR_M = 0.02
Rect = tuple[int, int, int, int]
"""x_min, y_min, x_max, y_max in pixels, max edges exclusive."""


@wp.kernel(enable_backward=False)  # type: ignore[untyped-decorator]  # Warp has no types
def _cast(
    mesh: wp.uint64,
    mesh_from_camera: wp.transformf,
    rays: wp.array4d[wp.vec3f],
    left: wp.int32,
    top: wp.int32,
    hit: wp.array2d[wp.uint8],
) -> None:
    row, column = wp.tid()
    origin = wp.transform_point(mesh_from_camera, rays[top + row, left + column, 0, 0])
    direction = wp.transform_vector(mesh_from_camera, rays[top + row, left + column, 0, 1])
    query = wp.mesh_query_ray(mesh, origin, direction, 1000.0)
    if query.result:
        hit[top + row, left + column] = wp.uint8(1)


class CoverageCaster:
    """Casts the camera's single-sample rays against one component at a time."""

    def __init__(self, rays: Any, *, focal_px: float) -> None:
        self._rays = rays
        self._height, self._width = int(rays.shape[0]), int(rays.shape[1])
        self._focal_px = focal_px
        self._hit = wp.zeros((self._height, self._width), dtype=wp.uint8, device=rays.device)

    def covered(self, mesh: Any, mesh_from_camera: Any, rect: Rect) -> NDArray[np.bool_]:
        """height × width; the pixels inside `rect` whose centre ray meets the mesh."""
        left, top, right, bottom = rect
        self._hit.zero_()
        inputs = [mesh.id, mesh_from_camera, self._rays, left, top, self._hit]
        wp.launch(_cast, dim=(bottom - top, right - left), inputs=inputs, device=self._rays.device)
        return np.asarray(self._hit.numpy() != 0)

    def rect(self, corners: NDArray[np.float64]) -> Rect | None:
        """Bound the pixels that can see a convex body with these corners (count × 3, optical frame); None outside."""
        if (corners[:, 2] <= NEAR_M).all():
            return None
        if (corners[:, 2] <= NEAR_M).any():
            return 0, 0, self._width, self._height
        us = self._focal_px * corners[:, 0] / corners[:, 2] + 0.5 * self._width
        vs = self._focal_px * corners[:, 1] / corners[:, 2] + 0.5 * self._height
        left, right = max(0, int(np.floor(us.min())) - 1), min(self._width, int(np.ceil(us.max())) + 1)
        top, bottom = max(0, int(np.floor(vs.min())) - 1), min(self._height, int(np.ceil(vs.max())) + 1)
        return (left, top, right, bottom) if left < right and top < bottom else None
