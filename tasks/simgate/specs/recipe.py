"""Recipes: what one run of a pipeline chooses; the stage specs follow from them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simgate.core.documents.document import Document
from simgate.core.documents.names import Name
from simgate.core.documents.spec import EnvironmentPins, OptionalPins
from simgate.core.identity.lock import locked
from simgate.specs.evaluate import ClosedLoopSpec, EvaluateSpec
from simgate.specs.export import ExportSpec
from simgate.specs.generate import GenerateSpec, SimulationSpec
from simgate.specs.hil import HilSpec
from simgate.specs.index import SceneChoice
from simgate.specs.train import TrainSpec
from simgate.specs.validate import ValidateSpec
from simgate.specs.vocabulary import CLASSES

Seed = Annotated[int, Field(ge=0, le=2**53 - 1)]


class DatasetRecipe(Document):
    """How to make a dataset of whatever scenes are current."""

    version: Literal[1] = 1
    scenes: Annotated[tuple[SceneChoice, ...], Field(min_length=1)]
    seed_policy: Literal["fixed", "nightly"] = "fixed"
    """`nightly` draws a new dataset seed each night."""
    episodes_per_shard: Annotated[int, Field(ge=1, le=100_000)] = 6
    simulation: SimulationSpec
    validate_spec: ValidateSpec = ValidateSpec()


class ReleaseRecipe(Document):
    """How to make and judge a model of whatever dataset is current."""

    version: Literal[1] = 1
    model: Name
    channel: Name
    train: TrainSpec
    closed_loop_episodes: Annotated[int, Field(ge=1, le=100_000)] = 12
    """Each is driven twice: by the model, and by the untrained network it is paired with."""
    closed_loop_max_steps: Annotated[int, Field(ge=1, le=10_000)] = 40
    evaluate_seed: Seed = 7001
    baseline_seed: Seed = 7002
    min_map_50: Annotated[float, Field(ge=0, le=1)] = 0.11
    max_command_error: Annotated[float, Field(gt=0)] = 0.19
    min_success_gain: float = 0.2
    evaluate_environment: OptionalPins = EnvironmentPins()
    """Pins of the machine that evaluates; the other stages' are in their specs."""
    export: ExportSpec
    hil: HilSpec

    def evaluate_spec(self, simulation: SimulationSpec, scene: str) -> EvaluateSpec:
        """What evaluate is asked about a dataset that was simulated so; `scene` is any of its eval split."""
        common = {**simulation.model_dump(), "dataset_seed": self.evaluate_seed}
        drives = GenerateSpec(**common, scene=scene, first_episode=0, episodes=self.closed_loop_episodes)
        return EvaluateSpec(
            device=simulation.device,
            seed=self.evaluate_seed,
            closed_loop=ClosedLoopSpec(
                episodes=self.closed_loop_episodes, max_steps=self.closed_loop_max_steps, generate=drives
            ),
            baseline_seed=self.baseline_seed,
            min_map_50=self.min_map_50,
            max_command_error=self.max_command_error,
            min_success_gain=self.min_success_gain,
            environment=self.evaluate_environment,
        )


def demo_dataset_recipe() -> DatasetRecipe:
    """Two train scenes × 12 episodes, one eval scene × 6; 128×96 px, 5 Hz, 20 frames each."""
    return DatasetRecipe(
        scenes=(
            SceneChoice(name="office", root="office/office.usda", split="train", episodes=12),
            SceneChoice(name="home", root="home/home.usda", split="train", episodes=12),
            SceneChoice(name="warehouse", root="warehouse/warehouse.usda", split="eval", episodes=6),
        ),
        simulation=SimulationSpec(
            simulator="newton",
            simulator_version=locked("sim")["newton"],
            device="cpu",
            dataset_seed=20261,
            classes=CLASSES,
        ),
        validate_spec=ValidateSpec(min_frames_train=400, min_frames_eval=100),
    )


def demo_release_recipe() -> ReleaseRecipe:
    """One navigator on this machine's CPU, judged on the emulated bench, for the channel `demo`."""
    return ReleaseRecipe(
        model="navigator",
        channel="demo",
        train=TrainSpec(family="navigator", device="cpu", precision="fp32", seed=41),
        export=ExportSpec(target="onnxruntime-cpu"),
        hil=HilSpec(bench="emulated", max_command_error=0.25),
    )
