"""Contract: everything between stored image bytes and the network's input, and between its raw outputs and the robot.

Needs numpy and Pillow only, so that the robot runs the very code that training and evaluation run. An engine carries
its contract as JSON in its own metadata, under `METADATA_KEY`: a file is enough to use it rightly.
"""

from __future__ import annotations

import io
import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from pydantic import Field

from simgate.core.documents.document import Document
from simgate.core.errors import InputError
from simgate.data.sample import Command
from simgate.specs.train import NetworkSpec

METADATA_KEY = "simgate.contract"
"""Where an ONNX file's metadata_props hold the contract."""

INPUTS: tuple[str, str] = ("image", "goal")
OUTPUTS: tuple[str, str, str] = ("heat", "box", "command")
"""Tensor names of every engine; `heat` and `box` are grids of cells, see `model/detection.py`."""

GOAL_FEATURES = 4

Pictures = NDArray[np.uint8]
Floats = NDArray[np.float32]


class Contract(Document):
    """The self-description of an engine."""

    version: Literal[1] = 1
    image_width_px: Annotated[int, Field(ge=32)]
    image_height_px: Annotated[int, Field(ge=32)]
    channels: Literal["RGB"] = "RGB"
    pixel_mean: float = 0.5
    """Of a channel scaled to 0..1."""
    pixel_std: Annotated[float, Field(gt=0)] = 0.25
    """`image` is float32 N × 3 × height × width, (value / 255 - mean) / std."""
    goal_scale_m: Annotated[float, Field(gt=0)] = 2.0
    """Distance at which the goal's nearness feature has fallen to 1/e."""
    obstacles: Annotated[tuple[str, ...], Field(min_length=1)]
    """Classes of `heat`, in order."""
    stride_px: Annotated[int, Field(ge=1)] = 8
    """Edge of a grid cell."""
    score_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """Detections below this score are not reported to the robot."""
    overlap_threshold: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Of two detections of one class with a larger IoU, the weaker is dropped."""
    max_detections: Annotated[int, Field(ge=1)] = 50
    max_speed_m_s: Annotated[float, Field(gt=0)]
    max_yaw_rate_rad_s: Annotated[float, Field(gt=0)]

    @classmethod
    def of(cls, network: NetworkSpec) -> Contract:
        """The contract of every engine made from a network of this spec."""
        return cls(
            image_width_px=network.image_width_px,
            image_height_px=network.image_height_px,
            obstacles=network.obstacles,
            max_speed_m_s=network.max_speed_m_s,
            max_yaw_rate_rad_s=network.max_yaw_rate_rad_s,
        )

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the output grids."""
        return self.image_height_px // self.stride_px, self.image_width_px // self.stride_px

    def picture(self, image_bytes: bytes) -> Pictures:
        """Decode a stored PNG or JPEG to height × width × 3, RGB; a picture of another size is refused."""
        try:
            with Image.open(io.BytesIO(image_bytes), formats=("PNG", "JPEG")) as image:
                self._check_size(image.size)
                return np.asarray(image.convert("RGB"))
        except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise InputError(f"a stored picture cannot be decoded: {error}", remedy="make the shard again") from error

    def _check_size(self, size: tuple[int, int]) -> None:
        expected = (self.image_width_px, self.image_height_px)
        if size != expected:
            raise InputError(
                "a picture is not of the network's size",
                actual=f"{size[0]}×{size[1]} px",
                expected=f"{expected[0]}×{expected[1]} px",
                remedy="set network.image_width_px and image_height_px to the camera's",
            )

    def image_tensor(self, pictures: Pictures) -> Floats:
        """N × height × width × 3 bytes to the input `image`, N × 3 × height × width."""
        scaled = (pictures.astype(np.float32) / np.float32(255) - np.float32(self.pixel_mean)) / np.float32(
            self.pixel_std
        )
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))

    def goal_tensor(self, distance_m: NDArray[np.float64], bearing_rad: NDArray[np.float64]) -> Floats:
        """N distances and bearings to the input `goal`, N × 4: log distance, nearness, sine, cosine of bearing."""
        nearness = np.exp(-distance_m / self.goal_scale_m)
        features = (np.log1p(distance_m), nearness, np.sin(bearing_rad), np.cos(bearing_rad))
        return np.stack(features, axis=1).astype(np.float32)

    def command(self, raw: Floats) -> Command:
        """One row of the output `command` as a command within the limits.

        The robot never drives backwards: speed is cut at 0. A NaN stays one, for the safety monitor to see.
        """
        speed, yaw_rate = float(raw[0]), float(raw[1])
        return Command(_cut(speed, 0.0, 1.0) * self.max_speed_m_s, _cut(yaw_rate, -1.0, 1.0) * self.max_yaw_rate_rad_s)


def _cut(value: float, low: float, high: float) -> float:
    return value if math.isnan(value) else min(max(value, low), high)
