"""Simulators: what moves and draws a scene."""

from __future__ import annotations

from dataclasses import dataclass

from simgate.rows.row import Row, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorRow(Row):
    """One simulator; its module has `open_simulator(spec, root)`, as simgate/sim/protocol.py says. Its package is the
    one whose version a spec names."""


SIMULATORS = Table(
    "simulator",
    SimulatorRow,
    "simgate.simulators",
    (
        SimulatorRow(name="newton", module="simgate.sim.newton", extra="", package="newton"),
        SimulatorRow(name="isaac", module="simgate.sim.isaac", extra="", package="isaacsim", image="isaac-sim"),
    ),
)
