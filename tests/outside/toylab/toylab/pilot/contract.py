"""PilotContract: a strip of colours and a way in, a drive and a clearance out."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simgate.data.sample import Command
from simgate.families.base_contract import Contract, Floats, Pictures, Tensors, TensorSpec
from simgate.families.goal import RelativeGoal
from toylab.pilot.spec import PilotSpec

WAY_SCALE_M = 4.0


class PilotContract(Contract):
    """The self-description of a pilot's engine."""

    family: Literal["pilot"] = "pilot"
    columns: Annotated[int, Field(ge=4)]
    max_speed_m_s: Annotated[float, Field(gt=0)]
    max_yaw_rate_rad_s: Annotated[float, Field(gt=0)]

    @classmethod
    def of(cls, spec: PilotSpec) -> Self:
        """The contract of every engine made from a network of this spec."""
        return cls(
            inputs=(TensorSpec(name="strip", shape=(spec.columns, 3)), TensorSpec(name="way", shape=(2,))),
            outputs=(TensorSpec(name="drive", shape=(2,)), TensorSpec(name="clear", shape=(1,))),
            columns=spec.columns,
            max_speed_m_s=spec.max_speed_m_s,
            max_yaw_rate_rad_s=spec.max_yaw_rate_rad_s,
        )

    def tensors(self, picture: Pictures, goal: RelativeGoal) -> dict[str, Floats]:
        """The inputs of one decoded picture and one goal."""
        return {"strip": self.strip(picture)[None], "way": self.way(goal)[None]}

    def strip(self, picture: Pictures) -> Floats:
        """Mean colour of each of the columns, columns × 3, 0 to 1; a picture of any size will do."""
        parts = np.array_split(picture.astype(np.float32) / np.float32(255), self.columns, axis=1)
        return np.stack([part.mean(axis=(0, 1)) for part in parts]).astype(np.float32)

    def way(self, goal: RelativeGoal) -> Floats:
        """How far the goal lies ahead and to the left, as shares of the scale."""
        ahead, left = math.cos(goal.bearing_rad), math.sin(goal.bearing_rad)
        return np.array([ahead, left], dtype=np.float32) * np.float32(goal.distance_m / WAY_SCALE_M)

    def answer(self, outputs: Tensors) -> tuple[Command, float]:
        """Decode a command, and the chance that the way is clear."""
        return self.command(outputs), float(1 / (1 + np.exp(-outputs["clear"][0])))

    def command(self, outputs: Tensors) -> Command:
        """Decode a command within the limits; a NaN stays one, for the safety monitor to see."""
        speed, turn = _within(outputs["drive"])
        return Command(max(0.0, speed) * self.max_speed_m_s, turn * self.max_yaw_rate_rad_s)


def _within(drive: NDArray[np.float32]) -> tuple[float, float]:
    speed, turn = np.clip(drive.astype(np.float64), -1, 1)
    return float(speed), float(turn)


CONTRACT = PilotContract
