"""Picture: rays from one camera to the floor, to the wall around it, and to cylinders that stand on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FLOOR, WALL = -2, -1
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Body:
    """One cylinder, world frame."""

    instance: int
    x_m: float
    y_m: float
    radius_m: float
    height_m: float


@dataclass(frozen=True, slots=True)
class Room:
    """The floor's extent, world frame; the wall around it has no upper end."""

    low_m: tuple[float, float]
    high_m: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Eye:
    """A pinhole camera; pixels are square."""

    focal_px: float
    width_px: int
    height_px: int

    def rays(self, world_from_camera: Floats) -> Floats:
        """height × width × 3 directions in the world, one metre along the optical axis each."""
        x = (np.arange(self.width_px) + 0.5 - self.width_px / 2) / self.focal_px
        y = (np.arange(self.height_px) + 0.5 - self.height_px / 2) / self.focal_px
        ahead = np.stack([*np.meshgrid(x, y), np.ones((self.height_px, self.width_px))], axis=2)
        return np.asarray(ahead @ world_from_camera[:3, :3].T)


@dataclass(frozen=True, slots=True)
class Seen:
    """What each ray met first. Arrays are height × width."""

    depth_m: Floats
    what: NDArray[np.int64]
    """FLOOR, WALL or the instance of a body."""
    point_m: Floats
    """height × width × 3, world frame."""


def look(origin_m: Floats, rays: Floats, room: Room, bodies: Sequence[Body]) -> Seen:
    """Follow every ray to what it meets first."""
    depth = _floor(origin_m, rays)
    wall = _wall(origin_m, rays, room)
    what = np.where(depth <= wall, FLOOR, WALL)
    depth = np.minimum(depth, wall)
    for body in bodies:
        reach = distance(origin_m, rays, body)
        what = np.where(reach < depth, body.instance, what)
        depth = np.minimum(depth, reach)
    return Seen(depth, what, origin_m + rays * depth[:, :, None])


def distance(origin_m: Floats, rays: Floats, body: Body) -> Floats:
    """How far along each ray its side stands, height × width; infinite where the ray passes it."""
    x, y = origin_m[0] - body.x_m, origin_m[1] - body.y_m
    a = np.maximum(rays[:, :, 0] ** 2 + rays[:, :, 1] ** 2, 1e-12)
    b = rays[:, :, 0] * x + rays[:, :, 1] * y
    left = b * b - a * (x * x + y * y - body.radius_m**2)
    reach = (-b - np.sqrt(np.maximum(left, 0.0))) / a
    height = origin_m[2] + reach * rays[:, :, 2]
    met = (left > 0) & (reach > 0) & (height >= 0) & (height <= body.height_m)
    return np.where(met, reach, np.inf)


def _floor(origin_m: Floats, rays: Floats) -> Floats:
    falls = rays[:, :, 2] < -1e-9
    return np.where(falls, -origin_m[2] / np.where(falls, rays[:, :, 2], -1.0), np.inf)


def _wall(origin_m: Floats, rays: Floats, room: Room) -> Floats:
    found = np.full(rays.shape[:2], np.inf)
    for axis in (0, 1):
        ray = rays[:, :, axis]
        moves = np.abs(ray) > 1e-9
        edge = np.where(ray > 0, room.high_m[axis], room.low_m[axis])
        found = np.minimum(found, np.where(moves, (edge - origin_m[axis]) / np.where(moves, ray, 1.0), np.inf))
    return found
