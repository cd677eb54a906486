"""Pack: a split decoded once into memory-mapped arrays that every rank of a machine shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simgate.core.errors import InputError
from simgate.core.given.random import stream
from simgate.model.contract import GOAL_FEATURES, Contract, Floats
from simgate.model.frame import Frame
from simgate.train.targets import grids_of

_GOAL_SIGNS = np.array([1, 1, -1, 1], dtype=np.float32)
"""What a mirror does to the goal's features: the sine of the bearing changes sign."""
_COMMAND_SIGNS = np.array([1, -1], dtype=np.float32)
"""What a mirror does to a command: the yaw rate changes sign."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs and targets of some frames; see `Pack`."""

    image: Floats
    goal: Floats
    command: Floats
    heat: Floats
    corners: Floats


@dataclass(frozen=True, slots=True)
class Pack:
    """Arrays over the frames of a split, in stored order."""

    contract: Contract
    picture: NDArray[np.uint8]
    """N × height × width × 3."""
    goal: Floats
    """N × 4, the network's input."""
    command: Floats
    """N × 2, shares of the maxima."""
    heat: Floats
    """N × classes × rows × columns, see `Grids`."""
    corners: Floats
    """N × 4 × rows × columns, see `Grids`."""

    def __len__(self) -> int:
        return len(self.picture)

    def batch(self, positions: NDArray[np.int64], mirrored: NDArray[np.bool_]) -> Batch:
        """The frames at `positions`; those that are `mirrored` are seen in a mirror, with all that belongs to it."""
        flip = np.flatnonzero(mirrored)
        picture, heat, corners = self.picture[positions], self.heat[positions], self.corners[positions]
        picture[flip] = picture[flip, :, ::-1]
        heat[flip] = heat[flip, :, :, ::-1]
        corners[flip] = _mirrored_corners(corners[flip])
        goal, command = self.goal[positions], self.command[positions]
        goal[flip] *= _GOAL_SIGNS
        command[flip] *= _COMMAND_SIGNS
        return Batch(self.contract.image_tensor(picture), goal, command, heat, corners)


def _mirrored_corners(corners: Floats) -> Floats:
    columns = corners.shape[-1]
    asked = corners[:, 2:3] > corners[:, 0:1]
    turned = corners.copy()
    turned[:, 0], turned[:, 2] = columns - corners[:, 2], columns - corners[:, 0]
    result: Floats = np.where(asked, turned, 0).astype(np.float32)[..., ::-1]
    return result


def create_pack(
    folder: Path, contract: Contract, frames: Iterable[Frame], count: int, done: Callable[[int], None]
) -> Pack:
    """Decode `count` frames into `folder`, one at a time; another number of frames than the split states is refused."""
    pack = _open(folder, contract, count)
    found = 0
    for found, frame in enumerate(frames, start=1):
        if found > count:
            break
        _put(pack, found - 1, frame)
        done(found)
    if found != count:
        raise InputError("the shards hold another number of frames than their split", actual=found, expected=count)
    return pack


def open_pack(folder: Path, contract: Contract) -> Pack:
    """The pack that `create_pack` left in `folder`, read-only."""
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _shapes(contract, 0)}
    return Pack(contract, **arrays)


def shuffle_labels(pack: Pack, seed: int) -> None:
    """Give every frame the command and the obstacles of another one (a planted failure)."""
    order = stream(seed, "shuffled labels").permutation(len(pack))
    for labels in (pack.command, pack.heat, pack.corners):
        labels[:] = labels[order]


def _put(pack: Pack, position: int, frame: Frame) -> None:
    contract = pack.contract
    pack.picture[position] = contract.picture(frame.image_bytes)
    distance, bearing = (np.array([value]) for value in frame.goal)
    pack.goal[position] = contract.goal_tensor(distance, bearing)[0]
    shares = (
        frame.command.speed_m_s / contract.max_speed_m_s,
        frame.command.yaw_rate_rad_s / contract.max_yaw_rate_rad_s,
    )
    pack.command[position] = shares
    pack.heat[position], pack.corners[position] = grids_of(contract, frame.truths)


def _open(folder: Path, contract: Contract, count: int) -> Pack:
    folder.mkdir(parents=True)
    kinds = {name: np.uint8 if name == "picture" else np.float32 for name in _shapes(contract, 0)}
    arrays = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=kinds[name], shape=shape)
        for name, shape in _shapes(contract, count).items()
    }
    return Pack(contract, **arrays)


def _shapes(contract: Contract, count: int) -> dict[str, tuple[int, ...]]:
    rows, columns = contract.grid
    return {
        "picture": (count, contract.image_height_px, contract.image_width_px, 3),
        "goal": (count, GOAL_FEATURES),
        "command": (count, 2),
        "heat": (count, len(contract.obstacles), rows, columns),
        "corners": (count, 4, rows, columns),
    }
