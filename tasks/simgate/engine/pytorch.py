"""PytorchModel: the network itself behind an engine's face; the FP32 reference that others are compared with."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from simgate.families.base_contract import Contract, Floats, Pictures, Tensors
from simgate.families.goal import RelativeGoal


class PytorchModel:
    """A network in evaluation mode on one device."""

    def __init__(
        self, network: nn.Module, contract: Contract, *, device: str = "cpu", swap_channels: bool = False
    ) -> None:
        self._network = network.to(device).eval()
        self._contract = contract
        self._device = device
        self._channels: Callable[[Pictures], Pictures] = _reversed if swap_channels else _unchanged

    @property
    def contract(self) -> Contract:
        """The contract that its network was trained for."""
        return self._contract

    def infer(self, inputs: Tensors) -> dict[str, Floats]:
        """Run a batch: every input of the contract by name, the batch axis first; every output by name."""
        with torch.inference_mode():
            given = [torch.from_numpy(inputs[tensor.name]).to(self._device) for tensor in self._contract.inputs]
            found = [output.cpu().numpy() for output in self._network(*given)]
        return dict(zip((tensor.name for tensor in self._contract.outputs), found, strict=True))

    def look(self, picture: Pictures, goal: RelativeGoal) -> dict[str, Floats]:
        """Run one decoded picture, height × width × 3, RGB, and one goal; the outputs have no batch axis."""
        found = self.infer(self._contract.tensors(self._channels(picture), goal))
        return {name: values[0] for name, values in found.items()}


def _unchanged(picture: Pictures) -> Pictures:
    return picture


def _reversed(picture: Pictures) -> Pictures:
    return picture[..., ::-1]
