"""Generation frames/s over the raw Newton render loop: same scene, same modalities, 320×240, 1 and 2 processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.bench.tables import middle, publish

ROOT = Path(__file__).parents[2]
ROUNDS = 3
FRAMES = 20
LOOP = """
import json, sys, tempfile, time
from pathlib import Path
from simgate.generate.recording import Recording
from simgate.sim.rollout import open_simulator, record
from simgate.sim.scenario import draw_scenario
from simgate.specs.generate import CameraSpec, GenerateSpec
from tests.demo_recipes import demo_dataset_recipe

root, frames, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
common = demo_dataset_recipe().simulation.model_dump()
common.update(camera=CameraSpec(width_px=320, height_px=240), frames_per_episode=frames)
spec = GenerateSpec(**common, scene="office", first_episode=0, episodes=1)
simulator = open_simulator(spec, root)

def whole():  # what the generate stage does: drive, render, box, encode, write
    episodes, moments = record(simulator, spec, [0])
    with tempfile.TemporaryDirectory() as folder, Recording(Path(folder)) as recording:
        recording.add(episodes, moments, lambda done: None)
        recording.close()

commands = [sample.command for (sample,) in record(simulator, spec, [0])[1]]
scenario = draw_scenario(simulator.layout, spec, 0)

def raw():  # the same drive, and nothing but Newton's two camera passes
    simulator.reset([scenario])
    simulator.pictures([0])
    for command in commands:
        simulator._stand(simulator.episodes[0])
        simulator._scene.commit()
        simulator._camera.rgb(simulator._scene.state, simulator._usd_pose())
        simulator._camera.truth(simulator._scene.state, simulator._usd_pose())
        simulator.step([command], 1.0 / spec.camera.rate_hz)

def rate(loop):
    began = time.perf_counter()
    loop()
    return frames / (time.perf_counter() - began)

raw(), whole()  # kernels and caches
print(json.dumps([[rate(raw), rate(whole)] for _ in range(rounds)]))
"""


def rates(processes: int) -> list[tuple[float, float]]:
    """(raw, whole) frames/s summed over processes that run side by side, one pair a round."""
    command = [
        sys.executable,
        "-c",
        LOOP,
        str(ROOT / "examples/demo/scenes/office/office.usda"),
        str(FRAMES),
        str(ROUNDS),
    ]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    found = [json.loads(process.communicate(timeout=900)[0].splitlines()[-1]) for process in started]
    return [(sum(f[n][0] for f in found), sum(f[n][1] for f in found)) for n in range(ROUNDS)]


def test_generation_against_the_raw_render_loop() -> None:
    rows = []
    for processes in (1, 2):
        pairs = rates(processes)
        rows.append(
            {
                "what": f"office, 320×240, {processes} process{'es' if processes > 1 else ''}",
                "raw frames/s": middle([raw for raw, _ in pairs]),
                "generate frames/s": middle([whole for _, whole in pairs]),
                "ratio": middle([whole / raw for raw, whole in pairs]),
            }
        )
    publish("generation", rows, note="ratio pair by pair; at least 0.80 now, 0.90 is the goal")
