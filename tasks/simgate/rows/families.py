"""Families: kinds of models; each owns its network, tensors, losses, decoding, metrics and way of driving."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simgate.core.documents.names import Drive
from simgate.rows.row import Row, Table

PARTS: Mapping[str, tuple[str, ...]] = {
    "train": ("contract", "network", "learning"),
    "evaluate": ("contract", "network", "judging"),
    "export": ("contract", "network", "parity"),
    "hil": ("contract",),
}
"""Modules of a family's folder that each stage works with; `metrics` names what its verdicts hold, without torch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRow(Row):
    """One model family; its module is a folder with the modules of `PARTS`, as simgate/families/family.py says."""

    spec: str
    """Its part of a train spec, `module:Class`; imported by whoever reads such a spec, so it imports no torch."""
    commands: bool
    """Whether its models command a robot, so that they are driven in closed loop and on the bench."""
    bases: tuple[Drive, ...] = ("differential",)
    """Bases that its commands move, where it commands a robot."""

    def modules_of(self, stage: str) -> tuple[str, ...]:
        """Name the modules of its folder that a stage works with, and its part of the spec."""
        parts = PARTS.get(stage, ())
        return (self.spec.partition(":")[0], *(f"{self.module}.{part}" for part in parts)) if parts else ()


FAMILIES = Table(
    "model family",
    FamilyRow,
    "simgate.models",
    (
        FamilyRow(
            name="navigator",
            module="simgate.families.navigator",
            extra="",
            spec="simgate.families.navigator.spec:NavigatorSpec",
            commands=True,
        ),
        FamilyRow(
            name="perception",
            module="simgate.families.perception",
            extra="",
            spec="simgate.families.perception.spec:PerceptionSpec",
            commands=False,
        ),
    ),
)
