"""The robot in motion: a base with lag and acceleration limits, and what its sensors read.

A differential drive is a unicycle; a holonomic base also moves sideways. This is kinematics, not contact dynamics:
wheels never slip, the floor is flat, and nothing pushes the robot. A command is followed with a first-order lag and
within acceleration limits; wheel joints and the IMU follow from that motion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from simgate.data.sample import Command, Imu, Odometry, Wheels
from simgate.scene.robot import ACCELERATION_M_S2, YAW_ACCELERATION_RAD_S2, RobotModel
from simgate.specs.generate import ImuNoise

GRAVITY_M_S2 = 9.80665
"""Standard gravity (CGPM 1901)."""
LAG_S = 0.12
"""Time constant of the velocity loop."""
MAX_ACCELERATION_M_S2 = ACCELERATION_M_S2
MAX_YAW_ACCELERATION_RAD_S2 = YAW_ACCELERATION_RAD_S2
"""Of a robot whose USD gives no others."""
SUBSTEP_S = 0.01


@dataclass(frozen=True, slots=True)
class RobotState:
    """Pose and twist of the base in the world frame, its last acceleration, and the wheel angles."""

    x_m: float
    y_m: float
    yaw_rad: float
    speed_m_s: float = 0.0
    yaw_rate_rad_s: float = 0.0
    acceleration_m_s2: float = 0.0
    left_rad: float = 0.0
    right_rad: float = 0.0
    lateral_speed_m_s: float = 0.0
    lateral_acceleration_m_s2: float = 0.0


def advance(state: RobotState, command: Command, dt_s: float, model: RobotModel) -> RobotState:
    """Return the state after `dt_s` of `command`."""
    return motion(state, command, dt_s, model)[-1]


def motion(state: RobotState, command: Command, dt_s: float, model: RobotModel) -> tuple[RobotState, ...]:
    """Return the states of `dt_s` of `command` after this one, evenly spaced and at most 10 ms apart."""
    count = max(1, math.ceil(dt_s / SUBSTEP_S - 1e-9))
    states = []
    for _ in range(count):
        state = _substep(state, command, dt_s / count, model)
        states.append(state)
    return tuple(states)


def _substep(state: RobotState, command: Command, dt_s: float, model: RobotModel) -> RobotState:
    speed = _approach(state.speed_m_s, command.speed_m_s, model.max_acceleration_m_s2, dt_s)
    sideways = command.lateral_speed_m_s if model.holonomic else 0.0
    lateral = _approach(state.lateral_speed_m_s, sideways, model.max_acceleration_m_s2, dt_s)
    yaw_rate = _approach(state.yaw_rate_rad_s, command.yaw_rate_rad_s, model.max_yaw_acceleration_rad_s2, dt_s)
    heading = state.yaw_rad + 0.5 * yaw_rate * dt_s  # midpoint rule: exact to second order on an arc
    left, right = (0.0, 0.0) if model.holonomic else _wheel_speeds(speed, yaw_rate, model)
    cosine, sine = math.cos(heading), math.sin(heading)
    return replace(
        state,
        x_m=state.x_m + (speed * cosine - lateral * sine) * dt_s,
        y_m=state.y_m + (speed * sine + lateral * cosine) * dt_s,
        yaw_rad=wrap_rad(state.yaw_rad + yaw_rate * dt_s),
        speed_m_s=speed,
        yaw_rate_rad_s=yaw_rate,
        acceleration_m_s2=(speed - state.speed_m_s) / dt_s,
        lateral_speed_m_s=lateral,
        lateral_acceleration_m_s2=(lateral - state.lateral_speed_m_s) / dt_s,
        left_rad=state.left_rad + left * dt_s,
        right_rad=state.right_rad + right * dt_s,
    )


def _approach(value: float, target: float, limit_per_s2: float, dt_s: float) -> float:
    rate = (target - value) / LAG_S
    return value + max(-limit_per_s2, min(limit_per_s2, rate)) * dt_s


def _wheel_speeds(speed_m_s: float, yaw_rate_rad_s: float, model: RobotModel) -> tuple[float, float]:
    half_m = 0.5 * model.track_width_m
    left = (speed_m_s - yaw_rate_rad_s * half_m) / model.wheel_radius_m
    right = (speed_m_s + yaw_rate_rad_s * half_m) / model.wheel_radius_m
    return left, right


def odometry(state: RobotState) -> Odometry:
    """Return pose and twist as the base reports them, without drift: this is no odometry error model."""
    return Odometry(state.x_m, state.y_m, state.yaw_rad, state.speed_m_s, state.yaw_rate_rad_s, state.lateral_speed_m_s)


def wheels(state: RobotState, model: RobotModel) -> Wheels | None:
    """Return joint angles and speeds of the two driven wheels; None for a holonomic base."""
    if model.holonomic:
        return None
    left, right = _wheel_speeds(state.speed_m_s, state.yaw_rate_rad_s, model)
    return Wheels(state.left_rad, state.right_rad, left, right)


def imu(state: RobotState, noise: ImuNoise, draw: np.random.Generator) -> Imu:
    """Return angular velocity and specific force in the base frame, with white noise; always six draws a call."""
    gyro = draw.normal(0.0, 1.0, 3) * noise.gyro_std_rad_s + np.array([0.0, 0.0, state.yaw_rate_rad_s])
    # The base frame turns: each axis also feels the speed along the other one.
    forward_m_s2 = state.acceleration_m_s2 - state.lateral_speed_m_s * state.yaw_rate_rad_s
    lateral_m_s2 = state.lateral_acceleration_m_s2 + state.speed_m_s * state.yaw_rate_rad_s
    force = np.array([forward_m_s2, lateral_m_s2, GRAVITY_M_S2])
    accel = draw.normal(0.0, 1.0, 3) * noise.accel_std_m_s2 + force
    return Imu(
        (float(gyro[0]), float(gyro[1]), float(gyro[2])),
        (float(accel[0]), float(accel[1]), float(accel[2])),
    )


def wrap_rad(angle_rad: float) -> float:
    """Wrap an angle into (−π, π]."""
    return math.atan2(math.sin(angle_rad), math.cos(angle_rad))
