"""Newton, the embedded simulator: on CPU or CUDA, without any window system."""

from __future__ import annotations

from pathlib import Path

from simgate.sim.protocol import Simulator
from simgate.specs.generate import GenerateSpec


def open_simulator(spec: GenerateSpec, root: Path) -> Simulator:
    """Open the scene whose root layer is `root`; its version was compared with the spec's before."""
    import warp  # heavy, as is what follows: only where a scene is opened

    warp.config.log_level = warp.LOG_WARNING  # before Newton starts it: its banner would go to stdout
    from simgate.sim.newton.simulator import NewtonSimulator

    return NewtonSimulator(root, spec)
