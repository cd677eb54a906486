"""A trained model's manifest in a toy store, without a training."""

from __future__ import annotations

from simgate.core.documents.artifact import ManifestRef
from simgate.model.card import ModelCard
from simgate.model.network import Network, parameter_count
from simgate.model.weights import weights_bytes
from simgate.specs.train import TrainSpec
from tests.unit.toy_dataset import DIGEST, NETWORK, ToyStore

SPEC = TrainSpec(device="cpu", precision="fp32", seed=1, epochs=0, network=NETWORK)


def commit_model(toy: ToyStore, network: Network) -> ManifestRef:
    """Commit the network as a train run of the toy dataset."""
    card = ModelCard(
        network=NETWORK, parameters=parameter_count(network), seed=1, epochs=0, steps=0, frames=1,
        dataset_sha256=DIGEST, device="cpu", precision="fp32", world_size=1, last=None,
    )  # fmt: skip
    outputs = {"model.safetensors": weights_bytes(network), "model.json": card.to_json()}
    return toy.commit("train", SPEC, outputs, [toy.validate])
