"""A stage that is killed takes its ranks along."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.unit.process_tree import descendants, lives

ROOT = Path(__file__).parents[2]
TRAINING = """
import sys
from pathlib import Path

from simgate.specs.train import TrainSpec
from simgate.train.stage import run
from tests.unit.toy_dataset import NETWORK, ToyStore
if __name__ == "__main__":
    toy = ToyStore(Path(sys.argv[1]), train_episodes=2, eval_episodes=1)
    spec = TrainSpec(
        family="navigator", device="cpu", precision="fp32", seed=3, epochs=100_000, batch_size=8, network=NETWORK
    )
    run(toy.work("train", spec, [toy.input(toy.validate, "splits/train.json")]))
"""


def test_kill_9_of_the_stage_ends_its_ranks_within_seconds(tmp_path: Path) -> None:
    script = tmp_path / "training.py"
    script.write_text(TRAINING)
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        stderr=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stderr is not None
    assert any("epochs, loss" in line for line in process.stderr)
    ranks = descendants(process.pid)
    assert len(ranks) >= 2
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    deadline = time.monotonic() + 20
    while (left := set(filter(lives, ranks))) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not left
