"""NewtonSimulator: the embedded simulator, on CPU or CUDA, without any window system.

The scene is opened once. An episode only assigns to arrays that the renderer already holds: body poses, light and
shape colours, the camera's pose. So no kernel is compiled between episodes, and a picture depends on the scenario and
the state alone. Motion is kinematic (`simgate.sim.world`); Newton's solvers are not used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import warp
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from simgate.core.errors import InputError
from simgate.data.sample import Camera, Command
from simgate.scene.components import ROBOT_PATH
from simgate.scene.layout import Layout, read_layout
from simgate.scene.light_sources import shadow_order
from simgate.scene.usd_scene import OPTICAL_FROM_USD, UsdScene
from simgate.sim.actor import ActorState
from simgate.sim.boxes import boxes_of
from simgate.sim.coverage import CoverageCaster
from simgate.sim.newton_camera import UNSEEN, NewtonCamera
from simgate.sim.newton_scene import NewtonScene
from simgate.sim.protocol import Frame
from simgate.sim.robot import RobotState
from simgate.sim.scenario import Scenario
from simgate.sim.world import World
from simgate.specs.generate import GenerateSpec

wp: Any = warp  # warp's own annotations miss half of what it has


class NewtonSimulator:
    """One scene in Newton; see `Simulator`."""

    def __init__(self, root: Path, spec: GenerateSpec) -> None:
        self._usd = UsdScene(root, spec.classes)
        self._layout = read_layout(self._usd)
        self._scene = NewtonScene(self._usd, _device(spec))
        self._focal_px = self._usd.focal_px(spec.camera.width_px)
        self._size_px = (spec.camera.width_px, spec.camera.height_px)
        self._camera = NewtonCamera(self._scene.model, spec, focal_px=self._focal_px, light_count=len(self._usd.lights))
        self._caster = CoverageCaster(self._camera.truth_rays, focal_px=self._focal_px)
        semantic = [0, *(row.semantic for row in self._usd.components.rows)]
        self._semantic_of_instance = np.array(semantic, dtype=np.uint8)
        self._world: World | None = None

    @property
    def layout(self) -> Layout:
        """The scene as scenarios see it."""
        return self._layout

    @property
    def robot(self) -> RobotState:
        """Where the robot is now and how it moves."""
        return self._episode.robot

    @property
    def actors(self) -> tuple[ActorState, ...]:
        """The walkers now, in the scenario's order."""
        return self._episode.actors

    @property
    def touched(self) -> bool:
        """The robot has hit something since the last reset."""
        return self._episode.touched

    def reset(self, scenario: Scenario) -> None:
        """Put everything where the scenario starts; nothing of an earlier episode is left."""
        self._world = World(self.layout, scenario)
        for actor in self.layout.actors:
            self._scene.park(actor.path)
        for placement in scenario.placements:
            self._scene.pose(placement.actor, placement.x_m, placement.y_m, placement.yaw_rad)
        self._stand()
        self._scene.rebuild()
        self._scene.tint(scenario.look.tint)
        self._light(scenario)

    def step(self, command: Command, dt_s: float) -> None:
        """Let `dt_s` seconds pass while the base is asked for `command`."""
        self._episode.step(command, dt_s)

    def picture(self) -> NDArray[np.uint8]:
        """The colour picture alone."""
        self._stand()
        self._scene.commit()
        return self._camera.rgb(self._scene.state, self._usd_pose())

    def render(self) -> Frame:
        """Picture, depth, masks and boxes from the robot's camera now."""
        rgb = self.picture()
        depth_m, index = self._camera.truth(self._scene.state, self._usd_pose())
        seen = index != UNSEEN
        instance = np.zeros(index.shape, dtype=np.uint16)
        instance[seen] = self._scene.instance_of_shape[index[seen]]
        boxes = boxes_of(instance, self._usd.components.rows, self._covered)
        width, height = self._size_px
        camera = Camera(self._focal_px, self._focal_px, 0.5 * width, 0.5 * height, self._world_from_optical())
        return Frame(rgb, depth_m, self._semantic_of_instance[instance], instance, boxes, camera)

    def close(self) -> None:
        """Let go of the episode; memory goes with the object."""
        self._world = None

    @property
    def _episode(self) -> World:
        if self._world is None:
            raise RuntimeError("reset() comes before anything else")
        return self._world

    def _light(self, scenario: Scenario) -> None:
        look, lights = scenario.look, self._usd.lights
        middle = (0.5 * (scenario.start.x_m + scenario.goal.x_m), 0.5 * (scenario.start.y_m + scenario.goal.y_m))
        order = shadow_order(lights, look.light_gain, middle)
        self._camera.set_lights([lights[i] for i in order], look.light_shift_m[order], look.light_gain[order])
        self._camera.set_ambient(look.ambient)

    def _stand(self) -> None:
        """Stand the robot and the walkers where the world says."""
        robot = self._episode.robot
        self._scene.pose(ROBOT_PATH, robot.x_m, robot.y_m, robot.yaw_rad)
        for actor in self._episode.actors:
            self._scene.pose(actor.walk.actor, *actor.position_m, actor.yaw_rad)

    def _world_from_optical(self) -> NDArray[np.float64]:
        return self._scene.world_from(ROBOT_PATH) @ self._usd.base_from_camera

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
