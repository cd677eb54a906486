"""Simulator: the one seam between simgate and whatever renders and moves the world.

One scene is opened; N episodes of it run side by side, each in a lane of its own. What a lane sees depends on its
scenario and its commands alone: neither on N nor on its neighbours. A GPU may move and draw all lanes at once, the CPU
one by one.

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


@dataclass(frozen=True, slots=True)
class View:
    """A place to look at a scene from, world frame, level."""

    eye_m: tuple[float, float, float]
    target_m: tuple[float, float, float]
    field_of_view_rad: float
    """Horizontal."""
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A view of a scene. Pictures are height × width."""

    rgb: NDArray[np.uint8]
    depth_m: NDArray[np.float32]


class EpisodeState(Protocol):
    """The state of one lane's episode now."""

    @property
    def robot(self) -> RobotState:
        """The robot's pose and velocity."""
        ...

    @property
    def trail(self) -> Sequence[RobotState]:
        """The robot's states since the last step began, evenly spaced, at most 10 ms apart; the last is `robot`.

        After a reset `robot` alone. The IMU is read at each.
        """
        ...

    @property
    def actors(self) -> Sequence[ActorState]:
        """The moving actors, in the scenario's order."""
        ...

    @property
    def touched(self) -> bool:
        """The robot has hit something since the last reset."""
        ...


class Simulator(Protocol):
    """One opened scene; reset and driven for any number of episodes, in any order, with the same bytes."""

    @property
    def layout(self) -> Layout:
        """The scene as scenarios see it: `simgate.scene.layout.read_layout`."""
        ...

    @property
    def lanes(self) -> int:
        """Episodes that it moves best at once; any other number is as right, and slower."""
        ...

    @property
    def episodes(self) -> Sequence[EpisodeState]:
        """The episodes since the last reset, one a lane."""
        ...

    def reset(self, scenarios: Sequence[Scenario]) -> None:
        """Put each lane where its scenario starts; nothing of earlier episodes is left."""
        ...

    def step(self, commands: Sequence[Command], dt_s: float) -> None:
        """Let `dt_s` seconds pass in every lane while its base is asked for its command."""
        ...

    def render(self, lanes: Sequence[int]) -> Sequence[Frame]:
        """Take the picture of each of these lanes from its robot's camera now, with depth, masks and boxes."""
        ...

    def pictures(self, lanes: Sequence[int]) -> Sequence[NDArray[np.uint8]]:
        """Render only the colour pictures, which is cheaper: a policy sees no more."""
        ...

    def overview(self, view: View) -> Overview:
        """Look at the scene as its author left it, without any episode; lanes are to be reset afterwards."""
        ...

    def close(self) -> None:
        """Let go of the scene."""
        ...
