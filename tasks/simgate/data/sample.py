"""Sample: one frame of one episode, with everything the simulator knows of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Box:
    """One visible object in the picture."""

    instance: int
    """Value in the instance mask, 1 and up; the same object keeps it over an episode."""
    label: str
    x_min_px: int
    y_min_px: int
    x_max_px: int
    y_max_px: int
    """Tight box of the visible pixels; max edges are exclusive."""
    visible_px: int
    """Pixels of the object in the instance mask."""
    occlusion: float
    """Share of the object's unoccluded pixels inside the picture that something else hides, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Camera:
    """Pinhole camera at one instant; x right, y down, z forward (the ROS optical frame)."""

    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
    world_from_camera: NDArray[np.float64]
    """4 × 4, rigid."""


@dataclass(frozen=True, slots=True)
class Imu:
    """IMU reading in the robot's base frame (x forward, y left, z up), noise included."""

    angular_velocity_rad_s: tuple[float, float, float]
    linear_acceleration_m_s2: tuple[float, float, float]
    """Specific force: at rest (0, 0, +9.80665)."""


@dataclass(frozen=True, slots=True)
class ImuReading:
    """One IMU reading and its time."""

    stamp_ns: int
    """Since the start of the episode."""
    imu: Imu


@dataclass(frozen=True, slots=True)
class Odometry:
    """Pose of the base in the world frame, and its twist along its own axes."""

    x_m: float
    y_m: float
    yaw_rad: float
    speed_m_s: float
    yaw_rate_rad_s: float
    lateral_speed_m_s: float = 0.0
    """To the left; 0 for a base that cannot move sideways."""


@dataclass(frozen=True, slots=True)
class Wheels:
    """Joint states of the two driven wheels."""

    left_rad: float
    right_rad: float
    left_rad_s: float
    right_rad_s: float


@dataclass(frozen=True, slots=True)
class Command:
    """A motion command to the base, from the expert or from a model."""

    speed_m_s: float
    yaw_rate_rad_s: float
    lateral_speed_m_s: float = 0.0
    """To the left; 0 for a base that cannot move sideways."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A target position in the world frame."""

    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One frame. Pictures are height × width."""

    scene: str
    episode: int
    frame: int
    stamp_ns: int
    """Time since the start of the episode."""
    rgb: NDArray[np.uint8]
    """height × width × 3, sRGB."""
    depth_m: NDArray[np.float32]
    """height × width, along the optical axis; 0 where nothing was hit."""
    semantic: NDArray[np.uint8]
    """height × width, class position + 1; 0 is background."""
    instance: NDArray[np.uint16]
    """height × width; 0 is background."""
    boxes: tuple[Box, ...]
    camera: Camera
    imu: Imu
    imu_track: tuple[ImuReading, ...]
    """The readings since the previous frame, oldest first, at most 10 ms apart; the last is `imu`."""
    odometry: Odometry
    wheels: Wheels | None
    """None for a holonomic base: it has no two driven wheels."""
    command: Command
    goal: Goal


@dataclass(frozen=True, slots=True)
class Episode:
    """Facts that are fixed over an episode, for the report and for replay."""

    scene: str
    episode: int
    path: tuple[tuple[float, float], ...]
    """The expert's planned path (x, y), world frame, metres."""
    goal: Goal
    obstacles: tuple[tuple[float, float, float], ...]
    """(x, y, radius) of the static obstacles, metres."""
