"""NewtonScene: a USD scene as a Newton model, with what is fixed about it: bodies, shapes, colours."""

from __future__ import annotations

import math
from typing import Any

import newton
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simgate.core.errors import InputError
from simgate.scene.components import ROBOT_PATH
from simgate.scene.raster import Triangles
from simgate.scene.usd_scene import UsdScene
from simgate.sim.newton.camera import NewtonModel
from simgate.sim.newton.shapes import joined, ray_mesh, read_shapes, rotation

FIXED = -1
PARKED_M = (0.0, 0.0, -500.0)
"""Actors that an episode does not use wait here, below every floor."""


class NewtonScene:
    """The model of one scene; `pose`, `park` and `tint` change it within an episode."""

    def __init__(self, usd: UsdScene, device: str) -> None:
        builder = newton.ModelBuilder(up_axis=newton.Axis.Z)
        builder.add_usd(usd.stage)
        model: Any = builder.finalize(device=device)
        self.model: NewtonModel = model
        self.state: Any = self.model.state()
        self.shapes = read_shapes(self.model, usd.components)
        self._bodies = {str(label): i for i, label in enumerate(self.model.body_label)}
        self._authored = self.state.body_q.numpy().astype(np.float64)
        self._q = self._authored.copy()
        self._require_bodies(usd)
        self._below = {path: self._bodies_below(path) for path in (ROBOT_PATH, *usd.roles)}
        self.instance_of_shape = np.zeros(self.model.shape_count, dtype=np.uint16)
        for shape in self.shapes:
            self.instance_of_shape[shape.index] = shape.instance
        self._linear_colors = _linear(self.model.shape_color.numpy().astype(np.float64))
        self._meshes: dict[int, tuple[int, Any, NDArray[np.float64]]] = {}

    def body(self, path: str) -> int:
        """Return the number of the body of a prim in the model."""
        return self._bodies[path]

    def pose(self, path: str, x_m: float, y_m: float, yaw_rad: float) -> None:
        """Stand a body somewhere, at its authored height, and the bodies below it (wheels, arms) as they sit on it."""
        body = self._bodies[path]
        self._q[body] = (x_m, y_m, self._authored[body][2], 0.0, 0.0, math.sin(yaw_rad / 2), math.cos(yaw_rad / 2))
        self._carry(path)

    def park(self, path: str) -> None:
        """Take a body, and those below it, out of sight."""
        self._q[self._bodies[path]] = (*PARKED_M, 0.0, 0.0, 0.0, 1.0)
        self._carry(path)

    def _carry(self, path: str) -> None:
        for below, body_from_below in self._below[path]:
            world_from_below = self._matrix(self._q, self._bodies[path]) @ body_from_below
            turn = Rotation.from_matrix(world_from_below[:3, :3]).as_quat()
            self._q[below] = (*world_from_below[:3, 3], *turn)

    def _bodies_below(self, path: str) -> tuple[tuple[int, NDArray[np.float64]], ...]:
        """Return bodies below a prim, each with its authored pose on it."""
        body_from_world = np.linalg.inv(self._matrix(self._authored, self._bodies[path]))
        return tuple(
            (body, np.asarray(body_from_world @ self._matrix(self._authored, body)))
            for label, body in self._bodies.items()
            if label.startswith(f"{path}/")
        )

    def restore(self) -> None:
        """Put every body and colour back as authored."""
        self._q = self._authored.copy()
        self.rebuild()
        self.tint(np.ones((int(self.instance_of_shape.max()), 3)))

    def commit(self) -> None:
        """Hand the poses to the renderer."""
        self.state.body_q.assign(self._q.astype(np.float32))
        self.model.bvh_refit_shapes(self.state)

    def rebuild(self) -> None:
        """Hand the poses to the renderer and sort its shapes anew: rays are an eighth cheaper than after a refit."""
        self.state.body_q.assign(self._q.astype(np.float32))
        self.model.bvh_build_shapes(self.state)

    def tint(self, factors: NDArray[np.float64]) -> None:
        """Colour every component by its factor (instances × RGB, linear); unlabelled shapes keep theirs."""
        whole = np.vstack([np.ones(3), factors])
        colors = np.clip(self._linear_colors * whole[self.instance_of_shape], 0.0, 1.0)
        self.model.shape_color.assign(_srgb(colors).astype(np.float32))

    def world_from(self, path: str) -> NDArray[np.float64]:
        """Return 4 × 4 pose of a body now."""
        return self._matrix(self._q, self._bodies[path])

    def ray_target(self, instance: int) -> tuple[Any, NDArray[np.float64], NDArray[np.float64]]:
        """Return a component's ray mesh, its frame's pose now (4 × 4), and the corners of its extent in that frame."""
        if instance not in self._meshes:
            body = next(s.body for s in self.shapes if s.instance == instance)
            triangles = joined(self.shapes, body=body, instance=instance)
            self._meshes[instance] = (body, ray_mesh(triangles, str(self.model.device)), _corners(triangles))
        body, mesh, corners = self._meshes[instance]
        return mesh, self._matrix(self._q, body), corners

    def _matrix(self, poses: NDArray[np.float64], body: int) -> NDArray[np.float64]:
        matrix = np.eye(4)
        if body != FIXED:
            matrix[:3, :3], matrix[:3, 3] = rotation(poses[body][3:]), poses[body][:3]
        return matrix

    def _require_bodies(self, usd: UsdScene) -> None:
        for path in (ROBOT_PATH, *usd.roles):
            if path not in self._bodies:
                raise InputError(
                    f"scene {usd.name}: {path} is not a rigid body",
                    remedy="apply PhysicsRigidBodyAPI to it",
                )


def _corners(triangles: Triangles) -> NDArray[np.float64]:
    low, high = triangles.min(axis=(0, 1)), triangles.max(axis=(0, 1))
    picks = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1).reshape(-1, 3)
    return np.asarray(np.where(picks == 0, low, high), dtype=np.float64)


def _linear(srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Decode sRGB to linear light (IEC 61966-2-1)."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _srgb(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """Encode linear light as sRGB (IEC 61966-2-1)."""
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
