"""Pack: a split decoded once into memory-mapped arrays that every rank of a machine shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgate.core.errors import InputError
from simgate.core.given.random import stream
from simgate.families.base_contract import Contract
from simgate.families.family import Batch, Learning
from simgate.families.frame import Frame


@dataclass(frozen=True, slots=True)
class Pack:
    """Arrays over the frames of a split, in stored order."""

    contract: Contract
    learning: Learning
    arrays: dict[str, NDArray[Any]]
    """The arrays that the family's `arrays` names, the frames' axis first."""

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    def batch(self, positions: NDArray[np.int64], mirrored: NDArray[np.bool_]) -> Batch:
        """Return the frames at `positions`; `mirrored` ones are seen in a mirror, with everything belonging to them."""
        rows = {name: array[positions] for name, array in self.arrays.items()}
        return self.learning.batch(self.contract, rows, mirrored)


def create_pack(
    folder: Path,
    contract: Contract,
    learning: Learning,
    frames: Iterable[Frame],
    count: int,
    done: Callable[[int], None],
) -> Pack:
    """Decode `count` frames into `folder`, one at a time; another number of frames than the split states is refused."""
    pack = _open(folder, contract, learning, count)
    found = 0
    for found, frame in enumerate(frames, start=1):
        if found > count:
            break
        for name, values in learning.packed(contract, frame).items():
            pack.arrays[name][found - 1] = values
        done(found)
    if found != count:
        raise InputError("the shards hold another number of frames than their split", actual=found, expected=count)
    return pack


def open_pack(folder: Path, contract: Contract, learning: Learning) -> Pack:
    """Return the pack that `create_pack` left in `folder`, read-only."""
    names = learning.arrays(contract)
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in names}
    return Pack(contract, learning, arrays)


def shuffle_labels(pack: Pack, seed: int) -> None:
    """Give every frame the labels of another one (a planted failure)."""
    order = stream(seed, "shuffled labels").permutation(len(pack))
    for name in pack.learning.LABELS:
        labels = pack.arrays[name]
        labels[:] = labels[order]


def _open(folder: Path, contract: Contract, learning: Learning, count: int) -> Pack:
    folder.mkdir(parents=True)
    arrays: dict[str, NDArray[Any]] = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=kind.dtype, shape=(count, *kind.shape))
        for name, kind in learning.arrays(contract).items()
    }
    return Pack(contract, learning, arrays)
