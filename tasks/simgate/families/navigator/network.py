"""Network: one small convolutional backbone, a detection head and a navigation head."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from simgate.families.navigator.contract import GOAL_FEATURES
from simgate.families.navigator.spec import NavigatorSpec

NAVIGATION_CHANNELS = 16
NAVIGATION_HIDDEN = 64
NAVIGATION_DROPOUT = 0.8
"""Share of the picture's features that a training step hides from the navigation head. A few hundred frames are soon
known by heart: without it, commands in an unseen scene are worse than those of the goal alone (0.21 against 0.17)."""
PRIOR = 0.1
"""Score of every cell before training: keeps the first focal losses small (CenterNet, section 3)."""


def _block(inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Build a block: convolution, group normalisation, ReLU."""
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.GroupNorm(math.gcd(8, outputs), outputs), nn.ReLU())


class Network(nn.Module):
    """Image and goal to heat, box and command.

    image: N × 3 × height × width; goal: N × 4; heat: N × classes × rows × columns, logits; box: N × 4 × rows × columns;
    command: N × 2, speed and yaw rate as shares of their maxima. See `contract.py`.
    """

    def __init__(self, spec: NavigatorSpec) -> None:
        super().__init__()
        first, second, third = spec.width, 2 * spec.width, 4 * spec.width
        self.stride_8 = nn.Sequential(
            _block(3, first, kernel=7, stride=4), _block(first, second, stride=2), _block(second, second)
        )
        self.stride_16 = nn.Sequential(_block(second, third, stride=2), _block(third, third))
        self.lift = nn.Conv2d(third, second, 1)
        self.merge = _block(second, second)
        self.heat = nn.Conv2d(second, len(spec.obstacles), 1)
        self.box = nn.Conv2d(second, 4, 1)
        cells = (spec.image_height_px // 16) * (spec.image_width_px // 16)
        self.squeeze = nn.Conv2d(third, NAVIGATION_CHANNELS, 1)
        self.forget = nn.Dropout(NAVIGATION_DROPOUT)
        self.navigation = nn.Sequential(
            nn.Linear(NAVIGATION_CHANNELS * cells + GOAL_FEATURES, NAVIGATION_HIDDEN),
            nn.ReLU(),
            nn.Linear(NAVIGATION_HIDDEN, NAVIGATION_HIDDEN),
            nn.ReLU(),
            nn.Linear(NAVIGATION_HIDDEN, 2),
        )
        nn.init.constant_(self.heat.bias, math.log(PRIOR / (1 - PRIOR)))  # type: ignore[arg-type]

    def forward(self, image: Tensor, goal: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return raw outputs, in the order of the contract."""
        fine = self.stride_8(image)
        coarse = self.stride_16(fine)
        raised = nn.functional.interpolate(self.lift(coarse), scale_factor=2.0, mode="nearest")
        merged = self.merge(fine + raised)
        seen = self.forget(torch.relu(self.squeeze(coarse)).flatten(1))
        return self.heat(merged), self.box(merged), self.navigation(torch.cat([seen, goal], dim=1))


def new_network(spec: NavigatorSpec) -> Network:
    """Return a network with weights drawn from torch's generator."""
    return Network(spec)
