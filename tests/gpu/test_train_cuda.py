"""Train on a GPU: the same bytes again and after a resume, in every precision; skipped where there is none."""

from __future__ import annotations

import threading
import time

import pytest
import torch

from simgate.core.errors import Preempted
from simgate.core.runtime.work import Work
from simgate.specs.train import TrainSpec
from simgate.train.stage import run
from tests.unit.toy_dataset import NETWORK, ToyStore

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def _work(toy: ToyStore, spec: TrainSpec) -> Work[TrainSpec]:
    return toy.work("train", spec, [toy.input(toy.validate, "splits/train.json")])


def _digests(toy: ToyStore, spec: TrainSpec) -> dict[str, str]:
    work = _work(toy, spec)
    run(work)
    work.scratch.clear()
    return {item.name: item.digest.sha256 for item in work.outputs.subjects}


def _preempt(work: Work[TrainSpec]) -> None:
    def watch() -> None:
        while not (work.folder / "epochs.jsonl").exists():
            time.sleep(0.002)
        work.stop.requested = True

    threading.Thread(target=watch, daemon=True).start()
    with pytest.raises(Preempted):
        run(work)


@pytest.mark.parametrize("precision", ["fp32", "amp-bf16", "amp-fp16"])
def test_a_gpu_gives_the_same_bytes_again_and_after_a_resume(
    tmp_path_factory: pytest.TempPathFactory, precision: str
) -> None:
    toy = ToyStore(tmp_path_factory.mktemp("toy"), train_episodes=20, eval_episodes=1)
    spec = TrainSpec.model_validate(
        {
            "family": "navigator",
            "device": "cuda",
            "precision": precision,
            "world_size": torch.cuda.device_count(),
            "seed": 3,
            "epochs": 12,
            "batch_size": 8 * torch.cuda.device_count(),
            "network": NETWORK,
        }
    )
    whole = _digests(toy, spec)
    assert _digests(toy, spec) == whole
    _preempt(_work(toy, spec))
    assert _digests(toy, spec) == whole
