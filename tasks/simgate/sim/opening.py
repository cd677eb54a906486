"""Opening: from a spec and a scene's root layer to a running simulator, or a refusal that names what does not fit."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, cast

from simgate.core.errors import InputError
from simgate.rows.simulators import SIMULATORS, SimulatorRow
from simgate.sim.protocol import Simulator
from simgate.specs.generate import GenerateSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    import simgate.sim.newton  # noqa: F401  Never run: a code digest follows imports, and the row alone is none.


def open_simulator(spec: GenerateSpec, root: Path) -> Simulator:
    """Open the scene whose root layer is `root` in exactly the simulator that the spec names."""
    row = SIMULATORS.find(spec.simulator)
    found = installed(spec.simulator)
    if not found:
        raise InputError(
            "simulator is not in this installation",
            actual=spec.simulator,
            expected=f"the distribution {row.package}",
            remedy="run the stage in the image of that simulator",
        )
    if spec.simulator_version != found:
        raise InputError(
            f"simulator {spec.simulator}: version mismatch",
            actual=f"{found} installed",
            expected=f"{spec.simulator_version} in the spec",
            remedy="install that version or change the spec's simulator_version",
        )
    return _opener(row)(spec, root)


def installed(name: str) -> str:
    """Version of a simulator's distribution here; empty where it is not installed."""
    try:
        return version(SIMULATORS.find(name).package)
    except PackageNotFoundError:
        return ""


def _opener(row: SimulatorRow) -> Callable[[GenerateSpec, Path], Simulator]:
    opener = getattr(import_module(row.module), "open_simulator", None)
    if not callable(opener):
        raise InputError(
            f"simulator {row.name}: its module has no open_simulator",
            actual=row.module,
            expected="a function open_simulator(spec, root) that returns a Simulator",
            remedy=f"ask the author of {row.distribution}",
        )
    return cast("Callable[[GenerateSpec, Path], Simulator]", opener)
