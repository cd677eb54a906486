"""Network: two layers and two heads."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from toylab.pilot.spec import PilotSpec


class Network(nn.Module):
    """Strip N × columns × 3 and way N × 2 to drive N × 2 and clear N × 1."""

    def __init__(self, spec: PilotSpec) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3 * spec.columns + 2, spec.width), nn.Tanh())
        self.drive = nn.Linear(spec.width, 2)
        self.clear = nn.Linear(spec.width, 1)

    def forward(self, strip: Tensor, way: Tensor) -> tuple[Tensor, Tensor]:
        """Raw outputs, in the order of the contract."""
        seen = self.body(torch.cat([strip.flatten(1), way], dim=1))
        return self.drive(seen), self.clear(seen)


def new_network(spec: PilotSpec) -> Network:
    """A network with weights drawn from torch's generator."""
    return Network(spec)
