"""Motion truth: do the frames of one episode follow each other as a driving robot's must?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simgate.data.messages import base_pose
from simgate.data.sample import Imu, ImuReading, Odometry, Sample, Wheels
from simgate.specs.generate import GenerateSpec
from simgate.validate.frame_truth import Defect

GRAVITY_M_S2 = 9.80665
"""Standard gravity (CGPM 1901)."""
STAMP_TOLERANCE_NS = 1_000
POSITION_TOLERANCE_M = 0.02
YAW_TOLERANCE_RAD = 0.02
WHEEL_TOLERANCE_RAD = 0.2
WHEEL_RATIO_TOLERANCE = 0.02
MIN_WHEEL_RAD_S = 1.0
MOUNT_TOLERANCE = 1e-3
"""Metres, and entries of the rotation, that the camera may move against the base within an episode."""
GYRO_TOLERANCE_RAD_S = 0.05
ACCEL_TOLERANCE_M_S2 = 0.5
SIGMAS = 6.0
MAX_READING_GAP_NS = 10_000_001
"""Of an IMU of 100 Hz, stamps rounded to nanoseconds."""
TURN_TOLERANCE_RAD = 1e-3
SPEED_TOLERANCE_M_S = 1e-3
"""Beyond the noise, of what the IMU's readings add up to between two frames."""


@dataclass(frozen=True, slots=True)
class Motion:
    """The motion of one sample: time, odometry, wheels, IMU and camera pose."""

    frame: int
    stamp_ns: int
    odometry: Odometry
    wheels: Wheels | None
    imu: Imu
    imu_track: tuple[ImuReading, ...]
    world_from_camera: NDArray[np.float64]


def motion_of(sample: Sample) -> Motion:
    """Return the part of a sample that is kept for its episode."""
    return Motion(
        sample.frame,
        sample.stamp_ns,
        sample.odometry,
        sample.wheels,
        sample.imu,
        sample.imu_track,
        sample.camera.world_from_camera,
    )


def check_motion(track: Sequence[Motion], spec: GenerateSpec) -> Iterator[tuple[int, Defect]]:
    """Yield (frame, defect) for every defect of one episode, frames in stored order."""
    yield from ((m.frame, defect) for m in track for defect in (*_check_time(m, spec), *_check_imu(m, spec)))
    yield from ((m.frame, defect) for m in track for defect in _check_mount(track[0], m))
    for before, after in pairwise(track):
        yield from ((after.frame, defect) for defect in _check_step(before, after))
        yield from ((after.frame, defect) for defect in _check_readings(before, after, spec))
    yield from ((m.frame, defect) for m in track for defect in _check_wheel_ratio(track, m))


def _check_time(motion: Motion, spec: GenerateSpec) -> Iterator[Defect]:
    expected_ns = motion.frame * 1e9 / spec.camera.rate_hz
    if not abs(motion.stamp_ns - expected_ns) <= STAMP_TOLERANCE_NS:
        rate = f"{spec.camera.rate_hz:g} Hz"
        yield "time", f"stamp {motion.stamp_ns / 1e6:.3f} ms, expected {expected_ns / 1e6:.3f} ms at {rate}"


def _check_imu(motion: Motion, spec: GenerateSpec) -> Iterator[Defect]:
    """Check that gyroscope z is the yaw rate, and that the accelerometer feels v·ω to the left and gravity upwards."""
    odometry, noise = motion.odometry, spec.imu_noise
    gyro = max(GYRO_TOLERANCE_RAD_S, SIGMAS * noise.gyro_std_rad_s)
    accel = max(ACCEL_TOLERANCE_M_S2, SIGMAS * noise.accel_std_m_s2)
    angular, force = motion.imu.angular_velocity_rad_s, motion.imu.linear_acceleration_m_s2
    for axis, found, expected in zip("xyz", angular, (0.0, 0.0, odometry.yaw_rate_rad_s), strict=True):
        if not abs(found - expected) <= gyro:
            yield "imu", f"gyroscope {axis} {found:.3f} rad/s, expected {expected:.3f} ± {gyro:.3f}"
    sideways = odometry.speed_m_s * odometry.yaw_rate_rad_s
    felt = [("z", force[2], GRAVITY_M_S2)]
    if motion.wheels is not None:  # A holonomic base also accelerates sideways, which no single frame tells.
        felt.insert(0, ("y", force[1], sideways))
    for axis, found, expected in felt:
        if not abs(found - expected) <= accel:
            yield "imu", f"accelerometer {axis} {found:.3f} m/s², expected {expected:.3f} ± {accel:.3f}"


def _check_mount(first: Motion, motion: Motion) -> Iterator[Defect]:
    moved = float(np.abs(_mount(motion) - _mount(first)).max())
    if not moved <= MOUNT_TOLERANCE:
        yield "camera", f"the camera moved by {moved:.4f} against the base since the episode's first frame"


def _mount(motion: Motion) -> NDArray[np.float64]:
    """Compute base_from_camera."""
    odometry = motion.odometry
    base = base_pose(odometry.x_m, odometry.y_m, odometry.yaw_rad)
    return np.asarray(np.linalg.inv(base) @ motion.world_from_camera)


def _check_step(before: Motion, after: Motion) -> Iterator[Defect]:
    """Check a step by the trapezoid rule; a rate that changes monotonically in it errs by at most half its change."""
    dt_s = (after.stamp_ns - before.stamp_ns) / 1e9
    if not (after.frame == before.frame + 1 and dt_s > 0):
        yield "time", f"follows frame {before.frame} after {dt_s:.6f} s, expected the next frame and a later stamp"
        return
    a, b = before.odometry, after.odometry
    turned = _wrap(b.yaw_rad - a.yaw_rad)
    expected = 0.5 * (a.yaw_rate_rad_s + b.yaw_rate_rad_s) * dt_s
    allowed = YAW_TOLERANCE_RAD + 0.5 * abs(b.yaw_rate_rad_s - a.yaw_rate_rad_s) * dt_s
    if not abs(_wrap(turned - expected)) <= allowed:
        yield "odometry", f"yaw changed by {turned:.3f} rad, its rate says {expected:.3f} ± {allowed:.3f}"
    way_m, heading = 0.5 * (a.speed_m_s + b.speed_m_s) * dt_s, a.yaw_rad + 0.5 * turned
    aside_m, cosine, sine = (
        0.5 * (a.lateral_speed_m_s + b.lateral_speed_m_s) * dt_s,
        math.cos(heading),
        math.sin(heading),
    )
    off_x, off_y = way_m * cosine - aside_m * sine, way_m * sine + aside_m * cosine
    off_m = math.hypot(b.x_m - a.x_m - off_x, b.y_m - a.y_m - off_y)
    changed = math.hypot(b.speed_m_s - a.speed_m_s, b.lateral_speed_m_s - a.lateral_speed_m_s)
    allowed_m = POSITION_TOLERANCE_M + 0.5 * changed * dt_s
    if not off_m <= allowed_m:
        yield "odometry", f"position is {off_m:.3f} m from where speed and heading lead, expected ≤ {allowed_m:.3f} m"
    if before.wheels is not None and after.wheels is not None:
        yield from _check_wheels(before.wheels, after.wheels, dt_s)
    elif before.wheels is not after.wheels:
        yield "odometry", "only one of two frames has wheels"


def _check_readings(before: Motion, after: Motion, spec: GenerateSpec) -> Iterator[Defect]:
    """Compare the sum of the IMU's readings between two frames with odometry's turn and change of speed."""
    readings = after.imu_track
    if readings[-1] != ImuReading(after.stamp_ns, after.imu):
        yield "imu", "the last reading of the track is not the frame's"
        return
    gaps_ns = np.diff([before.stamp_ns, *(reading.stamp_ns for reading in readings)])
    least_ms, most_ms = gaps_ns.min() / 1e6, gaps_ns.max() / 1e6
    if not (least_ms > 0 and gaps_ns.max() <= MAX_READING_GAP_NS):
        yield "imu", f"readings lie {least_ms:.3f} to {most_ms:.3f} ms apart, expected up to 10 ms"
        return
    gaps_s, noise = gaps_ns / 1e9, spec.imu_noise
    spread = SIGMAS * float(np.sqrt((gaps_s**2).sum()))
    told = _wrap(after.odometry.yaw_rad - before.odometry.yaw_rad)
    turned = _wrap(float(gaps_s @ [reading.imu.angular_velocity_rad_s[2] for reading in readings]))
    allowed = TURN_TOLERANCE_RAD + spread * noise.gyro_std_rad_s
    if not abs(_wrap(turned - told)) <= allowed:
        yield "imu", f"the gyroscope turned {turned:.4f} rad, odometry {told:.4f} ± {allowed:.4f}"
    if after.wheels is None:
        return  # A holonomic base trades forward for sideways speed as it turns: its readings alone do not tell.
    told = after.odometry.speed_m_s - before.odometry.speed_m_s
    gained = float(gaps_s @ [reading.imu.linear_acceleration_m_s2[0] for reading in readings])
    allowed = SPEED_TOLERANCE_M_S + spread * noise.accel_std_m_s2
    if not abs(gained - told) <= allowed:
        yield "imu", f"the accelerometer gained {gained:.4f} m/s, odometry {told:.4f} ± {allowed:.4f}"


def _check_wheels(a: Wheels, b: Wheels, dt_s: float) -> Iterator[Defect]:
    sides = (
        ("left", b.left_rad - a.left_rad, a.left_rad_s, b.left_rad_s),
        ("right", b.right_rad - a.right_rad, a.right_rad_s, b.right_rad_s),
    )
    for side, turned, before, after in sides:
        expected = 0.5 * (before + after) * dt_s
        allowed = WHEEL_TOLERANCE_RAD + 0.5 * abs(after - before) * dt_s
        if not abs(turned - expected) <= allowed:
            yield "odometry", f"{side} wheel turned {turned:.3f} rad, its rate says {expected:.3f} ± {allowed:.3f}"


def _check_wheel_ratio(track: Sequence[Motion], motion: Motion) -> Iterator[Defect]:
    """Check that base speed over mean wheel speed is the wheel's radius: one number over an episode."""
    ratios = [ratio for ratio in map(_wheel_ratio, track) if ratio is not None]
    own = _wheel_ratio(motion)
    if own is None:
        return
    middle = float(np.median(ratios))
    if not abs(own - middle) <= WHEEL_RATIO_TOLERANCE * abs(middle):
        yield "odometry", f"speed over wheel speed gives a wheel of {own:.4f} m, the episode's is {middle:.4f} m"


def _wheel_ratio(motion: Motion) -> float | None:
    """Return base speed over mean wheel speed; None without wheels, or where they turn too slowly to tell."""
    if motion.wheels is None:
        return None
    mean = 0.5 * (motion.wheels.left_rad_s + motion.wheels.right_rad_s)
    return motion.odometry.speed_m_s / mean if abs(mean) >= MIN_WHEEL_RAD_S else None


def _wrap(angle_rad: float) -> float:
    return math.atan2(math.sin(angle_rad), math.cos(angle_rad))
