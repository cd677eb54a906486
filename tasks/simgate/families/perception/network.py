"""Network: one small convolutional backbone, a class head and a box head."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from simgate.families.perception.spec import PerceptionSpec

BOX_CHANNELS = 8


def _block(inputs: int, outputs: int) -> nn.Sequential:
    """Build a block: convolution that halves the picture, group normalisation, ReLU. Samples stay apart."""
    convolution = nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False)
    return nn.Sequential(convolution, nn.GroupNorm(math.gcd(8, outputs), outputs), nn.ReLU())


class Network(nn.Module):
    """Image N × 3 × edge × edge to logits N × classes and box N × 4, logits of centre and size as shares."""

    def __init__(self, spec: PerceptionSpec) -> None:
        super().__init__()
        widths = [3, *(spec.width * factor for factor in (1, 2, 4, 8, 8))]
        self.backbone = nn.Sequential(*(_block(*pair) for pair in pairwise(widths)))
        self.label = nn.Linear(widths[-1], len(spec.labels))
        self.squeeze = nn.Conv2d(widths[-1], BOX_CHANNELS, 1)
        cells = (spec.image_edge_px // 32) ** 2
        self.box = nn.Linear(BOX_CHANNELS * cells, 4)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return raw outputs, in the order of the contract."""
        seen = self.backbone(image)
        where = torch.relu(self.squeeze(seen)).flatten(1)
        return self.label(seen.mean(dim=(2, 3))), self.box(where)


def new_network(spec: PerceptionSpec) -> Network:
    """Return a network with weights drawn from torch's generator."""
    return Network(spec)
