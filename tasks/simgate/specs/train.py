"""TrainSpec: one network of one family; everything that moves a weight is here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simgate.core.documents.stage_spec import Spec
from simgate.rows.families import FAMILIES
from simgate.rows.names import names
from simgate.specs.family_part import FamilyPart


class TrainSpec(Spec):
    """Train a model of `family` on one split, distributed over `world_size` processes."""

    family: Annotated[str, names(FAMILIES)]
    """Kind of model, a row of simgate/rows/families.py or of another distribution."""
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
    checkpoint_every_epochs: Annotated[int, Field(ge=1)] = 5
    shuffle_labels: bool = False
    """Permute the labels over samples (a planted failure for tests of the gates)."""
    network: FamilyPart = Field(default={})  # type: ignore[assignment]
    """The family's own part; its default where nothing is said."""

    @property
    def on_gpu(self) -> bool:
        """Whether the work is done on a GPU."""
        return self.device == "cuda"
