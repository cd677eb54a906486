"""Robots and their cameras: any that the USD describes; a contradiction between USD and recipe is one clear error."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from simgate.core.errors import InputError
from simgate.data.sample import Command
from simgate.scene.camera import mount_of, read_camera
from simgate.scene.layout import read_layout
from simgate.scene.robot import RobotModel
from simgate.scene.usd_scene import UsdScene
from simgate.sim.robot import RobotState, advance, wheels
from simgate.sim.rollout import drive, open_simulator, record
from simgate.specs.generate import CameraMount, CameraSpec, Range, TaskSpec
from simgate.specs.vocabulary import CLASSES
from tests.unit.foreign_scene import holonomic, write_foreign
from tests.unit.tiny_scene import spec

SPEC = spec(frames_per_episode=14, task=TaskSpec(goal_distance_m=Range(low=1.0, high=2.5)))
SLIDER = RobotModel(0.2, 0.8, 0.0, 0.0, "holonomic")


def scene(root: Path) -> UsdScene:
    return UsdScene(root, CLASSES)


def edited(folder: Path, old: str, new: str) -> Path:
    """The foreign scene with one line of it exchanged."""
    path = write_foreign(folder, metres_per_unit=0.01)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


WHEEL = "custom double simgate:wheel_radius_m = 0.08"


def test_a_robot_is_a_differential_drive_unless_its_usd_says_otherwise(tmp_path: Path) -> None:
    robot = read_layout(scene(write_foreign(tmp_path, metres_per_unit=0.01))).robot
    assert (robot.drive, robot.wheel_radius_m, robot.max_acceleration_m_s2) == ("differential", 0.08, 2.5)


def test_a_holonomic_base_needs_no_wheels_and_may_give_limits(tmp_path: Path) -> None:
    limits = 'custom token simgate:drive = "holonomic"\n custom double simgate:max_acceleration_m_s2 = 1.5'
    robot = read_layout(scene(edited(tmp_path, WHEEL, limits))).robot
    assert (robot.drive, robot.wheel_radius_m, robot.track_width_m) == ("holonomic", 0.0, 0.0)
    assert robot.max_acceleration_m_s2 == 1.5


def test_custom_data_say_as_much_as_attributes(tmp_path: Path) -> None:
    plain, data = 'def Xform "robot" (', 'customData = { dictionary simgate = { string drive = "holonomic" } }'
    robot = read_layout(scene(edited(tmp_path, plain, f"{plain}\n {data}\n"))).robot
    assert robot.holonomic


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('custom token simgate:drive = "legged"', r"simgate:drive.*legged.*differential or holonomic"),
        ("custom double simgate:wheel_radius_m = -1", r"simgate:wheel_radius_m.*above 0"),
        (f"{WHEEL}\n custom double simgate:radius_m = 0.1", r"smaller than the robot.*0\.1 m.*0\.2 m or more"),
    ],
)
def test_a_robot_that_cannot_be_moved_is_refused_by_attribute(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_layout(scene(edited(tmp_path, WHEEL, line)))


def test_the_author_may_give_a_larger_radius_than_is_seen(tmp_path: Path) -> None:
    layout = read_layout(scene(edited(tmp_path, WHEEL, f"{WHEEL}\n custom double simgate:radius_m = 0.31")))
    assert layout.robot.radius_m == 0.31


def test_a_holonomic_base_moves_sideways_and_a_differential_drive_does_not() -> None:
    state = unicycle = RobotState(0.0, 0.0, 0.0)
    two_wheels = RobotModel(0.2, 0.8, 0.08, 0.3)
    for _ in range(20):
        state = advance(state, Command(0.0, 0.0, 0.5), 0.1, SLIDER)
        unicycle = advance(unicycle, Command(0.0, 0.0, 0.5), 0.1, two_wheels)
    assert state.x_m == pytest.approx(0.0)
    assert 0.8 < state.y_m < 1.0
    assert (unicycle.x_m, unicycle.y_m) == (0.0, 0.0)
    assert wheels(state, SLIDER) is None


def test_a_recipe_that_says_what_the_usd_says_is_taken(tmp_path: Path) -> None:
    usd = scene(write_foreign(tmp_path, metres_per_unit=0.01))
    plain = read_camera(usd, CameraSpec())
    same = CameraSpec(
        horizontal_fov_rad=2 * math.atan(10 / 12), mount=CameraMount(x_m=0.2, y_m=0.0, z_m=1.2, yaw_rad=0.0)
    )
    assert read_camera(usd, same).focal_px == plain.focal_px
    assert np.allclose(mount_of(CameraMount(x_m=0.2, y_m=0.0, z_m=1.2)), plain.base_from_camera, atol=1e-6)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (CameraSpec(horizontal_fov_rad=1.0), r"disagree.*horizontal_fov_rad 1 \(USD 1\.38"),
        (CameraSpec(mount=CameraMount(x_m=0.0, y_m=0.0, z_m=1.2)), r"mount \(USD x 0\.2 m"),
    ],
)
def test_a_contradiction_between_recipe_and_usd_is_one_error(tmp_path: Path, asked: CameraSpec, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_camera(scene(write_foreign(tmp_path, metres_per_unit=0.01)), asked)


def test_a_usd_camera_that_gives_its_size_and_rate_binds_the_recipe(tmp_path: Path) -> None:
    line = "float focalLength = 12"
    given = f"{line}\n custom int simgate:width_px = 640\n custom double simgate:rate_hz = 30"
    with pytest.raises(InputError, match=r"width_px 128 \(USD 640\); rate_hz 5 \(USD 30\)"):
        read_camera(scene(edited(tmp_path, line, given)), CameraSpec())


def test_a_robot_without_a_camera_gets_the_recipes(tmp_path: Path) -> None:
    bare = edited(tmp_path, 'def Camera "camera"', 'def Xform "mast"')
    with pytest.raises(InputError, match=r"no prim /World/robot/camera.*horizontal_fov_rad and camera\.mount"):
        read_camera(scene(bare), CameraSpec())
    mount = CameraMount(x_m=0.1, y_m=0.0, z_m=0.6, pitch_down_rad=0.3)
    camera = read_camera(scene(bare), CameraSpec(width_px=100, horizontal_fov_rad=math.pi / 2, mount=mount))
    assert camera.focal_px == pytest.approx(50.0)
    assert camera.base_from_camera[:3, 2] == pytest.approx((math.cos(0.3), 0.0, -math.sin(0.3)))
    assert np.allclose(camera.base_from_camera[:3, :3] @ camera.base_from_camera[:3, :3].T, np.eye(3))


def test_the_expert_slides_a_holonomic_base_to_its_goal(tmp_path: Path) -> None:
    simulator = open_simulator(SPEC, holonomic(tmp_path))
    results = drive(simulator, SPEC, range(12), None, 60)
    assert [result.outcome for result in results].count("success") >= 11
    samples = [sample for moment in record(simulator, SPEC, range(6))[1] for sample in moment]
    assert max(abs(sample.command.lateral_speed_m_s) for sample in samples) > 0.05
    limit = SPEC.task.max_speed_m_s + 1e-9
    assert all(math.hypot(s.command.speed_m_s, s.command.lateral_speed_m_s) <= limit for s in samples)
    assert all(sample.wheels is None for sample in samples)


def test_a_policy_of_two_axes_is_not_let_drive_a_holonomic_base(tmp_path: Path) -> None:
    simulator = open_simulator(SPEC, holonomic(tmp_path))
    with pytest.raises(InputError, match=r"scene tiny: no policy drives its robot.*holonomic"):
        drive(simulator, SPEC, [0], lambda _: Command(0.1, 0.0), 3)
