"""Recipes: what one run of a pipeline chooses; the stage specs follow from them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simgate.core.documents.document import Document
from simgate.core.documents.names import Name
from simgate.core.documents.spec import EnvironmentPins, OptionalPins
from simgate.core.identity.lock import locked
from simgate.rows.families import FAMILIES
from simgate.specs.demands import MetricName
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
    at_least: dict[MetricName, float] = Field(default_factory=dict)
    at_most: dict[MetricName, float] = Field(default_factory=dict)
    """Bounds of evaluate's metrics, by their names in the family of `train`."""
    evaluate_environment: OptionalPins = EnvironmentPins()
    """Pins of the machine that evaluates; the other stages' are in their specs."""
    export: ExportSpec
    hil: HilSpec | None = None
    """Of a family that commands a robot, and of no other."""

    @model_validator(mode="after")
    def _of_one_family(self) -> Self:
        family = self.train.family
        if self.export.family != family:
            raise ValueError(f"train says family {family}, export says {self.export.family}")
        if FAMILIES.find(family).commands != (self.hil is not None):
            raise ValueError(
                f"a {family} commands a robot: hil is missing"
                if self.hil is None
                else f"a {family} commands nothing: the bench cannot replay it, leave hil out"
            )
        return self

    def evaluate_spec(self, simulation: SimulationSpec, scene: str) -> EvaluateSpec:
        """What evaluate is asked about a dataset that was simulated so; `scene` is any of its eval split."""
        common = {**simulation.model_dump(), "dataset_seed": self.evaluate_seed}
        drives = GenerateSpec(**common, scene=scene, first_episode=0, episodes=self.closed_loop_episodes)
        loop = ClosedLoopSpec(episodes=self.closed_loop_episodes, max_steps=self.closed_loop_max_steps, generate=drives)
        return EvaluateSpec(
            device=simulation.device,
            seed=self.evaluate_seed,
            closed_loop=loop if FAMILIES.find(self.train.family).commands else None,
            baseline_seed=self.baseline_seed,
            family=self.train.family,
            at_least=self.at_least,
            at_most=self.at_most,
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
        at_least={"map_50": 0.11, "success_gain": 0.2},
        at_most={"command_error": 0.19},
        export=ExportSpec(family="navigator", target="onnxruntime-cpu"),
        hil=HilSpec(bench="emulated", engine="onnxruntime-cpu", max_command_error=0.25),
    )
