"""TrainedModel: the network that a train run left, read back and checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from simgate.model.card import ModelCard
from simgate.model.contract import Contract
from simgate.model.network import Network
from simgate.model.weights import network_of


class Readable(Protocol):
    """A stage's verified inputs."""

    def read(self, stage: str, output: str) -> bytes:
        """One output of an input stage."""
        ...


@dataclass(frozen=True)
class TrainedModel:
    """A network with all that is needed to use it."""

    card: ModelCard
    contract: Contract
    network: Network
    """On the CPU, float32, in evaluation mode."""
    weights: bytes
    """As stored."""


def read_trained(inputs: Readable) -> TrainedModel:
    """The model of a job's train input."""
    card = ModelCard.from_json(inputs.read("train", "model.json"), what="model.json")
    weights = inputs.read("train", "model.safetensors")
    return TrainedModel(card, Contract.of(card.network), network_of(weights, card.network), weights)
