"""Family: what a kind of models owns, part by part; all that the stages know of it.

A family is a folder. Its modules are its parts, and each part's protocol is here:

    spec      the family's own part of a train spec: one document, without torch
    contract  CONTRACT, a subclass of `families/base_contract.py`'s: inputs, outputs and decoding, with numpy and Pillow
              alone. Where the family commands a robot, `command` is its way of driving: bench and closed loop call it
    network   `new_network`, torch
    learning  `Learning`: targets from samples, and losses
    judging   `Judging`: open-loop metrics with their intervals
    parity    `Parity`: how far an engine's answers are from the network's
    metrics   METRICS and CURVES: what the figures of verdicts and the losses mean, without torch

A family imports another one's modules never: what two share lies in `families/` itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from simgate.core.documents.document import Document
from simgate.documents.evaluation import Interval
from simgate.families.base_contract import Contract, Floats, Tensors, contract_type_of
from simgate.families.frame import Frame
from simgate.rows.families import FAMILIES, FamilyRow

if TYPE_CHECKING:
    from torch import Tensor, nn


class PackedArray(NamedTuple):
    """An array over the frames of a split: its shape without the frames' axis, which comes first."""

    shape: tuple[int, ...]
    dtype: str


class Batch(NamedTuple):
    """Inputs and targets of some frames, by name."""

    inputs: dict[str, Floats]
    targets: dict[str, Floats]


class Losses(NamedTuple):
    """Scalars: the sum that is made small, and its parts by name, always in one order."""

    total: Tensor
    parts: dict[str, Tensor]


class Learning(Protocol):
    """The module `learning`."""

    LABELS: tuple[str, ...]
    """Arrays of `arrays` that are labels: a planted failure permutes them over the frames."""

    def check(self, spec: Any, /) -> None:
        """Refuse numbers of the family's spec that do not go together, by field."""
        ...

    def arrays(self, contract: Any, /) -> dict[str, PackedArray]:
        """Name the arrays that are kept of a split, with shape and dtype."""
        ...

    def packed(self, contract: Any, frame: Frame, /) -> dict[str, NDArray[Any]]:
        """Turn one frame into the arrays that are kept of it."""
        ...

    def batch(self, contract: Any, rows: dict[str, NDArray[Any]], mirrored: NDArray[np.bool_], /) -> Batch:
        """Make inputs and targets of kept frames, which are copies; those that are `mirrored` are seen in a mirror."""
        ...

    def losses(self, outputs: Mapping[str, Tensor], targets: Mapping[str, Tensor], spec: Any, /) -> Losses:
        """Compare a batch's outputs with its targets, always in float32."""
        ...


class OpenLoop(NamedTuple):
    """Metrics of a model over the frames of a split."""

    intervals: dict[str, Interval]
    """Metrics by name."""
    by_class: dict[str, dict[str, float]]
    """Metrics by name and class, for people."""


class Meter(Protocol):
    """Collects the answers of a model, frame by frame."""

    def add(self, episode: int, frame: Frame, outputs: Tensors, /) -> None:
        """Judge one frame of episode number `episode` (0, 1, … in the split) by its outputs, without the batch axis."""
        ...

    def result(self, episodes: int, seed: int, /) -> OpenLoop:
        """Return the metrics over so many episodes."""
        ...


class Judging(Protocol):
    """The module `judging`."""

    def meter(self, contract: Any, /) -> Meter:
        """Return a meter that has seen no frame."""
        ...


class Differences(Protocol):
    """Collects how far two answers to the same stored picture lie apart."""

    def add(self, reference: Tensors, engine: Tensors, /) -> None:
        """Compare the outputs of one sample, decoded."""
        ...

    def rows(self) -> Mapping[str, Sequence[float]]:
        """Return absolute differences by parity row."""
        ...


class Parity(Protocol):
    """The module `parity`."""

    def differences(self, contract: Any, /) -> Differences:
        """Begin the differences, of no sample yet."""
        ...


class Build(Protocol):
    """The module `network`."""

    def new_network(self, spec: Any, /) -> nn.Module:
        """Make a network with weights drawn from torch's generator; it takes the contract's inputs and gives its
        outputs.
        """
        ...


@dataclass(frozen=True, slots=True)
class Family:
    """One family; its parts are imported when they are asked for."""

    row: FamilyRow

    def contract(self, spec: Document) -> Contract:
        """Return the contract of every engine made from a network of this spec."""
        return contract_type_of(self.row.name).of(spec)

    @property
    def build(self) -> Build:
        """The function that builds its networks."""
        found: Build = self._part("network")
        return found

    @property
    def learning(self) -> Learning:
        """Targets and losses of its networks."""
        found: Learning = self._part("learning")
        return found

    @property
    def judging(self) -> Judging:
        """Open-loop metrics of its networks."""
        found: Judging = self._part("judging")
        return found

    @property
    def parity(self) -> Parity:
        """The comparison of an engine with its network."""
        found: Parity = self._part("parity")
        return found

    @property
    def curves(self) -> Mapping[str, Mapping[str, str]]:
        """Losses by section of a training's page, with their names there."""
        found: Mapping[str, Mapping[str, str]] = self._part("metrics").CURVES
        return found

    def _part(self, name: str) -> Any:
        return FAMILIES.module(self.row.name, name)


def family_of(name: str) -> Family:
    """Find a family by name; an unknown one is refused with the names there are."""
    return Family(FAMILIES.find(name))
