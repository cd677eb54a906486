"""Rows: what the entry points name."""

from __future__ import annotations

from simgate.rows.engines import EngineRow
from simgate.rows.families import FamilyRow
from simgate.rows.simulators import SimulatorRow

FLATLAND = SimulatorRow(name="flatland", module="toylab.flatland", extra="", package="toylab")
PILOT = FamilyRow(name="pilot", module="toylab.pilot", extra="", spec="toylab.pilot.spec:PilotSpec", commands=True)
SQUEEZED = EngineRow(
    name="squeezed", module="toylab.squeezed", extra="", precisions=("fp32",), runtime=("onnxruntime", "toylab")
)
