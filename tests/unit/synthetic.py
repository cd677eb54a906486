"""A toy world for tests of data, generate and validate: coloured blocks before a wall, seen by a driving camera."""

from __future__ import annotations

import numpy as np

from simgate.core.given.random import stream
from simgate.data.sample import Box, Camera, Command, Episode, Goal, Imu, ImuReading, Odometry, Sample, Wheels
from simgate.specs.vocabulary import CLASSES, OBSTACLES

HEIGHT_PX, WIDTH_PX = 32, 32
STEP_NS = 200_000_000
READING_NS = 10_000_000
FOCAL_PX = 30.0
SPEED_M_S = 0.5
WHEEL_RADIUS_M = 0.1

# Columns are world axes of the camera's x (right), y (down), z (forward) for a robot that looks along +x.
_BASE_FROM_OPTICAL = np.array([[0, 0, 1, 0.1], [-1, 0, 0, 0], [0, -1, 0, 0.3], [0, 0, 0, 1]], dtype=np.float64)


def make_episode(scene: str = "office", episode: int = 0) -> Episode:
    """A straight path of 3 m."""
    path = tuple((0.1 * i, 0.0) for i in range(31))
    return Episode(scene, episode, path, Goal(3.0, 0.0), obstacles=((1.5, 0.8, 0.2),))


def make_sample(scene: str = "office", episode: int = 0, frame: int = 0) -> Sample:
    """Frame `frame` of a drive along +x at 0.5 m/s; masks, boxes, depth, IMU and odometry agree with each other."""
    draw = stream(scene, episode, frame)
    semantic = np.full((HEIGHT_PX, WIDTH_PX), CLASSES.index("wall") + 1, np.uint8)
    instance = np.ones((HEIGHT_PX, WIDTH_PX), np.uint16)
    depth_m = np.full((HEIGHT_PX, WIDTH_PX), 5.0, np.float32)
    _lay_floor(semantic, instance, depth_m)
    boxes = [_place(k, frame, semantic, instance, depth_m) for k in range(3)]
    rgb = draw.integers(0, 255, (HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8)
    time_s = frame * STEP_NS / 1e9
    x_m = SPEED_M_S * time_s
    turn_rad = x_m / WHEEL_RADIUS_M
    wheel_rad_s = SPEED_M_S / WHEEL_RADIUS_M
    base = np.eye(4)
    base[0, 3] = x_m
    imu = Imu((0.0, 0.0, 0.001), (0.0, 0.01, 9.80665))
    since_ns = range(READING_NS, STEP_NS + 1, READING_NS) if frame else (STEP_NS,)
    track = tuple(ImuReading((frame - 1) * STEP_NS + offset_ns, imu) for offset_ns in since_ns)
    return Sample(
        scene=scene,
        episode=episode,
        frame=frame,
        stamp_ns=frame * STEP_NS,
        rgb=rgb,
        depth_m=depth_m,
        semantic=semantic,
        instance=instance,
        boxes=tuple(boxes),
        camera=Camera(FOCAL_PX, FOCAL_PX, WIDTH_PX / 2, HEIGHT_PX / 2, base @ _BASE_FROM_OPTICAL),
        imu=imu,
        imu_track=track,
        odometry=Odometry(x_m, 0.0, 0.0, SPEED_M_S, 0.0),
        wheels=Wheels(turn_rad, turn_rad, wheel_rad_s, wheel_rad_s),
        command=Command(SPEED_M_S, 0.0),
        goal=Goal(3.0, 0.0),
    )


def _lay_floor(semantic: np.ndarray, instance: np.ndarray, depth_m: np.ndarray) -> None:
    """The lowest rows look down on the floor, 0.3 m below the camera."""
    for row in range(22, HEIGHT_PX):
        depth_m[row] = 0.3 * FOCAL_PX / (row + 0.5 - HEIGHT_PX / 2)
    semantic[22:] = CLASSES.index("floor") + 1
    instance[22:] = 9


def _place(k: int, frame: int, semantic: np.ndarray, instance: np.ndarray, depth_m: np.ndarray) -> Box:
    """Put block `k` into the picture, nearer at every frame."""
    x, y = 2 + 10 * k, 8 + k
    width, height = 6, 9
    area = (slice(y, y + height), slice(x, x + width))
    semantic[area] = CLASSES.index(OBSTACLES[k]) + 1
    instance[area] = 2 + k
    depth_m[area] = 2.0 + 0.5 * k - 0.01 * frame
    return Box(2 + k, OBSTACLES[k], x, y, x + width, y + height, width * height, 0.25 * k)
