"""Learning: a perception network's targets from stored samples, and its losses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from simgate.families.family import Batch, Losses, PackedArray
from simgate.families.frame import Frame
from simgate.families.perception.contract import PerceptionContract
from simgate.families.perception.spec import PerceptionSpec
from simgate.families.perception.target import target_of

LABELS: tuple[str, ...] = ("label", "box")
BOX_KNEE = 0.1
"""Share of the picture where the box loss turns from square to linear."""


def check(spec: PerceptionSpec) -> None:
    """Accept every spec: its own type has refused contradictions."""


def arrays(contract: PerceptionContract) -> dict[str, PackedArray]:
    """Scaled pictures, class indexes, and boxes as centre and size; a width of 0 asks for no box."""
    edge = contract.image_edge_px
    return {
        "picture": PackedArray((edge, edge, 3), "uint8"),
        "label": PackedArray((), "int64"),
        "box": PackedArray((4,), "float32"),
    }


def packed(contract: PerceptionContract, frame: Frame) -> dict[str, NDArray[Any]]:
    """Turn one frame into the arrays that training keeps of it."""
    picture = contract.picture(frame.image_bytes)
    height_px, width_px = picture.shape[:2]
    target = target_of(contract, frame, width_px, height_px)
    x_min, y_min, x_max, y_max = target.corners or (0.0, 0.0, 0.0, 0.0)
    return {
        "picture": contract.scaled(picture),
        "label": np.array(contract.labels.index(target.label)),
        "box": np.array([(x_min + x_max) / 2, (y_min + y_max) / 2, x_max - x_min, y_max - y_min]),
    }


def batch(contract: PerceptionContract, rows: dict[str, NDArray[Any]], mirrored: NDArray[np.bool_]) -> Batch:
    """Make inputs and targets of kept frames; those that are `mirrored` are seen in a mirror, box and all."""
    flip = np.flatnonzero(mirrored)
    picture, box = rows["picture"], rows["box"]
    picture[flip] = picture[flip, :, ::-1]
    box[flip, 0] = 1 - box[flip, 0]
    return Batch({"image": contract.image_tensor(picture)}, {"label": rows["label"], "box": box})


def losses(outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor], spec: PerceptionSpec) -> Losses:
    """Compute the cross entropy of the class, and smooth L1 of the box where there is an object."""
    label = functional.cross_entropy(outputs["label"].float(), targets["label"])
    asked = (targets["box"][:, 2:3] > 0).float()
    found = torch.sigmoid(outputs["box"].float())
    apart = functional.smooth_l1_loss(found, targets["box"], beta=BOX_KNEE, reduction="none")
    box = (apart * asked).sum() / (4 * asked.sum()).clamp(min=1)
    return Losses(label + spec.box_weight * box, {"label": label, "box": box})
