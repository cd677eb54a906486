"""python kernels.py SCENE.usda: compiles every kernel that a spec can ask of Newton, into WARP_CACHE_PATH.

Run while an image is built: on the read-only root of a pod nothing can be compiled later.
"""

from __future__ import annotations

import sys
from contextlib import closing
from itertools import product
from pathlib import Path

import newton

from simgate.sim.opening import open_simulator
from simgate.sim.rollout import record
from simgate.specs.generate import CameraSpec, GenerateSpec
from simgate.specs.vocabulary import CLASSES


def main(scene: Path) -> None:
    """Drive one short episode for each combination of what changes a kernel."""
    for shadows, antialiasing in product((True, False), repeat=2):
        spec = GenerateSpec(
            simulator="newton", simulator_version=newton.__version__, device="cpu", scene=scene.stem,
            first_episode=0, episodes=1, dataset_seed=0, frames_per_episode=2, classes=CLASSES,
            camera=CameraSpec(width_px=64, height_px=48), shadows=shadows, antialiasing=antialiasing,
        )  # fmt: skip
        with closing(open_simulator(spec, scene)) as simulator:
            _, moments = record(simulator, spec, [0])
            frames = sum(1 for _ in moments)
            simulator.pictures([0])
        print(f"shadows {shadows}, antialiasing {antialiasing}: {frames} frames", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
