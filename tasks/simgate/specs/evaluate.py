"""EvaluateSpec: one model on one split, with fixed seeds; knows nothing of the live model."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from simgate.core.documents.document import Document
from simgate.core.documents.stage_spec import EnvironmentPins
from simgate.core.documents.strictness import EQUAL, higher
from simgate.rows.families import FAMILIES
from simgate.specs.demands import Demands
from simgate.specs.generate import GenerateSpec


class ClosedLoopSpec(Document):
    """Drive in the simulator of the eval scenes with the model's own commands."""

    episodes: Annotated[int, Field(ge=1, le=100_000), higher("episodes")] = 24
    max_steps: Annotated[int, Field(ge=1, le=10_000), EQUAL] = 40
    """Longer gives more time to arrive, shorter less time to collide."""
    generate: GenerateSpec
    """Simulator, camera and randomization of the rollouts; scene and episodes are set from the split."""

    @model_validator(mode="after")
    def _pins_are_the_stage_s(self) -> Self:
        if self.generate.environment != EnvironmentPins():
            raise ValueError("closed_loop.generate pins an environment: nobody would check it; pin the evaluate spec's")
        return self


class EvaluateSpec(Demands):
    """Judge one model on one split."""

    stage: ClassVar[str] = "evaluate"

    device: Annotated[Literal["cpu", "cuda"], EQUAL]
    seed: Annotated[int, Field(ge=0, le=2**53 - 1), EQUAL]
    """Equal, as every seed of a gate: whoever may choose one tries them until a bad model passes."""
    closed_loop: ClosedLoopSpec | None
    """Of a family that commands a robot, and of no other: null there."""
    baseline_seed: Annotated[int, Field(ge=0, le=2**53 - 1), EQUAL] = 0
    """Seed of the untrained network that the closed loop is paired against."""
    swap_channels: Annotated[bool, EQUAL] = False
    """Feed BGR for RGB (a planted failure for tests of the gates)."""

    @property
    def on_gpu(self) -> bool:
        """Whether the work is done on a GPU."""
        return self.device == "cuda"

    @model_validator(mode="after")
    def _whoever_commands_is_driven(self) -> Self:
        if FAMILIES.find(self.family).commands != (self.closed_loop is not None):
            raise ValueError(
                f"a {self.family} commands a robot: closed_loop is missing"
                if self.closed_loop is None
                else f"a {self.family} commands nothing: closed_loop can drive nothing"
            )
        return self
