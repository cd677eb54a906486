"""TrainSpec: one network, two heads; everything that moves a weight is here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simgate.core.documents.document import Document
from simgate.core.documents.spec import Spec
from simgate.specs.vocabulary import OBSTACLES


class NetworkSpec(Document):
    """The convolutional backbone with a detection and a navigation head."""

    width: Annotated[int, Field(ge=4, le=512)] = 24
    """Channels of the first stage; doubled at each of the next."""
    image_width_px: Annotated[int, Field(ge=32, le=1920)] = 128
    image_height_px: Annotated[int, Field(ge=32, le=1080)] = 96
    obstacles: tuple[str, ...] = OBSTACLES
    """Classes of the detection head, in order."""
    max_speed_m_s: Annotated[float, Field(gt=0)] = 0.8
    max_yaw_rate_rad_s: Annotated[float, Field(gt=0)] = 1.5


class TrainSpec(Spec):
    """Train by imitation and detection on one split, distributed over `world_size` processes."""

    device: Literal["cpu", "cuda"]
    precision: Literal["fp32", "amp-bf16", "amp-fp16"]
    """Refused where the device has it not."""
    world_size: Annotated[int, Field(ge=1, le=4096)] = 2
    seed: Annotated[int, Field(ge=0, le=2**53 - 1)]
    epochs: Annotated[int, Field(ge=0, le=100_000)] = 30
    """0 gives the untrained network of this seed (a planted failure for tests of the gates)."""
    batch_size: Annotated[int, Field(ge=1)] = 16
    """Samples of one step over all processes."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 2e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    detection_weight: Annotated[float, Field(ge=0)] = 3.0
    """Factor of the detection loss beside the command loss."""
    checkpoint_every_epochs: Annotated[int, Field(ge=1)] = 5
    shuffle_labels: bool = False
    """Permute commands and boxes over samples (a planted failure for tests of the gates)."""
    network: NetworkSpec = NetworkSpec()
