"""The table of stages: what each is called, asked with, and needs. Imports no stage."""

from __future__ import annotations

from dataclasses import dataclass

from simgate.core.documents.spec import Spec
from simgate.core.errors import InputError
from simgate.specs.evaluate import EvaluateSpec
from simgate.specs.export import ExportSpec
from simgate.specs.generate import GenerateSpec
from simgate.specs.hil import HilSpec
from simgate.specs.index import IndexSpec
from simgate.specs.probe import ProbeSpec
from simgate.specs.train import TrainSpec
from simgate.specs.validate import ValidateSpec


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage as planning and orchestration know it."""

    name: str
    spec_type: type[Spec]
    extra: str
    """Lock slice, and the image that it runs in."""
    observation: bool = False
    """Done again in every run, under a nonce."""
    gate: bool = False
    """Leaves a verdict."""


STAGES: dict[str, StageRow] = {
    row.name: row
    for row in (
        StageRow("index", IndexSpec, "sim"),
        StageRow("generate", GenerateSpec, "sim"),
        StageRow("validate", ValidateSpec, "light", gate=True),
        StageRow("train", TrainSpec, "torch"),
        StageRow("evaluate", EvaluateSpec, "torch", gate=True),
        StageRow("export", ExportSpec, "torch", gate=True),
        StageRow("hil", HilSpec, "agent", observation=True, gate=True),
        StageRow("probe", ProbeSpec, "light", gate=True),
    )
}


def stage_row(name: str) -> StageRow:
    """The row of a stage; an unknown name is refused with the names there are."""
    if name not in STAGES:
        raise InputError("no such stage", actual=name, expected=" | ".join(STAGES))
    return STAGES[name]
