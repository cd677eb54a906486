"""Simulator: the one seam between simgate and whatever renders and moves the world.

Frames of reference: the world is right-handed, z up, metres. The robot's base frame is x forward, y left, z up. The
camera frame of a `Sample` is the ROS optical frame (x right, y down, z forward).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simgate.data.sample import Box, Camera, Command
from simgate.scene.layout import Layout
from simgate.sim.actor import ActorState
from simgate.sim.robot import RobotState
from simgate.sim.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Frame:
    """One rendered picture with its truth. Pictures are height × width; see `Sample` for each field."""

    rgb: NDArray[np.uint8]
    depth_m: NDArray[np.float32]
    semantic: NDArray[np.uint8]
    instance: NDArray[np.uint16]
    boxes: tuple[Box, ...]
    camera: Camera


class Simulator(Protocol):
    """One opened scene; reset and driven for any number of episodes, in any order, with the same bytes."""

    @property
    def layout(self) -> Layout:
        """The scene as scenarios see it."""
        ...

    @property
    def robot(self) -> RobotState:
        """Where the robot is now and how it moves."""
        ...

    @property
    def actors(self) -> Sequence[ActorState]:
        """The moving actors now, in the scenario's order."""
        ...

    @property
    def touched(self) -> bool:
        """The robot has hit something since the last reset."""
        ...

    def reset(self, scenario: Scenario) -> None:
        """Put everything where the scenario starts; nothing of an earlier episode is left."""
        ...

    def step(self, command: Command, dt_s: float) -> None:
        """Let `dt_s` seconds pass while the base is asked for `command`."""
        ...

    def render(self) -> Frame:
        """The picture from the robot's camera now, with depth, masks and boxes."""
        ...

    def picture(self) -> NDArray[np.uint8]:
        """`render().rgb` alone, cheaper: what a policy sees."""
        ...

    def close(self) -> None:
        """Let go of the scene."""
        ...
