"""Engine: a network in a form that a robot runs; it describes itself."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, Self

from simgate.families.contract import Contract, Floats, Pictures, Tensors
from simgate.families.goal import RelativeGoal


class Model(Protocol):
    """What can be asked of a network, in whatever form it runs."""

    @property
    def contract(self) -> Contract:
        """Its inputs and outputs, and how they are filled and read."""
        ...

    def infer(self, inputs: Tensors) -> dict[str, Floats]:
        """Run a batch: every input of the contract by name, the batch axis first; every output by name."""
        ...

    def look(self, picture: Pictures, goal: RelativeGoal) -> dict[str, Floats]:
        """Run one decoded picture, height × width × 3, RGB, and one goal; the outputs have no batch axis."""
        ...


class Engine(Model, Protocol):
    """A model in a file of its own that carries its contract."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Open an engine file; one that does not describe itself, or describes itself wrongly, is refused."""
        ...
