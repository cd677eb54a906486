"""Families: kinds of models; each owns its network, tensors, losses, decoding, metrics and way of driving."""

from __future__ import annotations

from dataclasses import dataclass

from simgate.rows.row import Row, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRow(Row):
    """One model family."""

    spec: str
    """Its part of a train spec, `module:Class`; imported by whoever reads such a spec, so it imports no torch."""
    commands: bool
    """Whether its models command a robot, so that they are driven in closed loop and on the bench."""


FAMILIES = Table("model family", FamilyRow, "simgate.models", ())
