"""TrainedModel: the network that a train run left, read back and checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import nn

from simgate.families.base_contract import Contract
from simgate.families.card import ModelCard
from simgate.families.family import Family, family_of
from simgate.families.weights import network_of


class Readable(Protocol):
    """A stage's verified inputs."""

    def read(self, stage: str, output: str) -> bytes:
        """Return one output of an input stage."""
        ...


@dataclass(frozen=True)
class TrainedModel:
    """A network with all that is needed to use it."""

    card: ModelCard
    contract: Contract
    family: Family
    network: nn.Module
    """On the CPU, float32, in evaluation mode."""
    weights: bytes
    """The safetensors file as stored."""


def read_trained(inputs: Readable) -> TrainedModel:
    """Return the model of a job's train input."""
    card = ModelCard.from_json(inputs.read("train", "model.json"), what="model.json")
    family = family_of(card.family)
    weights = inputs.read("train", "model.safetensors")
    network = network_of(weights, family, card.network)
    return TrainedModel(card, family.contract(card.network), family, network, weights)
