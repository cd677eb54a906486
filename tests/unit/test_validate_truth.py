"""Every check of validate finds the defect that was made for it, and nothing in a clean sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simgate.data.messages import base_pose
from simgate.data.sample import Imu, Odometry, Sample, Wheels
from simgate.specs.validate import ValidateSpec
from simgate.specs.vocabulary import CLASSES
from simgate.validate.frame_truth import check_frame
from simgate.validate.motion_truth import Motion, check_motion, motion_of
from tests.unit.synthetic import make_sample
from tests.unit.synthetic_dataset import make_spec

SPEC = ValidateSpec()
Change = Callable[[Sample], Sample]


def first_box(sample: Sample, **fields: Any) -> Sample:
    """The sample with its first box changed."""
    return replace(sample, boxes=(replace(sample.boxes[0], **fields), *sample.boxes[1:]))


def picture(sample: Sample, name: str, area: tuple[slice, slice], value: float) -> Sample:
    """The sample with an area of a picture filled."""
    changed = getattr(sample, name).copy()
    changed[area] = value
    return replace(sample, **{name: changed})


def camera(sample: Sample, change: Callable[[np.ndarray], np.ndarray]) -> Sample:
    """The sample with other extrinsics."""
    moved = change(sample.camera.world_from_camera.copy())
    return replace(sample, camera=replace(sample.camera, world_from_camera=moved))


def rolled(angle_rad: float) -> np.ndarray:
    """A turn about the camera's own z axis."""
    cosine, sine = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[cosine, -sine, 0, 0], [sine, cosine, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])


WHOLE = (slice(None), slice(None))
FORWARD = np.pad(np.ones((1, 1)), ((0, 3), (3, 0)))
"""4 × 4, one in the entry of x."""
FRAME_DEFECTS: dict[str, tuple[Change, str, str]] = {
    "box shifted": (lambda s: first_box(s, x_min_px=0, x_max_px=6), "box against mask", "IoU 0.500"),
    "box of nothing": (lambda s: first_box(s, instance=99), "box against mask", "IoU 0.000"),
    "box inverted": (lambda s: first_box(s, x_min_px=8, x_max_px=2), "box against mask", "IoU"),
    "box outside": (lambda s: first_box(s, x_max_px=999), "box against mask", "leaves the picture"),
    "visible pixels": (lambda s: first_box(s, visible_px=53), "box against mask", "53 visible pixels, its mask has 54"),
    "occlusion": (lambda s: first_box(s, occlusion=1.5), "box against mask", "occlusion 1.5"),
    "box twice": (lambda s: replace(s, boxes=(*s.boxes, s.boxes[0])), "box against mask", "twice"),
    "box missing": (lambda s: replace(s, boxes=s.boxes[1:]), "box against mask", "54 visible pixels and no box"),
    "label swapped": (lambda s: first_box(s, label="bin"), "semantic against instance", "box bin covers class id"),
    "two classes": (
        lambda s: picture(s, "semantic", (slice(8, 10), slice(2, 4)), 1), "semantic against instance", "has class ids",
    ),
    "unknown class": (lambda s: picture(s, "semantic", WHOLE, 200), "semantic against instance", "class id 200"),
    "class of nothing": (
        lambda s: picture(s, "instance", (slice(0, 2), slice(0, 2)), 0), "semantic against instance", "no instance",
    ),
    "hole in depth": (lambda s: picture(s, "depth_m", (slice(0, 6), slice(0, 9)), 0), "depth", "carry no depth"),
    "instance without depth": (
        lambda s: picture(s, "depth_m", (slice(8, 12), slice(2, 8)), 0), "mask against depth", "without depth",
    ),
    "mask shifted against depth": (
        lambda s: replace(s, depth_m=np.roll(s.depth_m, 3, axis=1)), "mask against depth", "spreads from",
    ),
    "too deep": (lambda s: picture(s, "depth_m", (slice(0, 1), slice(0, 1)), 61), "depth", "reaches 61.00 m"),
    "depth constant": (lambda s: picture(s, "depth_m", WHOLE, 3), "depth", "3.00 m in every pixel"),
    "depth scaled": (lambda s: replace(s, depth_m=s.depth_m * np.float32(1.1)), "geometry", "floor points"),
    "camera rolled": (lambda s: camera(s, lambda m: m @ rolled(0.05)), "geometry", "floor points"),
    "focal length": (lambda s: replace(s, camera=replace(s.camera, fy_px=27.0)), "geometry", "floor points"),
    "camera sheared": (lambda s: camera(s, lambda m: m @ np.diag([1.01, 1, 1, 1])), "camera", "not rigid"),
    "camera mirrored": (lambda s: camera(s, lambda m: m @ np.diag([-1, 1, 1, 1])), "camera", "not rigid"),
    "camera NaN": (lambda s: camera(s, lambda m: m * np.nan), "camera", "not rigid"),
    "optics": (lambda s: replace(s, camera=replace(s.camera, cx_px=400.0)), "camera", "do not fit"),
}  # fmt: skip


def test_a_clean_sample_has_no_finding() -> None:
    assert list(check_frame(make_sample(frame=2), CLASSES, SPEC)) == []


@pytest.mark.filterwarnings("ignore:invalid value encountered")
@pytest.mark.parametrize("defect", FRAME_DEFECTS)
def test_a_planted_defect_of_a_frame_is_found(defect: str) -> None:
    change, check, text = FRAME_DEFECTS[defect]
    found = list(check_frame(change(make_sample(frame=2)), CLASSES, SPEC))
    assert any(name == check and text in said for name, said in found), found


def odometry(**fields: float) -> Change:
    """Change the odometry of frame 2."""
    return lambda s: replace(s, odometry=replace(s.odometry, **fields))


def wheels(**fields: float) -> Change:
    """Change the wheels of frame 2."""
    return lambda s: replace(s, wheels=replace(s.wheels or Wheels(0.0, 0.0, 0.0, 0.0), **fields))


def readings(sample: Sample, *, gyro_z: float = 0.0, accel_x: float = 0.0) -> Sample:
    """Add to every reading between the frames, and leave the frame's own as it is."""
    pushed = Imu((0.0, 0.0, 0.001 + gyro_z), (accel_x, 0.01, 9.80665))
    *between, last = sample.imu_track
    return replace(sample, imu_track=(*(replace(reading, imu=pushed) for reading in between), last))


MOTION_DEFECTS: dict[str, tuple[Change, str, str]] = {
    "stamp late": (lambda s: replace(s, stamp_ns=s.stamp_ns + 2_000), "time", "400.002 ms, expected 400.000 ms"),
    "time goes back": (lambda s: replace(s, stamp_ns=0), "time", "expected the next frame and a later stamp"),
    "frame doubled": (lambda s: replace(s, frame=1), "time", "follows frame 1"),
    "position jumps": (odometry(x_m=0.25), "odometry", "from where speed and heading lead"),
    "position NaN": (odometry(x_m=float("nan")), "odometry", "from where speed and heading lead"),
    "yaw jumps": (odometry(yaw_rad=0.5), "odometry", "yaw changed by 0.500 rad"),
    "speed in km/h": (odometry(speed_m_s=1.8), "odometry", "gives a wheel of"),
    "wheel stuck": (wheels(left_rad=0.9), "odometry", "left wheel turned"),
    "gyroscope dead": (odometry(yaw_rate_rad_s=0.2), "imu", "gyroscope z 0.001 rad/s, expected 0.200"),
    "gyroscope axes": (
        lambda s: replace(s, imu=Imu((0.4, 0.0, 0.0), s.imu.linear_acceleration_m_s2)), "imu", "gyroscope x 0.400",
    ),
    "gravity sign": (lambda s: replace(s, imu=Imu((0, 0, 0), (0, 0, -9.80665))), "imu", "accelerometer z -9.807"),
    "gravity missing": (lambda s: replace(s, imu=Imu((0, 0, 0), (0, 0, 0))), "imu", "accelerometer z 0.000"),
    "sideways": (lambda s: replace(s, imu=Imu((0, 0, 0), (0, 2, 9.80665))), "imu", "accelerometer y 2.000"),
    "gyroscope drifts": (lambda s: readings(s, gyro_z=0.04), "imu", "the gyroscope turned"),
    "accelerometer drifts": (lambda s: readings(s, accel_x=0.4), "imu", "the accelerometer gained"),
    "readings lost": (lambda s: replace(s, imu_track=s.imu_track[::-2][::-1]), "imu", "20.000 ms apart"),
    "reading of another frame": (lambda s: replace(s, imu_track=s.imu_track[:-1]), "imu", "is not the frame's"),
    "camera slips": (lambda s: camera(s, lambda m: m + 0.01 * FORWARD), "camera", "moved by 0.0100"),
}  # fmt: skip


def test_a_clean_episode_has_no_finding() -> None:
    track = [motion_of(make_sample(frame=frame)) for frame in range(5)]
    assert list(check_motion(track, make_spec("office", 0, 1))) == []


@pytest.mark.parametrize("defect", MOTION_DEFECTS)
def test_a_planted_defect_of_motion_is_found_at_its_frame(defect: str) -> None:
    change, check, text = MOTION_DEFECTS[defect]
    samples = [make_sample(frame=frame) for frame in range(5)]
    samples[2] = change(samples[2])
    found = list(check_motion([motion_of(sample) for sample in samples], make_spec("office", 0, 1)))
    at = {frame for frame, (name, said) in found if name == check and text in said}
    assert at & {samples[2].frame, 2}, found


def turning_drive() -> list[Motion]:
    """A quarter circle with a change of speed, integrated in steps of a millisecond."""
    track, x, y, yaw, angle = [], 0.0, 0.0, 0.0, 0.0
    last_speed, last_rate = 0.6, 0.8
    for frame in range(8):
        speed, rate = 0.6 - 0.04 * frame, 0.8 + 0.05 * frame
        sample = make_sample(frame=frame)
        seen = replace(sample.camera, world_from_camera=base_pose(x, y, yaw) @ make_sample().camera.world_from_camera)
        imu = Imu((0.0, 0.0, rate), ((speed - last_speed) / 0.01, speed * rate, 9.8))
        even = Imu((0.0, 0.0, last_rate), (0.0, last_speed * last_rate, 9.8))
        *before, last = sample.imu_track
        measured = replace(
            sample,
            imu_track=(*(replace(reading, imu=even) for reading in before), replace(last, imu=imu)),
            odometry=Odometry(x, y, yaw, speed, rate),
            wheels=Wheels(angle, angle, speed / 0.1, speed / 0.1),
            imu=imu,
            camera=seen,
        )
        track.append(motion_of(measured))
        last_speed, last_rate = speed, rate
        for _ in range(200):
            x, y = x + speed * np.cos(yaw) * 0.001, y + speed * np.sin(yaw) * 0.001
            yaw, angle = yaw + rate * 0.001, angle + speed / 0.1 * 0.001
    return track


def test_a_robot_that_turns_and_brakes_has_no_finding() -> None:
    assert list(check_motion(turning_drive(), make_spec("office", 0, 1))) == []


TURN_DEFECTS: dict[str, Callable[[Motion], Motion]] = {
    "yaw rate of other sign": lambda m: replace(
        m, odometry=replace(m.odometry, yaw_rate_rad_s=-m.odometry.yaw_rate_rad_s)
    ),
    "yaw in degrees": lambda m: replace(m, odometry=replace(m.odometry, yaw_rad=np.degrees(m.odometry.yaw_rad))),
    "x and y swapped": lambda m: replace(m, odometry=replace(m.odometry, x_m=m.odometry.y_m, y_m=m.odometry.x_m)),
    "speed twice": lambda m: replace(m, odometry=replace(m.odometry, speed_m_s=2 * m.odometry.speed_m_s)),
    "speed backwards": lambda m: replace(m, odometry=replace(m.odometry, speed_m_s=-m.odometry.speed_m_s)),
}


@pytest.mark.parametrize("defect", TURN_DEFECTS)
def test_a_defect_of_a_whole_drive_is_found(defect: str) -> None:
    track = [TURN_DEFECTS[defect](motion) for motion in turning_drive()]
    assert any(name == "odometry" for _, (name, _) in check_motion(track, make_spec("office", 0, 1)))
