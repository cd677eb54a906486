"""Recipes: what a dataset is made of and how, what is released of it and how; the stage specs follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from simgate.core.documents.canonical import sha256_hex
from simgate.core.documents.document import Document
from simgate.core.documents.names import Name, Split
from simgate.core.documents.stage_spec import EnvironmentPins, OptionalPins
from simgate.rows.families import FAMILIES
from simgate.specs.demands import MetricName, Side, foreign_bounds, missing_bounds
from simgate.specs.evaluate import ClosedLoopSpec, EvaluateSpec
from simgate.specs.export import ExportSpec
from simgate.specs.generate import GenerateSpec, SimulationSpec
from simgate.specs.hil import HilSpec
from simgate.specs.train import TrainSpec
from simgate.specs.validate import ValidateSpec

DATASET_DAG, RELEASE_DAG = "build_dataset", "release_model"
"""First part of the names of recipes' DAGs; the recipe's name follows."""
Seed = Annotated[int, Field(ge=0, le=2**53 - 1)]


class SceneRule(Document):
    """Takes pushed scenes, by name or pattern, for one side of the dataset."""

    name: Annotated[str, Field(pattern=r"^[a-z*?\[][a-z0-9_*?!\[\]-]{0,62}$")]
    """A scene's name, or a pattern over the names of the pushed scenes: `office`, `train-*`. The first rule wins."""
    root: Annotated[str, Field(max_length=512)] = ""
    """Root layer, relative to the push, for a rule of one scene. Empty: `<name>/<name>.usda`, or .usd, .usdc, .usdz."""
    split: Split
    """Side of the dataset that its episodes are on."""
    episodes: Annotated[int, Field(ge=1, le=1_000_000)]
    """Number of episodes to make in each scene that the rule takes."""

    @model_validator(mode="after")
    def _a_pattern_has_no_root(self) -> Self:
        if self.root and self.is_pattern:
            raise ValueError(f"{self.name} is a pattern, so it names no root layer")
        return self

    @property
    def is_pattern(self) -> bool:
        """Whether the name is a pattern, which may take several scenes."""
        return any(sign in self.name for sign in "*?[")


class DatasetRecipe(Document):
    """The request for a dataset of the scenes that are current."""

    version: Literal[1] = 1
    kind: Literal["dataset"] = "dataset"
    name: Name
    """Names the dataset, its DAG and its asset."""
    scenes: Annotated[tuple[SceneRule, ...], Field(min_length=1, max_length=1000)]
    """The scenes of both sides."""
    seed_policy: Literal["fixed", "nightly"] = "fixed"
    """`nightly` draws the dataset seed anew for each day (UTC), from `dataset_seed` and the date."""
    episodes_per_shard: Annotated[int, Field(ge=1, le=100_000)] = 6
    """Episodes of one shard, at most."""
    simulation: SimulationSpec
    """Simulator, camera, task and randomization."""
    validate_spec: ValidateSpec = ValidateSpec()
    """Checks of the dataset, with their bounds."""

    @property
    def sha256(self) -> str:
        """Digest of the recipe's meaning, not of its spelling."""
        return sha256_hex(self.to_json())

    @property
    def dag_id(self) -> str:
        """The DAG that Airflow shows for it."""
        return f"{DATASET_DAG}.{self.name}"

    def seed_of(self, day: date) -> int:
        """Return the dataset seed of a day."""
        if self.seed_policy == "fixed":
            return self.simulation.dataset_seed
        drawn = sha256_hex(f"{self.simulation.dataset_seed} {day.isoformat()}".encode())
        return int(drawn[:13], 16)


class ReleaseRecipe(Document):
    """The request for a model of the dataset that is current, and for its gates."""

    version: Literal[1] = 1
    kind: Literal["release"] = "release"
    name: Name
    """Names the release and its DAG."""
    dataset: Name
    """Name of the dataset recipe whose dataset it is made of."""
    model: Name
    """The model that is released: one ledger a model."""
    channel: Name
    """Channel of the policy that it is released into."""
    train: TrainSpec
    """The network, and how it is trained."""
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

    @model_validator(mode="before")
    @classmethod
    def _said_once(cls, value: Any) -> Any:
        """Copy family and target from an earlier stage's part to a later one that does not name them."""
        parts = dict(value) if isinstance(value, Mapping) else {}
        train, export, hil = (parts.get(name) for name in ("train", "export", "hil"))
        if not isinstance(train, Mapping) or not isinstance(export, Mapping):
            return value
        family = {"family": train["family"]} if "family" in train else {}
        target = {"target": export["target"]} if "target" in export else {}
        parts["export"] = {**family, **export}
        if isinstance(hil, Mapping):
            parts["hil"] = {**family, **target, **hil}
        return parts

    @field_validator("at_least", "at_most", mode="after")
    @classmethod
    def _of_the_family(cls, bounds: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        """Refuse a bound of what the family does not have, before anything is trained for it."""
        side: Side = "at_least" if info.field_name == "at_least" else "at_most"
        train = info.data.get("train")
        problems = list(foreign_bounds("evaluate", train.family, side, bounds)) if train is not None else []
        if problems:
            raise ValueError("; ".join(problems))
        return bounds

    @model_validator(mode="after")
    def _everything_is_bounded(self) -> Self:
        family = self.train.family
        if problems := list(missing_bounds("evaluate", family, {**self.at_least, **self.at_most})):
            raise ValueError(f"evaluate of a {family}: {'; '.join(problems)}")
        return self

    @model_validator(mode="after")
    def _of_one_family(self) -> Self:
        family = self.train.family
        for stage, spec in (("export", self.export), ("hil", self.hil)):
            if spec is not None and spec.family != family:
                raise ValueError(f"train says family {family}, {stage} says {spec.family}")
        if self.hil is not None and self.hil.target != self.export.target:
            raise ValueError(f"export says target {self.export.target}, hil says {self.hil.target}")
        if FAMILIES.find(family).commands != (self.hil is not None):
            raise ValueError(
                f"a {family} commands a robot: hil is missing"
                if self.hil is None
                else f"a {family} commands nothing: the bench cannot replay it, leave hil out"
            )
        return self

    @property
    def sha256(self) -> str:
        """Digest of the recipe's meaning, not of its spelling."""
        return sha256_hex(self.to_json())

    @property
    def dag_id(self) -> str:
        """The DAG that Airflow shows for it."""
        return f"{RELEASE_DAG}.{self.name}"

    def evaluate_spec(self, simulation: SimulationSpec, scene: str) -> EvaluateSpec:
        """Return the spec of evaluate for a dataset of that simulation; `scene` is any of its eval split."""
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
