"""One training in a store of its own, run by one process or by several that are told that they are machines."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.store import Store
from simgate.plan.jobs import Slot, find, make_job, write_jobs
from simgate.plan.slot_name import SlotName
from simgate.specs.train import TrainSpec
from tests.unit.toy_dataset import NETWORK, ToyStore

SPEC = TrainSpec(
    family="navigator", device="cpu", precision="fp32", seed=3, epochs=2, batch_size=8, world_size=2,
    checkpoint_every_epochs=1, network=NETWORK,
)  # fmt: skip
TIMEOUT_S = 240


class Training:
    """A training job in a store of its own."""

    def __init__(self, toy: ToyStore, folder: Path, spec: TrainSpec) -> None:
        shutil.copytree(toy.store.url, folder / "store")
        self.store = Store(str(folder / "store"))
        inputs = [toy.input(toy.validate, "splits/train.json")]
        job = make_job("train", spec, inputs, domain="main", run_record="plans/main/toy")
        self.slot = Slot(SlotName(stage="train"), job)
        self.key = write_jobs(self.store, "plans/main/toy", [self.slot])[0]

    def start(self, **variables: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "simgate", "train", "--job", self.key, "--out", self.store.url]
        environment = {**os.environ, "MLFLOW_TRACKING_URI": "", **variables}
        return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)

    def start_nodes(self, count: int) -> list[subprocess.Popen[str]]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        shared = {"SIMGATE_NODES": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        return [self.start(**shared, JOB_COMPLETION_INDEX=str(number)) for number in range(count)]

    def weights_sha256(self) -> str:
        """Of the committed network."""
        ref = find(self.store, self.slot)
        assert ref is not None
        return read_manifest(self.store, ref).artifact("model.safetensors").sha256

    def attempts(self) -> int:
        return len([key for key in self.store.keys("runs/main/train") if key.endswith("/started.json")])

    def checkpoints(self) -> int:
        return len(list(self.store.keys("scratch/main")))


def ends(processes: list[subprocess.Popen[str]]) -> list[tuple[int, str]]:
    """How all of them ended, and what they said."""
    try:
        said = [process.communicate(timeout=TIMEOUT_S)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    return [(process.returncode, text) for process, text in zip(processes, said, strict=True)]


def wait_for_checkpoint(training: Training) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not training.checkpoints():
        assert time.monotonic() < deadline, "no checkpoint was kept"
        time.sleep(0.1)
