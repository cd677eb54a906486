"""Record: a sample as the bytes that are kept — four PNG and one JSON — and back.

Exact both ways, but for three things that the format says: depth is rounded to whole millimetres, depth beyond
65.535 m counts as "nothing was hit" (0), and −0.0 in a number becomes 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simgate.core.documents.document import Document
from simgate.core.documents.names import Name
from simgate.core.errors import InputError, SimgateError
from simgate.data import picture
from simgate.data.sample import Box, Camera, Command, Goal, Imu, ImuReading, Odometry, Sample, Wheels

MAX_DEPTH_M = 65.535
"""Largest depth that 16 bits of millimetres hold."""
MAX_BOXES = 4096
MAX_IMU_READINGS = 10_000

SUFFIXES = (".rgb.png", ".depth.png", ".semantic.png", ".instance.png", ".json")
"""Members of one sample, in the order they are stored in."""

Row = tuple[float, float, float, float]
ImuRow = tuple[int, float, float, float, float, float, float]
"""`stamp_ns`, angular velocity x y z in rad/s, specific force x y z in m/s²."""


class CameraRecord(Document):
    """Camera of data/sample.py, as JSON."""

    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
    world_from_camera: tuple[Row, Row, Row, Row]


class SampleRecord(Document):
    """`<key>.json`: everything of a sample that is no picture; fields as in data/sample.py."""

    version: Literal[1] = 1
    scene: Name
    episode: Annotated[int, Field(ge=0)]
    frame: Annotated[int, Field(ge=0)]
    stamp_ns: Annotated[int, Field(ge=0)]
    boxes: Annotated[tuple[Box, ...], Field(max_length=MAX_BOXES)]
    camera: CameraRecord
    imu: Imu
    imu_track: Annotated[tuple[ImuRow, ...], Field(min_length=1, max_length=MAX_IMU_READINGS)]
    odometry: Odometry
    wheels: Wheels | None
    command: Command
    goal: Goal


_UNLIKE_SAMPLE = frozenset({"version", "camera", "imu_track"})
"""Fields of a record that a sample has in another form, or not."""


@dataclass(frozen=True, slots=True)
class EncodedSample:
    """A sample encoded once: the same bytes go to the shard and, the picture, to the bag."""

    sample: Sample
    """The sample as a reader decodes it: depth in whole millimetres."""
    rgb_png: bytes
    depth_png: bytes
    semantic_png: bytes
    instance_png: bytes
    json: bytes

    @property
    def members(self) -> tuple[tuple[str, bytes], ...]:
        """(suffix, bytes), in stored order."""
        return tuple(
            zip(SUFFIXES, (self.rgb_png, self.depth_png, self.semantic_png, self.instance_png, self.json), strict=True)
        )


def sample_key(scene: str, episode: int, frame: int) -> str:
    """Return the name of a sample inside a shard, e.g. `office_000003_0007`."""
    return f"{scene}_{episode:06d}_{frame:04d}"


def encode_sample(sample: Sample) -> EncodedSample:
    """Return the kept bytes of `sample`; its pictures must agree in size."""
    _check_sizes(sample)
    depth_mm = depth_to_mm(sample.depth_m)
    return EncodedSample(
        replace(sample, depth_m=depth_from_mm(depth_mm)),
        rgb_png=picture.encode_rgb(sample.rgb),
        depth_png=picture.encode_gray16(depth_mm, smooth=True),
        semantic_png=picture.encode_gray8(sample.semantic),
        instance_png=picture.encode_gray16(sample.instance, smooth=False),
        json=_record(sample).to_json(),
    )


def decode_sample(members: dict[str, bytes], *, what: str) -> Sample:
    """Decode a sample from untrusted bytes by suffix; a missing member or one of another size is refused."""
    missing = [suffix for suffix in SUFFIXES if suffix not in members]
    if missing:
        raise InputError(f"{what} lacks {missing[0]}", remedy="make the shard again")
    record = SampleRecord.from_json(members[".json"], what=f"{what}.json")
    sample = Sample(
        **{name: getattr(record, name) for name in SampleRecord.model_fields if name not in _UNLIKE_SAMPLE},
        camera=camera_of(record.camera),
        imu_track=tuple(_reading(row) for row in record.imu_track),
        rgb=picture.decode_rgb(members[".rgb.png"], what=f"{what}.rgb.png"),
        depth_m=depth_from_mm(picture.decode_gray16(members[".depth.png"], what=f"{what}.depth.png")),
        semantic=picture.decode_gray8(members[".semantic.png"], what=f"{what}.semantic.png"),
        instance=picture.decode_gray16(members[".instance.png"], what=f"{what}.instance.png"),
    )
    _check_sizes(sample)
    return sample


def depth_to_mm(depth_m: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Convert to millimetres, rounded half to even; 0 where nothing was hit or beyond 65.535 m. NaN is refused."""
    millimetres = np.rint(depth_m.astype(np.float64) * 1000.0)
    if not (millimetres >= 0).all():
        raise SimgateError("depth is negative or NaN", remedy="correct the simulator: 0 means nothing was hit")
    return np.where(millimetres > 65535, 0, millimetres).astype(np.uint16)


def depth_from_mm(depth_mm: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Convert to metres: the nearest float32 to the stored millimetres."""
    return depth_mm.astype(np.float32) / np.float32(1000)


def camera_of(record: CameraRecord) -> Camera:
    """Return the camera of its record."""
    matrix = np.array(record.world_from_camera, dtype=np.float64)
    return Camera(record.fx_px, record.fy_px, record.cx_px, record.cy_px, matrix)


def _reading(row: ImuRow) -> ImuReading:
    stamp_ns, gyro_x, gyro_y, gyro_z, accel_x, accel_y, accel_z = row
    return ImuReading(stamp_ns, Imu((gyro_x, gyro_y, gyro_z), (accel_x, accel_y, accel_z)))


def _record(sample: Sample) -> SampleRecord:
    camera = sample.camera
    r0, r1, r2, r3 = ((float(a), float(b), float(c), float(d)) for a, b, c, d in camera.world_from_camera)
    return SampleRecord(
        scene=sample.scene,
        episode=sample.episode,
        frame=sample.frame,
        stamp_ns=sample.stamp_ns,
        boxes=sample.boxes,
        camera=CameraRecord(
            fx_px=camera.fx_px,
            fy_px=camera.fy_px,
            cx_px=camera.cx_px,
            cy_px=camera.cy_px,
            world_from_camera=(r0, r1, r2, r3),
        ),
        imu=sample.imu,
        imu_track=tuple(
            (r.stamp_ns, *r.imu.angular_velocity_rad_s, *r.imu.linear_acceleration_m_s2) for r in sample.imu_track
        ),
        odometry=sample.odometry,
        wheels=sample.wheels,
        command=sample.command,
        goal=sample.goal,
    )


def _check_sizes(sample: Sample) -> None:
    size = sample.semantic.shape
    shapes = {
        "rgb": sample.rgb.shape[:2],
        "depth": sample.depth_m.shape,
        "instance": sample.instance.shape,
    }
    for name, shape in shapes.items():
        if shape != size or len(size) != 2:
            key = sample_key(sample.scene, sample.episode, sample.frame)
            raise InputError(f"{key}: {name} and semantic mask differ in size", actual=shape, expected=size)
