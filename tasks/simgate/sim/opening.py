"""Opening: the simulator that a spec names, by its row, or an InputError."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

from simgate.core.errors import InputError
from simgate.core.identity.lock import installed
from simgate.rows.simulators import SIMULATORS, SimulatorRow
from simgate.sim.protocol import Simulator
from simgate.specs.generate import GenerateSpec

Opener = Callable[[GenerateSpec, Path], Simulator]


def open_simulator(spec: GenerateSpec, root: Path) -> Simulator:
    """Open the scene whose root layer is `root` in exactly the simulator that the spec names."""
    row = SIMULATORS.find(spec.simulator)
    package = row.package or row.distribution
    found = installed(package)
    if not found:
        raise InputError(
            "simulator is not in this installation", actual=spec.simulator, expected=f"the distribution {package}",
            remedy="run the stage in the image of that simulator",
        )  # fmt: skip
    if spec.simulator_version != found:
        raise InputError(
            f"simulator {spec.simulator}: version mismatch", actual=f"{found} installed",
            expected=f"{spec.simulator_version} in the spec",
            remedy="install that version or change the spec's simulator_version",
        )  # fmt: skip
    return _opener(row)(spec, root)


def _opener(row: SimulatorRow) -> Opener:
    # Heavy: only where a scene is opened. By name, so that the code of a run holds no simulator but its own.
    opener = getattr(SIMULATORS.imported(row, row.module), "open_simulator", None)
    if not callable(opener):
        raise InputError(
            f"simulator {row.name}: its module has no open_simulator", actual=row.module,
            expected="a function open_simulator(spec, root) that returns a Simulator",
            remedy=f"ask the author of {row.distribution}",
        )  # fmt: skip
    return cast("Opener", opener)
