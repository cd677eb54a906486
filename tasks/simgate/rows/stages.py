"""Stages: every stage as planning, release and orchestration know it. Imports no stage and no spec."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Literal

from simgate.core.documents.names import Split
from simgate.core.documents.stage_spec import Spec
from simgate.rows.row import Row, Table

Subject = Literal["candidate", "live"]
"""Model that a run is about, where a stage runs once for each."""
Pipeline = Literal["dataset", "release", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """A run, or one output of it, that a stage is made from."""

    stage: str
    """Stage that made it, or `snapshot`."""
    output: str = ""
    """Name of the one output that is used, `*` for a scene's name; empty for the whole run."""
    split: Split | None = None
    """Side of the dataset that it is; None where it is no split."""


def _split(side: Split) -> Upstream:
    return Upstream(stage="validate", output=f"splits/{side}.json", split=side)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The role of a stage's run among a candidate's evidence."""

    role: str
    subject: Subject | None = None
    required: bool = True
    """False for evidence that only some candidates have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRow(Row):
    """One stage; its module has `STAGE`."""

    spec: str
    """Class of its spec, `module:Class`."""
    pipeline: Pipeline
    """Pipeline that it belongs to; the order of the rows is the order of its stages."""
    kind: Literal["pure", "observation"] = "pure"
    """An observation is made again in every run, under a nonce."""
    gate: bool = False
    """Whether it leaves a verdict. It then runs and signs as `gate`, so that nobody judges what he made."""
    evidence: tuple[Evidence, ...] = ()
    """Empty for a stage whose runs are evidence only through those that stand on them."""
    upstream: tuple[Upstream, ...] = ()
    """In the order of a job's inputs."""
    drives: bool = False
    """Whether it drives a robot by the model's commands: of a family that commands nothing there is no such run."""
    spreads: bool = False
    """Whether one run may be spread over several machines."""

    @property
    def spec_type(self) -> type[Spec]:
        """The class of its spec, imported now."""
        module, _, name = self.spec.partition(":")
        found: type[Spec] = getattr(import_module(module), name)
        return found

    @property
    def signs_as(self) -> Literal["gate", "stage"]:
        """Role of the store under which it runs, writes and signs."""
        return "gate" if self.gate else "stage"


STAGES = Table(
    "stage",
    StageRow,
    "",
    (
        StageRow(
            name="index", module="simgate.index.stage", spec="simgate.specs.index:IndexSpec", extra="sim", image="sim",
            pipeline="dataset", upstream=(Upstream(stage="snapshot"),),
        ),
        StageRow(
            name="generate", module="simgate.generate.stage", spec="simgate.specs.generate:GenerateSpec", extra="sim",
            image="sim", pipeline="dataset", upstream=(Upstream(stage="index", output="scenes/*.json"),),
        ),
        StageRow(
            name="validate", module="simgate.validate.stage", spec="simgate.specs.validate:ValidateSpec", extra="light",
            image="light", pipeline="dataset", gate=True, evidence=(Evidence(role="validate"),),
            upstream=(Upstream(stage="generate"), Upstream(stage="index", output="scenes/*.json")),
        ),
        StageRow(
            name="train", module="simgate.train.stage", spec="simgate.specs.train:TrainSpec", extra="torch",
            image="torch", pipeline="release", evidence=(Evidence(role="train"),), upstream=(_split("train"),),
            spreads=True,
        ),
        StageRow(
            name="evaluate", module="simgate.evaluate.stage", spec="simgate.specs.evaluate:EvaluateSpec", extra="torch",
            image="torch", pipeline="release", gate=True,
            evidence=(
                Evidence(role="evaluate", subject="candidate"),
                Evidence(role="evaluate_live", subject="live", required=False),
            ),
            upstream=(Upstream(stage="train"), _split("eval")),
        ),
        StageRow(
            name="export", module="simgate.export.stage", spec="simgate.specs.export:ExportSpec", extra="torch",
            image="torch", pipeline="release", gate=True, evidence=(Evidence(role="export"),),
            upstream=(Upstream(stage="train"), _split("eval")),
        ),
        StageRow(
            name="hil", module="simgate.hil.stage", spec="simgate.specs.hil:HilSpec", extra="agent", image="agent",
            pipeline="release", kind="observation", gate=True, drives=True, evidence=(Evidence(role="hil"),),
            upstream=(Upstream(stage="export"), _split("eval")),
        ),
        StageRow(
            name="probe", module="simgate.probe.stage", spec="simgate.specs.probe:ProbeSpec", extra="light",
            image="light", pipeline="none", gate=True,
        ),
    ),
)  # fmt: skip


def stages_of(pipeline: Pipeline) -> tuple[str, ...]:
    """Return names of a pipeline's stages, in the order in which they run."""
    return tuple(row.name for row in STAGES.ours if row.pipeline == pipeline)
