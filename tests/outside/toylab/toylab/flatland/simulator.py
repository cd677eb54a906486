"""Flatland: what simgate asks of a simulator; layout, scenarios and motion are simgate's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simgate.data.sample import Camera, Command
from simgate.scene.camera import read_camera
from simgate.scene.layout import read_layout
from simgate.scene.usd_scene import UsdScene
from simgate.sim.boxes import boxes_of
from simgate.sim.protocol import Frame, Overview, View
from simgate.sim.scenario import Scenario
from simgate.sim.world import World
from simgate.specs.generate import GenerateSpec
from toylab.flatland.picture import FLOOR, WALL, Body, Eye, Room, Seen, distance, look

HEIGHT_M = {"person": 1.7, "bin": 0.5}
"""Of an actor's cylinder, by its label."""
OTHER_HEIGHT_M = 0.4
FLOOR_RGB, WALL_RGB = (120.0, 110.0, 90.0), (170.0, 180.0, 190.0)


class Flatland:
    """One scene, its episodes side by side."""

    lanes = 4

    def __init__(self, spec: GenerateSpec, root: Path) -> None:
        self._usd = UsdScene(root, spec.classes)
        self.layout = read_layout(self._usd)
        self._mount = read_camera(self._usd, spec.camera)
        self._eye = Eye(self._mount.focal_px, spec.camera.width_px, spec.camera.height_px)
        self._room = self._extent()
        rows = self._usd.components.rows
        self._semantic = np.array([0, *(row.semantic for row in rows)], dtype=np.uint8)
        self._instance = {label: _first(rows, label) for label in ("floor", "wall")}
        self.episodes: tuple[World, ...] = ()

    def reset(self, scenarios: Sequence[Scenario]) -> None:
        """Put each lane where its scenario starts."""
        self.episodes = tuple(World(self.layout, scenario) for scenario in scenarios)

    def step(self, commands: Sequence[Command], dt_s: float) -> None:
        """Let time pass in every lane."""
        for world, command in zip(self.episodes, commands, strict=True):
            world.step(command, dt_s)

    def render(self, lanes: Sequence[int]) -> list[Frame]:
        """Picture, depth, masks and boxes of each of these lanes."""
        return [self._frame(self.episodes[lane]) for lane in lanes]

    def pictures(self, lanes: Sequence[int]) -> list[NDArray[np.uint8]]:
        """The colour pictures alone."""
        return [frame.rgb for frame in self.render(lanes)]

    def overview(self, view: View) -> Overview:
        """Look at the empty room."""
        eye = Eye(view.width_px / 2 / math.tan(view.field_of_view_rad / 2), view.width_px, view.height_px)
        pose = _looking(np.asarray(view.eye_m), np.asarray(view.target_m))
        seen = look(pose[:3, 3], eye.rays(pose), self._room, ())
        return Overview(self._coloured(seen, 1.0), seen.depth_m.astype(np.float32))

    def close(self) -> None:
        """Let go of the episodes."""
        self.episodes = ()

    def _frame(self, world: World) -> Frame:
        pose = _base_pose(world.robot.x_m, world.robot.y_m, world.robot.yaw_rad) @ self._mount.base_from_camera
        bodies = {body.instance: body for body in self._bodies(world)}
        rays = self._eye.rays(pose)
        seen = look(pose[:3, 3], rays, self._room, tuple(bodies.values()))
        instance = self._instances(seen)
        boxes = boxes_of(
            instance, self._usd.components.rows, lambda one: np.isfinite(distance(pose[:3, 3], rays, bodies[one]))
        )
        gain = float(np.mean(world.scenario.look.light_gain))
        focal, middle = self._eye.focal_px, (self._eye.width_px / 2, self._eye.height_px / 2)
        camera = Camera(focal, focal, *middle, pose)
        rgb, depth = self._coloured(seen, gain), seen.depth_m.astype(np.float32)
        return Frame(rgb, depth, self._semantic[instance], instance, boxes, camera)

    def _bodies(self, world: World) -> Iterator[Body]:
        labels = {actor.path: actor.label for actor in self.layout.actors}
        standing = [(item.actor, item.x_m, item.y_m, item.radius_m) for item in world.scenario.placements]
        walking = [(item.walk.actor, *item.position_m, item.walk.radius_m) for item in world.actors]
        for path, x_m, y_m, radius_m in (*standing, *walking):
            height_m = HEIGHT_M.get(labels[path], OTHER_HEIGHT_M)
            yield Body(self._usd.components.instance_of(path), x_m, y_m, radius_m, height_m)

    def _instances(self, seen: Seen) -> NDArray[np.uint16]:
        found = np.where(seen.what == FLOOR, self._instance["floor"], seen.what)
        return np.where(seen.what == WALL, self._instance["wall"], found).astype(np.uint16)

    def _coloured(self, seen: Seen, gain: float) -> NDArray[np.uint8]:
        """A chequered floor, striped walls, and a colour an instance, darker with distance."""
        x, y, z = (seen.point_m[:, :, axis] for axis in range(3))
        chequered = (np.floor(x) + np.floor(y)) % 2
        striped = np.floor(2 * z) % 2
        own = np.stack([37 * seen.what % 200, 91 * seen.what % 230, 53 * seen.what % 250], axis=2) + 5.0
        ground = np.asarray(FLOOR_RGB) * (0.6 + 0.4 * chequered[:, :, None])
        sides = np.asarray(WALL_RGB) * (0.8 + 0.2 * striped[:, :, None])
        rgb = np.where((seen.what == FLOOR)[:, :, None], ground, own)
        rgb = np.where((seen.what == WALL)[:, :, None], sides, rgb)
        shade = gain / (1 + 0.1 * seen.depth_m[:, :, None])
        return np.asarray(np.clip(rgb * shade, 0, 255), dtype=np.uint8)

    def _extent(self) -> Room:
        grid = self.layout.grid
        rows, columns = grid.blocked.shape
        low = grid.origin_m
        return Room(low, (low[0] + columns * grid.cell_m, low[1] + rows * grid.cell_m))


def _first(rows: Sequence[object], label: str) -> int:
    return next(number for number, row in enumerate(rows, start=1) if getattr(row, "label", "") == label)


def _base_pose(x_m: float, y_m: float, yaw_rad: float) -> NDArray[np.float64]:
    cosine, sine = math.cos(yaw_rad), math.sin(yaw_rad)
    return np.array([[cosine, -sine, 0, x_m], [sine, cosine, 0, y_m], [0, 0, 1, 0], [0, 0, 0, 1.0]])


def _looking(eye_m: NDArray[np.float64], target_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pose of an optical frame at one place that looks at another, level."""
    ahead = (target_m - eye_m) / np.linalg.norm(target_m - eye_m)
    right = np.cross(ahead, np.array([0.0, 0.0, 1.0]))
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(ahead, right), ahead], axis=1)
    pose[:3, 3] = eye_m
    return pose
