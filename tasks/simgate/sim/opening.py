"""Opening: from a spec and a scene's root layer to a running simulator, or a refusal that names what does not fit."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from simgate.core.errors import InputError
from simgate.core.identity.lock import installed
from simgate.rows.simulators import SIMULATORS
from simgate.sim.protocol import Simulator
from simgate.specs.generate import GenerateSpec


def open_simulator(spec: GenerateSpec, root: Path) -> Simulator:
    """Open the scene whose root layer is `root` in exactly the simulator that the spec names."""
    row = SIMULATORS.find(spec.simulator)
    found = installed(row.package or row.distribution) or "none"
    if spec.simulator_version != found:
        raise InputError(
            f"simulator {row.name}: version mismatch",
            actual=f"{found} installed",
            expected=f"{spec.simulator_version} in the spec",
            remedy="install that version, run in the image of that simulator, or change the spec's simulator_version",
        )
    # Heavy: only where a scene is opened. By name, so that the code of a run holds no simulator but its own.
    opened: Simulator = import_module(row.module).open_simulator(root, spec)
    return opened
