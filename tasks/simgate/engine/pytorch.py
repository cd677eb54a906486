"""PytorchModel: the network itself behind an engine's face; the FP32 reference that others are compared with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from simgate.data.sample import Command
from simgate.engine.protocol import RawOutputs
from simgate.model.contract import Contract, Floats, Pictures
from simgate.model.detection import Detection, detections
from simgate.model.goal import RelativeGoal
from simgate.model.network import Network


class PytorchModel:
    """A network in evaluation mode on one device."""

    def __init__(
        self, network: Network, contract: Contract, *, device: str = "cpu", swap_channels: bool = False
    ) -> None:
        self._network = network.to(device).eval()
        self._contract = contract
        self._device = device
        self._channels: Callable[[Pictures], Pictures] = _reversed if swap_channels else _unchanged

    @property
    def contract(self) -> Contract:
        """The contract that its network was trained for."""
        return self._contract

    def infer(self, image: Floats, goal: Floats) -> RawOutputs:
        """Run a batch: image N × 3 × height × width, goal N × 4."""
        with torch.inference_mode():
            inputs = [torch.from_numpy(values).to(self._device) for values in (image, goal)]
            return RawOutputs(*(output.cpu().numpy() for output in self._network(*inputs)))

    def look(self, picture: Pictures, goal: RelativeGoal) -> RawOutputs:
        """Run one decoded picture, height × width × 3, RGB."""
        distance, bearing = (np.array([value]) for value in goal)
        image = self._contract.image_tensor(self._channels(picture)[None])
        return self.infer(image, self._contract.goal_tensor(distance, bearing))

    def command(self, image_bytes: bytes, goal_distance_m: float, goal_bearing_rad: float) -> Command:
        """From a stored picture and the goal in the base frame to a command within the contract's limits."""
        goal = RelativeGoal(goal_distance_m, goal_bearing_rad)
        return self._contract.command(self.look(self._contract.picture(image_bytes), goal).command[0])

    def detect(self, image_bytes: bytes, *, score_threshold: float | None = None) -> list[Detection]:
        """From a stored picture to the obstacles in it, best score first."""
        raw = self.look(self._contract.picture(image_bytes), RelativeGoal(0.0, 0.0))
        return detections(self._contract, raw.heat[0], raw.box[0], score_threshold=score_threshold)


def _unchanged(picture: Pictures) -> Pictures:
    return picture


def _reversed(picture: Pictures) -> Pictures:
    return picture[..., ::-1]
