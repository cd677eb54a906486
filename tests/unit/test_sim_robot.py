"""The kinematic robot and the walkers: limits hold, wheels and IMU agree with the motion, nobody walks into a robot."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simgate.core.given.random import stream
from simgate.data.sample import Command
from simgate.scene.robot import RobotModel
from simgate.sim.actor import Walk, begin, walk_on
from simgate.sim.robot import (
    MAX_ACCELERATION_M_S2,
    MAX_YAW_ACCELERATION_RAD_S2,
    RobotState,
    advance,
    imu,
    wheels,
    wrap_rad,
)
from simgate.specs.generate import ImuNoise

MODEL = RobotModel(radius_m=0.2, height_m=0.4, wheel_radius_m=0.08, track_width_m=0.3)
SILENT = ImuNoise(gyro_std_rad_s=0.0, accel_std_m_s2=0.0)
COMMANDS = st.builds(Command, st.floats(-1.0, 1.0), st.floats(-2.0, 2.0))


def after(seconds: float, command: Command, state: RobotState | None = None) -> RobotState:
    """The robot after a while of one command, in frames of 0.2 s."""
    state = state or RobotState(0.0, 0.0, 0.0)
    for _ in range(round(seconds / 0.2)):
        state = advance(state, command, 0.2, MODEL)
    return state


def test_it_reaches_the_commanded_speed_and_drives_straight() -> None:
    state = after(4.0, Command(0.5, 0.0))
    assert state.speed_m_s == pytest.approx(0.5, abs=1e-6)
    assert state.y_m == 0.0
    assert 1.8 < state.x_m < 2.0


def test_a_constant_turn_is_a_circle_of_speed_over_yaw_rate() -> None:
    settled = after(3.0, Command(0.5, 1.0))
    center = (settled.x_m - 0.5 * math.sin(settled.yaw_rad), settled.y_m + 0.5 * math.cos(settled.yaw_rad))
    for seconds in (1.0, 2.0, 3.0):
        state = after(seconds, Command(0.5, 1.0), settled)
        assert math.dist(center, (state.x_m, state.y_m)) == pytest.approx(0.5, abs=1e-3)


@given(COMMANDS, COMMANDS)
def test_no_command_exceeds_the_acceleration_limits(first: Command, second: Command) -> None:
    state = after(0.6, first)
    later = advance(state, second, 0.05, MODEL)
    assert abs(later.speed_m_s - state.speed_m_s) <= MAX_ACCELERATION_M_S2 * 0.05 + 1e-9
    assert abs(later.yaw_rate_rad_s - state.yaw_rate_rad_s) <= MAX_YAW_ACCELERATION_RAD_S2 * 0.05 + 1e-9


@given(COMMANDS)
def test_wheel_angles_give_back_the_distance_and_the_turn(command: Command) -> None:
    state = after(1.0, command)
    turned = (state.right_rad - state.left_rad) * MODEL.wheel_radius_m / MODEL.track_width_m
    assert wrap_rad(turned - state.yaw_rad) == pytest.approx(0.0, abs=1e-9)
    joint = wheels(state, MODEL)
    assert 0.5 * (joint.left_rad_s + joint.right_rad_s) * MODEL.wheel_radius_m == pytest.approx(state.speed_m_s)


def test_at_rest_the_imu_reads_gravity_upwards() -> None:
    reading = imu(RobotState(0.0, 0.0, 1.0), SILENT, stream(1, "imu"))
    assert reading.linear_acceleration_m_s2 == (0.0, 0.0, 9.80665)
    assert reading.angular_velocity_rad_s == (0.0, 0.0, 0.0)


def test_on_an_arc_the_imu_reads_the_centripetal_force_to_the_inside() -> None:
    reading = imu(after(4.0, Command(0.5, 1.0)), SILENT, stream(1, "imu"))
    assert reading.linear_acceleration_m_s2[1] == pytest.approx(0.5, abs=1e-3)
    assert reading.angular_velocity_rad_s[2] == pytest.approx(1.0, abs=1e-3)


def test_imu_noise_has_the_asked_spread() -> None:
    draw = stream(1, "imu")
    noise = ImuNoise(gyro_std_rad_s=0.01, accel_std_m_s2=0.1)
    readings = [imu(RobotState(0.0, 0.0, 0.0), noise, draw) for _ in range(2000)]
    assert np.std([r.angular_velocity_rad_s[2] for r in readings]) == pytest.approx(0.01, rel=0.1)
    assert np.std([r.linear_acceleration_m_s2[0] for r in readings]) == pytest.approx(0.1, rel=0.1)


@given(st.floats(0.2, 0.8), st.floats(0.0, 1.0), st.booleans(), st.tuples(st.floats(-1.0, 3.0), st.floats(-1.5, 1.5)))
def test_a_walker_stays_on_its_line_and_never_walks_into_a_standing_robot(
    speed_m_s: float, start: float, forward: bool, robot_m: tuple[float, float]
) -> None:
    state = begin(Walk("walker", (0.0, 0.0), (2.0, 0.0), speed_m_s, start, forward, 0.3))
    touching_m = 0.3 + MODEL.radius_m
    apart = math.dist(state.position_m, robot_m) >= touching_m
    for _ in range(200):
        state = walk_on(state, 0.05, robot_m, MODEL.radius_m)
        assert 0.0 <= state.along_m <= 2.0
        apart_now = math.dist(state.position_m, robot_m) >= touching_m
        assert apart_now or not apart
        apart = apart_now


def test_a_walker_left_alone_covers_its_line_to_and_fro() -> None:
    state = begin(Walk("walker", (0.0, 0.0), (2.0, 0.0), 0.5, 0.0, True, 0.3))
    seen = []
    for _ in range(160):
        state = walk_on(state, 0.05, (100.0, 100.0), MODEL.radius_m)
        seen.append(state.along_m)
    assert max(seen) == pytest.approx(2.0, abs=0.03)
    assert seen[-1] == pytest.approx(0.0, abs=0.03)
