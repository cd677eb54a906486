"""Learning: the expert's command, and whether anything stands in the picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from simgate.families.family import Batch, Losses, PackedArray
from simgate.families.frame import Frame
from toylab.pilot.contract import PilotContract
from toylab.pilot.spec import PilotSpec

LABELS: tuple[str, ...] = ("drive", "clear")
_SIGNS = np.array([1, -1], dtype=np.float32)
"""What a mirror does to a way and to a drive: left becomes right."""


def check(spec: PilotSpec) -> None:
    """Accept every spec: its own type refuses what does not go together."""


def arrays(contract: PilotContract) -> dict[str, PackedArray]:
    """Strips, ways, commands as shares of their maxima, and 1 where nothing stands in the picture."""
    shapes = {"strip": (contract.columns, 3), "way": (2,), "drive": (2,), "clear": (1,)}
    return {name: PackedArray(shape, "float32") for name, shape in shapes.items()}


def packed(contract: PilotContract, frame: Frame) -> dict[str, NDArray[Any]]:
    """What is kept of one frame."""
    speed = frame.command.speed_m_s / contract.max_speed_m_s
    turn = frame.command.yaw_rate_rad_s / contract.max_yaw_rate_rad_s
    return {
        "strip": contract.strip(contract.picture(frame.image_bytes)),
        "way": contract.way(frame.goal),
        "drive": np.array([speed, turn]),
        "clear": np.array([float(not frame.boxes)]),
    }


def batch(contract: PilotContract, rows: dict[str, NDArray[Any]], mirrored: NDArray[np.bool_]) -> Batch:
    """Make inputs and targets of kept frames."""
    flip = np.flatnonzero(mirrored)
    rows["strip"][flip] = rows["strip"][flip, ::-1]
    for name in ("way", "drive"):
        rows[name][flip] *= _SIGNS
    inputs = {name: rows[name] for name in ("strip", "way")}
    return Batch(inputs, {name: rows[name] for name in LABELS})


def losses(outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor], spec: PilotSpec) -> Losses:
    """Smooth L1 of the command and cross entropy of the clearance."""
    drive = functional.smooth_l1_loss(outputs["drive"].float(), targets["drive"])
    clear = functional.binary_cross_entropy_with_logits(outputs["clear"].float(), targets["clear"])
    return Losses(drive + clear, {"drive": drive, "clear": clear})
