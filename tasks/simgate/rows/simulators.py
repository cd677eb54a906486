"""Simulators: what moves and draws a scene."""

from __future__ import annotations

from dataclasses import dataclass

from simgate.rows.row import Row, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorRow(Row):
    """One simulator; its module has `open_simulator`, as simgate/sim/protocol.py says."""

    package: str
    """Distribution whose version a spec pins: `newton`."""
    image: str
    """Image that it runs in as a pod."""


SIMULATORS = Table(
    "simulator",
    SimulatorRow,
    "simgate.simulators",
    (
        SimulatorRow(name="newton", module="simgate.sim.newton", extra="sim", package="newton", image="sim"),
        SimulatorRow(name="isaac", module="simgate.sim.isaac", extra="sim", package="isaacsim", image="isaac-sim"),
    ),
)
