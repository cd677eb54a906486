"""Reference: what a channel's gates must at least be asked; a whole spec for each gate, and the dataset beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, Field, model_validator

from simgate.core.documents.document import Document
from simgate.core.documents.names import Name
from simgate.core.documents.stage_spec import Spec
from simgate.core.documents.strictness import document_in
from simgate.core.errors import InputError
from simgate.core.runtime.manifest import Manifest
from simgate.rows.stages import STAGES
from simgate.specs.evaluate import EvaluateSpec
from simgate.specs.export import ExportSpec
from simgate.specs.generate import SimulationSpec
from simgate.specs.hil import HilSpec
from simgate.specs.index import SceneChoice
from simgate.specs.recipe import DatasetRecipe, ReleaseRecipe, SceneRule
from simgate.specs.validate import ValidateSpec

Gate = Literal["validate", "evaluate", "export", "hil"]
GATES: tuple[Gate, ...] = get_args(Gate)
GATE_FIELDS = ("validate_spec", "evaluate", "export", "hil")
"""Of a reference: absent where the channel has no such gate."""
Count = Annotated[int, Field(ge=1, le=2**53 - 1)]
UPDATE = "`simgate policy new --update` writes them, for you to decide"


class SplitReference(Document):
    """The least content of one side of a dataset."""

    scenes: Annotated[dict[Name, Count], Field(min_length=1, max_length=10_000)]
    """Episodes at least, by scene. A train side may hold other scenes too. An eval side may not: the closed loop takes
    its scenes in turn, so an easy one more would take episodes from the others."""
    frames: Count
    """Frames at least."""


class DatasetReference(Document):
    """The least demands on a candidate's dataset."""

    seeds: Literal["fixed", "any"]
    """`fixed`: of the reference's seed. `any`: a nightly dataset draws its own, and who draws may draw again."""
    simulation: SimulationSpec
    """The simulation of its shards."""
    train: SplitReference
    eval: SplitReference


class Reference(Document):
    """A whole spec for each gate of a channel; None where the channel has no such gate."""

    dataset: DatasetReference
    validate_spec: ValidateSpec | None = None
    evaluate: EvaluateSpec | None = None
    export: ExportSpec | None = None
    hil: HilSpec | None = None

    @model_validator(mode="after")
    def _of_one_family(self) -> Self:
        judged = {spec.family for spec in (self.evaluate, self.export) if spec is not None}
        if len(judged) > 1:
            raise ValueError(f"a channel is of one family, evaluate and export name {' and '.join(sorted(judged))}")
        return self

    def written(self) -> dict[str, Any]:
        """Return the reference as a policy file has it, without the gates that the channel lacks."""
        return {name: value for name, value in self.model_dump(mode="json").items() if value is not None}

    def spec(self, gate: Gate) -> Spec | None:
        """Return the least spec of a gate."""
        by_gate: dict[Gate, Spec | None] = {
            "validate": self.validate_spec, "evaluate": self.evaluate, "export": self.export, "hil": self.hil
        }  # fmt: skip
        return by_gate[gate]

    @property
    def gates(self) -> tuple[Gate, ...]:
        """Gates that it says something about."""
        return tuple(gate for gate in GATES if self.spec(gate) is not None)

    @classmethod
    def of(
        cls, dataset: DatasetRecipe, release: ReleaseRecipe, scenes: Sequence[SceneChoice | SceneRule] = ()
    ) -> Reference:
        """Build the reference that these recipes meet, for these scenes or for those that the dataset recipe names."""
        simulation, scenes = dataset.simulation, scenes or dataset.scenes
        if unknown := [scene.name for scene in scenes if isinstance(scene, SceneRule) and scene.is_pattern]:
            raise InputError(
                f"recipe {dataset.name} takes scenes by pattern, and a reference names each", actual=unknown[0],
                remedy="push the scenes first, and name the store",
            )  # fmt: skip
        held_out = min((scene.name for scene in scenes if scene.split == "eval"), default="")
        if not held_out:
            raise InputError(f"recipe {dataset.name} has no eval scene", remedy="give one scene `split: eval`")
        return cls(
            dataset=DatasetReference(
                seeds="fixed" if dataset.seed_policy == "fixed" else "any",
                simulation=simulation,
                train=_split(dataset, scenes, "train"),
                eval=_split(dataset, scenes, "eval"),
            ),
            validate_spec=dataset.validate_spec,
            evaluate=release.evaluate_spec(simulation, held_out),
            export=release.export,
            hil=release.hil,
        )


def _split(recipe: DatasetRecipe, scenes: Sequence[SceneChoice | SceneRule], side: str) -> SplitReference:
    chosen = sorted((scene for scene in scenes if scene.split == side), key=lambda scene: scene.name)
    episodes = {scene.name: scene.episodes for scene in chosen}
    return SplitReference(scenes=episodes, frames=sum(episodes.values()) * recipe.simulation.frames_per_episode)


def lacking(model: type[BaseModel], value: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield the dotted fields that a JSON value does not name: a parser would fill in a default that nobody chose."""
    for name, field in model.model_fields.items():
        if name not in value:
            # Only what is never written where it is empty, as `environment`, is whole without being there.
            if field.exclude_if is None:
                yield f"{path}{name}"
        elif (nested := document_in(field.annotation)) is not None and isinstance(value[name], Mapping):
            yield from lacking(nested, value[name], f"{path}{name}.")


def asked(manifest: Manifest) -> Spec:
    """Return a stage's spec by its class; InputError where the manifest leaves a field to be guessed."""
    spec_type = STAGES.find(manifest.stage).spec_type
    missing = list(lacking(spec_type, manifest.spec))
    if missing:
        raise InputError(
            f"{manifest.stage} was asked by older code: its spec does not say {', '.join(missing)}", remedy="run again"
        )
    return manifest.spec_as(spec_type)
