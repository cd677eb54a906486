"""NavigatorContract: pictures and goals in; heat, boxes and commands out; how they are filled and read."""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from simgate.core.errors import InputError
from simgate.data.sample import Command
from simgate.families.base_contract import Contract, Floats, Pictures, Tensors, TensorSpec
from simgate.families.box import Detection
from simgate.families.goal import RelativeGoal
from simgate.families.navigator.detection import detections
from simgate.families.navigator.spec import NavigatorSpec

GOAL_FEATURES = 4
STRIDE_PX = 8


class Answer(NamedTuple):
    """A decoded answer of a navigator."""

    command: Command
    detections: list[Detection]


class NavigatorContract(Contract):
    """The self-description of a navigator's engine."""

    family: Literal["navigator"] = "navigator"
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
    stride_px: Annotated[int, Field(ge=1)] = STRIDE_PX
    """Edge of a grid cell."""
    score_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """Detections below this score are not reported to the robot."""
    overlap_threshold: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Of two detections of one class with a larger IoU, the weaker is dropped."""
    max_detections: Annotated[int, Field(ge=1)] = 50
    max_speed_m_s: Annotated[float, Field(gt=0)]
    max_yaw_rate_rad_s: Annotated[float, Field(gt=0)]

    @classmethod
    def of(cls, spec: NavigatorSpec) -> Self:
        """Return the contract of every engine made from a network of this spec."""
        width, height = spec.image_width_px, spec.image_height_px
        inputs, outputs = _tensors(width, height, len(spec.obstacles), STRIDE_PX)
        return cls(
            inputs=inputs,
            outputs=outputs,
            image_width_px=width,
            image_height_px=height,
            obstacles=spec.obstacles,
            max_speed_m_s=spec.max_speed_m_s,
            max_yaw_rate_rad_s=spec.max_yaw_rate_rad_s,
        )

    @model_validator(mode="after")
    def _tensors_fit(self) -> Self:
        size = (self.image_width_px, self.image_height_px)
        if (self.inputs, self.outputs) != _tensors(*size, len(self.obstacles), self.stride_px):
            raise ValueError("inputs and outputs are not those of a navigator of this picture size and these obstacles")
        return self

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the output grids."""
        return self.image_height_px // self.stride_px, self.image_width_px // self.stride_px

    def check_camera(self, width_px: int, height_px: int) -> None:
        """Refuse a camera of another size than the network's."""
        expected = (self.image_width_px, self.image_height_px)
        if (width_px, height_px) != expected:
            raise InputError(
                "a picture is not of the network's size",
                actual=f"{width_px}×{height_px} px",
                expected=f"{expected[0]}×{expected[1]} px",
                remedy="set network.image_width_px and image_height_px to the camera's",
            )

    def tensors(self, picture: Pictures, goal: RelativeGoal) -> dict[str, Floats]:
        """Return the inputs of one decoded picture, height × width × 3, RGB, and one goal: a batch of one."""
        distance, bearing = (np.array([value]) for value in goal)
        return {"image": self.image_tensor(picture[None]), "goal": self.goal_tensor(distance, bearing)}

    def answer(self, outputs: Tensors) -> Answer:
        """Decode the outputs of one sample: a command, and the obstacles, best score first."""
        return Answer(self.command(outputs), self.detections(outputs))

    def detections(self, outputs: Tensors, *, score_threshold: float | None = None) -> list[Detection]:
        """Decode the obstacles in the outputs of one sample; a precision-recall curve wants another threshold."""
        return detections(self, outputs["heat"], outputs["box"], score_threshold=score_threshold)

    def image_tensor(self, pictures: Pictures) -> Floats:
        """Convert N × height × width × 3 bytes to the input `image`, N × 3 × height × width."""
        scaled = (pictures.astype(np.float32) / np.float32(255) - np.float32(self.pixel_mean)) / np.float32(
            self.pixel_std
        )
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))

    def goal_tensor(self, distance_m: NDArray[np.float64], bearing_rad: NDArray[np.float64]) -> Floats:
        """Convert N distances and bearings to the input `goal`, N × 4: log distance, nearness, sine and cosine."""
        nearness = np.exp(-distance_m / self.goal_scale_m)
        features = (np.log1p(distance_m), nearness, np.sin(bearing_rad), np.cos(bearing_rad))
        return np.stack(features, axis=1).astype(np.float32)

    def command(self, outputs: Tensors) -> Command:
        """Decode the command in the outputs of one sample, within the limits.

        The robot never drives backwards: speed is cut at 0. A NaN stays one, for the safety monitor to see.
        """
        speed, yaw_rate = (float(value) for value in outputs["command"])
        return Command(_cut(speed, 0.0, 1.0) * self.max_speed_m_s, _cut(yaw_rate, -1.0, 1.0) * self.max_yaw_rate_rad_s)


CONTRACT = NavigatorContract


def _tensors(
    width_px: int, height_px: int, classes: int, stride_px: int
) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    grid = (height_px // stride_px, width_px // stride_px)
    inputs = (
        TensorSpec(name="image", shape=(3, height_px, width_px)),
        TensorSpec(name="goal", shape=(GOAL_FEATURES,)),
    )
    outputs = (
        TensorSpec(name="heat", shape=(classes, *grid)),
        TensorSpec(name="box", shape=(4, *grid)),
        TensorSpec(name="command", shape=(2,)),
    )
    return inputs, outputs


def _cut(value: float, low: float, high: float) -> float:
    return value if math.isnan(value) else min(max(value, low), high)
