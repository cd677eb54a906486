"""Engine: a network in a form that a robot runs; it describes itself."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol, Self

from simgate.data.sample import Command
from simgate.model.contract import Contract, Floats
from simgate.model.detection import Detection


class RawOutputs(NamedTuple):
    """What the network says, before decoding; float32, see `model/contract.py`."""

    heat: Floats
    """N × classes × rows × columns, logits."""
    box: Floats
    """N × 4 × rows × columns."""
    command: Floats
    """N × 2, shares of the maxima."""


class Model(Protocol):
    """What can be asked of a network, in whatever form it runs."""

    @property
    def contract(self) -> Contract:
        """How its inputs and outputs are to be read."""
        ...

    def infer(self, image: Floats, goal: Floats) -> RawOutputs:
        """Run a batch: image N × 3 × height × width, goal N × 4."""
        ...

    def command(self, image_bytes: bytes, goal_distance_m: float, goal_bearing_rad: float) -> Command:
        """From a stored picture and the goal in the base frame to a command within the contract's limits."""
        ...

    def detect(self, image_bytes: bytes, *, score_threshold: float | None = None) -> list[Detection]:
        """From a stored picture to the obstacles in it, best score first."""
        ...


class Engine(Model, Protocol):
    """A model in a file of its own that carries its contract."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Open an engine file; one that does not describe itself, or describes itself wrongly, is refused."""
        ...
