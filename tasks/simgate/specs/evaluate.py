"""EvaluateSpec and its results: one model on one split, with fixed seeds; knows nothing of the live model."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simgate.core.documents.document import Document
from simgate.core.documents.spec import EnvironmentPins, Spec
from simgate.core.documents.strictness import EQUAL, higher, lower
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


class EvaluateSpec(Spec):
    """Judge one model on one split."""

    device: Annotated[Literal["cpu", "cuda"], EQUAL]
    seed: Annotated[int, Field(ge=0, le=2**53 - 1), EQUAL]
    """Equal, as every seed of a gate: whoever may choose one tries them until a bad model passes."""
    closed_loop: ClosedLoopSpec
    baseline_seed: Annotated[int, Field(ge=0, le=2**53 - 1), EQUAL]
    """Seed of the untrained network that closed loop is paired against."""
    min_map_50: Annotated[float, Field(ge=0, le=1), higher("map_50")]
    """Least mean average precision at IoU 0.5."""
    max_command_error: Annotated[float, Field(gt=0), lower("command_error")]
    """Largest mean command error, each axis as a share of its maximum."""
    min_success_gain: Annotated[float, higher("success_gain")]
    """Least gain in success rate over the untrained network, on paired episodes."""
    swap_channels: Annotated[bool, EQUAL] = False
    """Feed BGR for RGB (a planted failure for tests of the gates)."""
