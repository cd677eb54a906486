"""Rows: one Parquet row per sample, small enough to look at a whole dataset at once; what validation reads."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from simgate.data.sample import Sample
from simgate.specs.vocabulary import OBSTACLES

MEDIA_TYPE = "application/vnd.apache.parquet"
ROWS_PER_GROUP = 1024

Numbers = tuple[str, str, Callable[[Sample], float]]

_NUMBERS: tuple[Numbers, ...] = (
    ("episode", "int64", lambda s: s.episode),
    ("frame", "int64", lambda s: s.frame),
    ("stamp_ns", "int64", lambda s: s.stamp_ns),
    ("width_px", "int64", lambda s: s.rgb.shape[1]),
    ("height_px", "int64", lambda s: s.rgb.shape[0]),
    ("x_m", "float64", lambda s: s.odometry.x_m),
    ("y_m", "float64", lambda s: s.odometry.y_m),
    ("yaw_rad", "float64", lambda s: s.odometry.yaw_rad),
    ("speed_m_s", "float64", lambda s: s.odometry.speed_m_s),
    ("yaw_rate_rad_s", "float64", lambda s: s.odometry.yaw_rate_rad_s),
    ("lateral_speed_m_s", "float64", lambda s: s.odometry.lateral_speed_m_s),
    ("command_speed_m_s", "float64", lambda s: s.command.speed_m_s),
    ("command_yaw_rate_rad_s", "float64", lambda s: s.command.yaw_rate_rad_s),
    ("command_lateral_speed_m_s", "float64", lambda s: s.command.lateral_speed_m_s),
    ("goal_x_m", "float64", lambda s: s.goal.x_m),
    ("goal_y_m", "float64", lambda s: s.goal.y_m),
    ("goal_distance_m", "float64", lambda s: float(np.hypot(s.goal.x_m - s.odometry.x_m, s.goal.y_m - s.odometry.y_m))),
    ("wheel_left_rad", "float64", lambda s: s.wheels.left_rad if s.wheels else math.nan),
    ("wheel_right_rad", "float64", lambda s: s.wheels.right_rad if s.wheels else math.nan),
    ("wheel_left_rad_s", "float64", lambda s: s.wheels.left_rad_s if s.wheels else math.nan),
    ("wheel_right_rad_s", "float64", lambda s: s.wheels.right_rad_s if s.wheels else math.nan),
    ("gyro_x_rad_s", "float64", lambda s: s.imu.angular_velocity_rad_s[0]),
    ("gyro_y_rad_s", "float64", lambda s: s.imu.angular_velocity_rad_s[1]),
    ("gyro_z_rad_s", "float64", lambda s: s.imu.angular_velocity_rad_s[2]),
    ("accel_x_m_s2", "float64", lambda s: s.imu.linear_acceleration_m_s2[0]),
    ("accel_y_m_s2", "float64", lambda s: s.imu.linear_acceleration_m_s2[1]),
    ("accel_z_m_s2", "float64", lambda s: s.imu.linear_acceleration_m_s2[2]),
    ("camera_fx_px", "float64", lambda s: s.camera.fx_px),
    ("camera_fy_px", "float64", lambda s: s.camera.fy_px),
    ("camera_cx_px", "float64", lambda s: s.camera.cx_px),
    ("camera_cy_px", "float64", lambda s: s.camera.cy_px),
    ("camera_x_m", "float64", lambda s: s.camera.world_from_camera[0, 3]),
    ("camera_y_m", "float64", lambda s: s.camera.world_from_camera[1, 3]),
    ("camera_z_m", "float64", lambda s: s.camera.world_from_camera[2, 3]),
    ("instances", "int64", lambda s: int(np.count_nonzero(np.bincount(s.instance.ravel())[1:]))),
    ("background_fraction", "float64", lambda s: 1 - np.count_nonzero(s.semantic) / s.semantic.size),
    ("boxes", "int64", lambda s: len(s.boxes)),
)

_PICTURE = (
    *("depth_invalid_fraction", "depth_min_m", "depth_mean_m", "depth_max_m"),
    *(f"rgb_{statistic}_{channel}" for statistic in ("mean", "std") for channel in "rgb"),
)
"""All float64; rgb on the scale 0 to 255; depth statistics over valid pixels, 0 where there are none."""

_BOX_INTEGERS = ("instance", "x_min_px", "y_min_px", "x_max_px", "y_max_px", "visible_px")


class RowsWriter:
    """Writes rows in groups of 1,024; keeps no picture."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[dict[str, Any]] = []
        self._writer: pq.ParquetWriter | None = None

    def add(self, sample: Sample) -> None:
        """Append the row of one sample."""
        self.append(row_of(sample))

    def append(self, row: dict[str, Any]) -> None:
        """Append a row that was made before, as `row_of` makes them."""
        self._rows.append(row)
        if len(self._rows) == ROWS_PER_GROUP:
            self._flush()

    def close(self) -> None:
        """Write the remaining rows and the footer."""
        if self._rows or self._writer is None:
            self._flush()
        if self._writer is not None:
            self._writer.close()

    def abort(self) -> None:
        """Give the file back; rows that were not written are lost. Nothing after close()."""
        if self._writer is not None:
            self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the file, whole only if nothing went wrong."""
        if kind is None:
            self.close()
        else:
            self.abort()

    def _flush(self) -> None:
        batch = _batch(self._rows)
        if self._writer is None:
            # One fixed spelling: same rows, same bytes.
            self._writer = pq.ParquetWriter(self._path, batch.schema, version="2.6", compression="zstd")
        self._writer.write_table(pa.Table.from_batches([batch]), row_group_size=ROWS_PER_GROUP)
        self._rows = []


def row_of(sample: Sample) -> dict[str, Any]:
    """Return the row of one sample, by column."""
    valid = sample.depth_m[sample.depth_m > 0].astype(np.float64)
    depth = (float(valid.min()), float(valid.mean()), float(valid.max())) if valid.size else (0.0, 0.0, 0.0)
    colors = _moments(sample.rgb)
    row: dict[str, Any] = {name: value(sample) for name, _, value in _NUMBERS}
    row.update(zip(_PICTURE, (1 - valid.size / sample.depth_m.size, *depth, *colors), strict=True))
    row["scene"] = sample.scene
    labels = [box.label for box in sample.boxes]
    row.update({f"boxes_{label}": labels.count(label) for label in OBSTACLES})
    row["box_label"] = labels
    row.update({f"box_{name}": [getattr(box, name) for box in sample.boxes] for name in _BOX_INTEGERS})
    row["box_occlusion"] = [box.occlusion for box in sample.boxes]
    return row


def _moments(rgb: NDArray[np.uint8]) -> tuple[float, ...]:
    """Mean of each channel, then standard deviation of each, from exact integer sums."""
    channels = [channel.astype(np.int64) for channel in np.ascontiguousarray(rgb.reshape(-1, 3).T)]
    means = [int(channel.sum()) / channel.size for channel in channels]
    squares = [int((channel * channel).sum()) / channel.size for channel in channels]
    return (*means, *(max(square - mean * mean, 0.0) ** 0.5 for mean, square in zip(means, squares, strict=True)))


def _batch(rows: Sequence[dict[str, Any]]) -> pa.RecordBatch:
    columns: dict[str, pa.Array] = {"scene": _texts([row["scene"] for row in rows])}
    for name, kind, _ in _NUMBERS:
        columns[name] = _numbers([row[name] for row in rows], kind)
    for name in _PICTURE:
        columns[name] = _numbers([row[name] for row in rows], "float64")
    for name in (f"boxes_{label}" for label in OBSTACLES):
        columns[name] = _numbers([row[name] for row in rows], "int64")
    columns["box_label"] = _lists([row["box_label"] for row in rows], _texts)
    for name in _BOX_INTEGERS:
        columns[f"box_{name}"] = _lists([row[f"box_{name}"] for row in rows], lambda flat: _numbers(flat, "int64"))
    columns["box_occlusion"] = _lists([row["box_occlusion"] for row in rows], lambda flat: _numbers(flat, "float64"))
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


# Arrow arrays are made from buffers: pa.array(list) would import pandas wherever it is installed (0.6 s, 40 MB).


def _numbers(values: Sequence[float], kind: str) -> pa.Array:
    data: NDArray[Any] = np.asarray(values, dtype=kind)
    arrow_type = pa.int64() if kind == "int64" else pa.float64()
    return pa.Array.from_buffers(arrow_type, len(data), [None, pa.py_buffer(data.tobytes())])


def _texts(values: Sequence[str]) -> pa.Array:
    encoded = [value.encode() for value in values]
    buffers = [None, _offsets(encoded), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers)


def _lists(values: Sequence[Sequence[Any]], items: Callable[[Sequence[Any]], pa.Array]) -> pa.Array:
    flat = items([item for value in values for item in value])
    buffers = [None, _offsets(values)]
    return pa.Array.from_buffers(pa.list_(flat.type), len(values), buffers, children=[flat])


def _offsets(values: Sequence[Sequence[Any] | bytes]) -> pa.Buffer:
    ends = np.cumsum([0, *(len(value) for value in values)], dtype=np.int32)
    return pa.py_buffer(ends.tobytes())
