"""ModelCard: `model.json`, what a network is and how it was trained; beside its weights, enough to use them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simgate.core.documents.document import Document
from simgate.specs.family_part import FamilyPart


class EpochLosses(Document):
    """Mean losses of one epoch over all processes."""

    epoch: Annotated[int, Field(ge=1)]
    total: float
    parts: dict[str, float]
    """The family's losses by name, of which the total is made."""
    learning_rate: float
    """At the epoch's last step."""


class ModelCard(Document):
    """The network, and the facts of its training."""

    version: Literal[2] = 2
    family: str
    network: FamilyPart
    parameters: int
    seed: int
    epochs: int
    steps: int
    frames: int
    """Training frames."""
    dataset_sha256: str
    """Of splits/train.json."""
    device: Literal["cpu", "cuda"]
    precision: Literal["fp32", "amp-bf16", "amp-fp16"]
    world_size: int
    last: EpochLosses | None
    """None for an untrained network."""
