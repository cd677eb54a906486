"""Opening: from a spec and a scene's root layer to a running simulator, or a refusal that names what does not fit."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from simgate.core.errors import InputError
from simgate.sim.protocol import Simulator
from simgate.specs.generate import GenerateSpec


def open_simulator(spec: GenerateSpec, root: Path) -> Simulator:
    """Open the scene whose root layer is `root` in exactly the simulator that the spec names."""
    if spec.simulator != "newton":
        raise InputError(
            "simulator is not in this installation",
            actual=spec.simulator,
            expected="newton",
            remedy="run the stage in the image of that simulator",
        )
    found = _installed("newton")
    if spec.simulator_version != found:
        raise InputError(
            "simulator newton: version mismatch",
            actual=f"{found} installed",
            expected=f"{spec.simulator_version} in the spec",
            remedy="install that version or change the spec's simulator_version",
        )
    from simgate.sim.newton import NewtonSimulator  # heavy: only where a scene is opened

    return NewtonSimulator(root, spec)


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
