"""Engine: a network in a form that a robot runs; it describes itself."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from simgate.data.sample import Command
from simgate.families.base_contract import Contract, Floats, Pictures, Tensors
from simgate.families.goal import RelativeGoal


class Model(Protocol):
    """A network in any form that runs: PyTorch module or engine."""

    @property
    def contract(self) -> Contract:
        """The names, shapes and meaning of its inputs and outputs."""
        ...

    def infer(self, inputs: Tensors) -> dict[str, Floats]:
        """Run a batch: every input of the contract by name, the batch axis first; every output by name."""
        ...

    def look(self, picture: Pictures, goal: RelativeGoal) -> dict[str, Floats]:
        """Run one decoded picture, height × width × 3, RGB, and one goal; the outputs have no batch axis."""
        ...


class Engine(Model, Protocol):
    """A model in the form in which a target runs it."""

    def command(self, image_bytes: bytes, goal_distance_m: float, goal_bearing_rad: float) -> Command:
        """Turn a stored picture and the goal in the base frame into a command within the contract's limits."""
        ...

    def warm_up(self, runs: int = 3) -> None:
        """Run a few times, so that the runtime has its memory and the first real picture is as fast as the others."""
        ...


class Target(Protocol):
    """A module that builds and opens the engines of one target; a row of simgate/rows/engines.py names it."""

    def build(self, graph: bytes, precision: str, folder: Path) -> None:
        """Write the engine's files into an empty folder; the graph is ONNX and carries its contract."""
        ...

    def open_target(self, folder: Path, contract: Contract) -> Engine:
        """Open the files that `build` wrote; they were checked against their digests."""
        ...
