"""NewtonSimulator: one scene in Newton, its lanes drawn one by one.

The scene is opened once. An episode only assigns to arrays that the renderer already holds: body poses, light and
shape colours, the camera's pose. So no kernel is compiled between episodes, and a picture depends on the scenario and
the state alone. Motion is kinematic (`simgate.sim.world`); Newton's solvers are not used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import warp
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simgate.core.errors import InputError
from simgate.data.sample import Camera, Command
from simgate.scene.camera import OPTICAL_FROM_USD, RobotCamera, read_camera
from simgate.scene.components import ROBOT_PATH
from simgate.scene.layout import Layout, read_layout
from simgate.scene.light_sources import shadow_order
from simgate.scene.usd_scene import UsdScene
from simgate.sim.boxes import boxes_of
from simgate.sim.newton.camera import UNSEEN, NewtonCamera, Optics
from simgate.sim.newton.coverage import CoverageCaster
from simgate.sim.newton.scene import NewtonScene
from simgate.sim.protocol import Frame, Overview, View
from simgate.sim.scenario import Scenario
from simgate.sim.world import World
from simgate.specs.generate import GenerateSpec

wp: Any = warp  # warp's own annotations miss half of what it has

OVERVIEW_AMBIENT = 0.3


class NewtonSimulator:
    """One scene in Newton; see `Simulator`."""

    def __init__(self, root: Path, spec: GenerateSpec) -> None:
        self._usd = UsdScene(root, spec.classes)
        self._layout = read_layout(self._usd)
        self._scene = NewtonScene(self._usd, _device(spec))
        self._asked = spec
        self._size_px = (spec.camera.width_px, spec.camera.height_px)
        semantic = [0, *(row.semantic for row in self._usd.components.rows)]
        self._semantic_of_instance = np.array(semantic, dtype=np.uint8)
        self._worlds: tuple[World, ...] = ()
        self._shown: World | None = None
        """The episode whose obstacles and colours are in the model; None after a reset or an overview."""

    @cached_property
    def _eye(self) -> RobotCamera:
        """The robot's camera; an overview needs none."""
        return read_camera(self._usd, self._asked.camera)

    @cached_property
    def _camera(self) -> NewtonCamera:
        return NewtonCamera(self._scene.model, self._optics(*self._size_px, self._eye.focal_px), len(self._usd.lights))

    @cached_property
    def _caster(self) -> CoverageCaster:
        return CoverageCaster(self._camera.truth_rays, focal_px=self._eye.focal_px)

    @property
    def layout(self) -> Layout:
        """The scene as scenarios see it."""
        return self._layout

    @property
    def lanes(self) -> int:
        """1: all lanes share one model, and a change of lane costs a new sorting of its shapes."""
        return 1

    @property
    def episodes(self) -> tuple[World, ...]:
        """The episodes since the last reset."""
        return self._worlds

    def reset(self, scenarios: Sequence[Scenario]) -> None:
        """Put each lane where its scenario starts; nothing of earlier episodes is left."""
        self._camera.set_ambient(0.0)  # A camera that USD and recipe leave open is refused here, before any drive.
        self._worlds = tuple(World(self.layout, scenario) for scenario in scenarios)
        self._shown = None

    def step(self, commands: Sequence[Command], dt_s: float) -> None:
        """Let `dt_s` seconds pass in every lane while its base is asked for its command."""
        for world, command in zip(self._worlds, commands, strict=True):
            world.step(command, dt_s)

    def render(self, lanes: Sequence[int]) -> tuple[Frame, ...]:
        """Render picture, depth, masks and boxes of each of these lanes."""
        return tuple(self._render(self._worlds[lane]) for lane in lanes)

    def pictures(self, lanes: Sequence[int]) -> tuple[NDArray[np.uint8], ...]:
        """Return the colour pictures alone."""
        return tuple(self._picture(self._worlds[lane]) for lane in lanes)

    def overview(self, view: View) -> Overview:
        """Look at the scene as its author left it."""
        self._shown = None
        self._scene.restore()
        lights, (x, y, _) = self._usd.lights, view.target_m
        focal_px = 0.5 * view.width_px / math.tan(0.5 * view.field_of_view_rad)
        camera = NewtonCamera(self._scene.model, self._optics(view.width_px, view.height_px, focal_px), len(lights))
        gains = np.ones(len(lights))
        camera.set_lights([lights[i] for i in shadow_order(lights, gains, (x, y))], np.zeros((len(lights), 2)), gains)
        camera.set_ambient(OVERVIEW_AMBIENT)
        pose = _transform(looking(view.eye_m, view.target_m))
        return Overview(camera.rgb(self._scene.state, pose), camera.truth(self._scene.state, pose)[0])

    def close(self) -> None:
        """Let go of the episodes; memory goes with the object."""
        self._worlds = ()

    def _render(self, world: World) -> Frame:
        rgb = self._picture(world)
        depth_m, index = self._camera.truth(self._scene.state, self._usd_pose())
        seen = index != UNSEEN
        instance = np.zeros(index.shape, dtype=np.uint16)
        instance[seen] = self._scene.instance_of_shape[index[seen]]
        boxes = boxes_of(instance, self._usd.components.rows, self._covered)
        width, height = self._size_px
        focal_px = self._eye.focal_px
        camera = Camera(focal_px, focal_px, 0.5 * width, 0.5 * height, self._world_from_optical())
        return Frame(rgb, depth_m, self._semantic_of_instance[instance], instance, boxes, camera)

    def _picture(self, world: World) -> NDArray[np.uint8]:
        if self._shown is not world:
            self._show(world)
        self._stand(world)
        self._scene.commit()
        return self._camera.rgb(self._scene.state, self._usd_pose())

    def _show(self, world: World) -> None:
        """Put an episode's obstacles, colours and lights into the model; those of any other leave it."""
        for actor in self.layout.actors:
            self._scene.park(actor.path)
        for placement in world.scenario.placements:
            self._scene.pose(placement.actor, placement.x_m, placement.y_m, placement.yaw_rad)
        self._stand(world)
        self._scene.rebuild()
        self._scene.tint(world.scenario.look.tint)
        self._light(world.scenario)
        self._shown = world

    def _optics(self, width_px: int, height_px: int, focal_px: float) -> Optics:
        return Optics(width_px, height_px, focal_px, self._asked.antialiasing, self._asked.shadows)

    def _light(self, scenario: Scenario) -> None:
        look, lights = scenario.look, self._usd.lights
        middle = (0.5 * (scenario.start.x_m + scenario.goal.x_m), 0.5 * (scenario.start.y_m + scenario.goal.y_m))
        order = shadow_order(lights, look.light_gain, middle)
        self._camera.set_lights([lights[i] for i in order], look.light_shift_m[order], look.light_gain[order])
        self._camera.set_ambient(look.ambient)

    def _stand(self, world: World) -> None:
        """Stand the robot and the walkers where the world says."""
        robot = world.robot
        self._scene.pose(ROBOT_PATH, robot.x_m, robot.y_m, robot.yaw_rad)
        for actor in world.actors:
            self._scene.pose(actor.walk.actor, *actor.position_m, actor.yaw_rad)

    def _world_from_optical(self) -> NDArray[np.float64]:
        return self._scene.world_from(ROBOT_PATH) @ self._eye.base_from_camera

    def _usd_pose(self) -> Any:
        return _transform(self._world_from_optical() @ OPTICAL_FROM_USD)

    def _covered(self, instance: int) -> NDArray[np.bool_]:
        mesh, world_from_mesh, corners = self._scene.ray_target(instance)
        optical_from_mesh = np.linalg.inv(self._world_from_optical()) @ world_from_mesh
        rect = self._caster.rect(corners @ optical_from_mesh[:3, :3].T + optical_from_mesh[:3, 3])
        if rect is None:
            return np.zeros(self._size_px[::-1], dtype=np.bool_)
        return self._caster.covered(
            mesh, _transform(np.asarray(np.linalg.inv(optical_from_mesh) @ OPTICAL_FROM_USD)), rect
        )


def looking(eye_m: Sequence[float], target_m: Sequence[float]) -> NDArray[np.float64]:
    """Return the pose (4 × 4) of a USD camera (looks along −z, y up) at one place that looks at another, level."""
    eye, target = np.asarray(eye_m, dtype=np.float64), np.asarray(target_m, dtype=np.float64)
    back = (eye - target) / np.linalg.norm(eye - target)
    right = np.cross(np.array([0.0, 0.0, 1.0]), back)
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(back, right), back], axis=1)
    pose[:3, 3] = eye
    return pose


def _transform(matrix: NDArray[np.float64]) -> Any:
    quaternion = Rotation.from_matrix(matrix[:3, :3]).as_quat()
    return wp.transformf(wp.vec3f(*matrix[:3, 3].tolist()), wp.quatf(*quaternion.tolist()))


def _device(spec: GenerateSpec) -> str:
    if spec.device == "cuda" and not wp.is_cuda_available():
        raise InputError("no CUDA device", actual="cpu", expected=spec.device, remedy="ask for device cpu")
    if spec.device == "cpu":
        return "cpu"
    # Atomics in the renderer's set-up may run in any order on a GPU; before any kernel is built.
    wp.config.deterministic = wp.DeterministicMode.RUN_TO_RUN
    return "cuda:0"
