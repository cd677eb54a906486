"""A trained model's manifest in a toy store, without a training."""

from __future__ import annotations

from torch import nn

from simgate.core.documents.artifact import ManifestRef
from simgate.families.card import ModelCard
from simgate.families.family import family_of
from simgate.families.weights import parameter_count, untrained, weights_bytes
from simgate.specs.train import TrainSpec
from tests.unit.toy_dataset import DIGEST, NETWORK, ToyStore

FAMILY = family_of("navigator")
SPEC = TrainSpec(family="navigator", device="cpu", precision="fp32", seed=1, epochs=0, network=NETWORK)


def toy_network(seed: int) -> nn.Module:
    """The untrained navigator of a seed."""
    return untrained(FAMILY, NETWORK, seed)


def commit_model(toy: ToyStore, network: nn.Module) -> ManifestRef:
    """Commit the network as a train run of the toy dataset."""
    card = ModelCard(
        family="navigator", network=NETWORK, parameters=parameter_count(network), seed=1, epochs=0, steps=0, frames=1,
        dataset_sha256=DIGEST, device="cpu", precision="fp32", world_size=1, last=None,
    )  # fmt: skip
    outputs = {"model.safetensors": weights_bytes(network), "model.json": card.to_json()}
    return toy.commit("train", SPEC, outputs, [toy.validate])
