"""Learning: a navigator's targets from stored samples, and its losses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from simgate.core.errors import InputError
from simgate.families.base_contract import Floats
from simgate.families.family import Batch, Losses, PackedArray
from simgate.families.frame import Frame
from simgate.families.navigator.contract import GOAL_FEATURES, NavigatorContract
from simgate.families.navigator.loss import combined
from simgate.families.navigator.spec import NavigatorSpec
from simgate.families.navigator.targets import grids_of
from simgate.families.truth import truths_of

LABELS: tuple[str, ...] = ("command", "heat", "corners")
_GOAL_SIGNS = np.array([1, 1, -1, 1], dtype=np.float32)
"""A mirror's effect on the goal's features: the sine of the bearing changes sign."""
_COMMAND_SIGNS = np.array([1, -1], dtype=np.float32)
"""A mirror's effect on a command: the yaw rate changes sign."""


def check(spec: NavigatorSpec) -> None:
    """Refuse a picture size that cannot be halved four times."""
    for name, value in (("width", spec.image_width_px), ("height", spec.image_height_px)):
        if value % 16:
            raise InputError(
                f"field network.image_{name}_px: the network halves it four times",
                actual=value,
                expected="a multiple of 16",
            )


def arrays(contract: NavigatorContract) -> dict[str, PackedArray]:
    """Name the kept arrays: pictures, goals as the network takes them, commands as shares, grids of `targets.py`."""
    rows, columns = contract.grid
    return {
        "picture": PackedArray((contract.image_height_px, contract.image_width_px, 3), "uint8"),
        "goal": PackedArray((GOAL_FEATURES,), "float32"),
        "command": PackedArray((2,), "float32"),
        "heat": PackedArray((len(contract.obstacles), rows, columns), "float32"),
        "corners": PackedArray((4, rows, columns), "float32"),
    }


def packed(contract: NavigatorContract, frame: Frame) -> dict[str, NDArray[Any]]:
    """Turn one frame into the arrays that training keeps of it."""
    distance, bearing = (np.array([value]) for value in frame.goal)
    shares = (
        frame.command.speed_m_s / contract.max_speed_m_s,
        frame.command.yaw_rate_rad_s / contract.max_yaw_rate_rad_s,
    )
    grids = grids_of(contract, truths_of(frame.boxes, contract.obstacles))
    return {
        "picture": contract.picture(frame.image_bytes),
        "goal": contract.goal_tensor(distance, bearing)[0],
        "command": np.array(shares),
        "heat": grids.heat,
        "corners": grids.corners,
    }


def batch(contract: NavigatorContract, rows: dict[str, NDArray[Any]], mirrored: NDArray[np.bool_]) -> Batch:
    """Make inputs and targets of kept frames; those that are `mirrored` are seen in a mirror, with all that belongs."""
    flip = np.flatnonzero(mirrored)
    picture, heat, corners, goal, command = (rows[name] for name in ("picture", "heat", "corners", "goal", "command"))
    picture[flip] = picture[flip, :, ::-1]
    heat[flip] = heat[flip, :, :, ::-1]
    corners[flip] = _mirrored_corners(corners[flip])
    goal[flip] *= _GOAL_SIGNS
    command[flip] *= _COMMAND_SIGNS
    inputs = {"image": contract.image_tensor(picture), "goal": goal}
    return Batch(inputs, {"command": command, "heat": heat, "corners": corners})


def losses(outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor], spec: NavigatorSpec) -> Losses:
    """Return the weighted sum of the two heads' losses, and its parts."""
    return combined(outputs, targets, spec.detection_weight)


def _mirrored_corners(corners: Floats) -> Floats:
    columns = corners.shape[-1]
    asked = corners[:, 2:3] > corners[:, 0:1]
    turned = corners.copy()
    turned[:, 0], turned[:, 2] = columns - corners[:, 2], columns - corners[:, 0]
    result: Floats = np.where(asked, turned, 0).astype(np.float32)[..., ::-1]
    return result
