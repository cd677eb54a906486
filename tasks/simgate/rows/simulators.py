"""Simulators: what moves and draws a scene."""

from __future__ import annotations

from dataclasses import dataclass

from simgate.rows.row import Row, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorRow(Row):
    """One simulator; its module has `open_simulator`, as simgate/sim/protocol.py says."""

    package: str
    """Distribution whose version a spec pins: `newton`."""


SIMULATORS = Table(
    "simulator",
    SimulatorRow,
    "simgate.simulators",
    (
        SimulatorRow(name="newton", module="simgate.sim.newton", extra="", package="newton"),
        SimulatorRow(name="isaac", module="simgate.sim.isaac", extra="", package="isaacsim", image="isaac-sim"),
    ),
)
