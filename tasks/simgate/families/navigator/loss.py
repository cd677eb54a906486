"""Losses of the two heads."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from simgate.families.family import Losses
from simgate.families.navigator.detection import LOG_SIZE_LIMIT

COMMAND_KNEE = 0.1
"""Share of a maximum where the command loss turns from square to linear."""
EPSILON = 1e-6


def combined(outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor], detection_weight: float) -> Losses:
    """Return the weighted sum and its parts, always in float32."""
    heat, box, command = (outputs[name].float() for name in ("heat", "box", "command"))
    heat_loss = focal_loss(heat, targets["heat"])
    box_loss = overlap_loss(corners_of(box), targets["corners"])
    command_loss = functional.smooth_l1_loss(command, targets["command"], beta=COMMAND_KNEE)
    total = command_loss + detection_weight * (heat_loss + box_loss)
    return Losses(total, {"heat": heat_loss, "box": box_loss, "command": command_loss})


def focal_loss(heat: Tensor, target: Tensor) -> Tensor:
    """Compute the focal loss (CenterNet, equation 1, α = 2, β = 4) per object; targets below 0 are left out."""
    score, log_score, log_rest = torch.sigmoid(heat), functional.logsigmoid(heat), functional.logsigmoid(-heat)
    centre = (target == 1).float()
    background = ((target >= 0) & (target < 1)).float()
    found = centre * (1 - score) ** 2 * log_score
    empty = background * (1 - target) ** 4 * score**2 * log_rest
    return -(found + empty).sum() / centre.sum().clamp(min=1)


def corners_of(box: Tensor) -> Tensor:
    """Return the head's output as corners in cells: the inverse of the reading in `detection.py`."""
    rows, columns = box.shape[-2:]
    x = torch.arange(columns, device=box.device) + 0.5 + box[:, 0]
    y = torch.arange(rows, device=box.device)[:, None] + 0.5 + box[:, 1]
    half = box[:, 2:].clamp(-LOG_SIZE_LIMIT, LOG_SIZE_LIMIT).exp() / 2
    return torch.stack([x - half[:, 0], y - half[:, 1], x + half[:, 0], y + half[:, 1]], dim=1)


def overlap_loss(found: Tensor, target: Tensor) -> Tensor:
    """Mean of 1 - generalized IoU (Rezatofighi et al., 2019) over the cells that are asked for a box."""
    asked = (target[:, 2] > target[:, 0]).float()
    inside = _area(torch.maximum(found[:, :2], target[:, :2]), torch.minimum(found[:, 2:], target[:, 2:]))
    union = _area(found[:, :2], found[:, 2:]) + _area(target[:, :2], target[:, 2:]) - inside
    hull = _area(torch.minimum(found[:, :2], target[:, :2]), torch.maximum(found[:, 2:], target[:, 2:]))
    generalized = inside / (union + EPSILON) - (hull - union) / (hull + EPSILON)
    return ((1 - generalized) * asked).sum() / asked.sum().clamp(min=1)


def _area(low: Tensor, high: Tensor) -> Tensor:
    edges = (high - low).clamp(min=0)
    return edges[:, 0] * edges[:, 1]
