"""Held out: the family's open-loop metrics on the frames of the eval split."""

from __future__ import annotations

from simgate.core.runtime.work import Work
from simgate.documents.dataset import SplitDocument
from simgate.engine.pytorch import PytorchModel
from simgate.families.family import Meter, OpenLoop
from simgate.families.frame import frames_of
from simgate.specs.evaluate import EvaluateSpec


def judge_frames(work: Work[EvaluateSpec], model: PytorchModel, meter: Meter, split: SplitDocument) -> OpenLoop:
    """Run every frame through the model, one at a time."""
    contract = model.contract
    numbers: dict[tuple[str, int], int] = {}
    for done, frame in enumerate(frames_of(work.inputs, split, work.folder), start=1):
        episode = numbers.setdefault((frame.scene, frame.episode), len(numbers))
        meter.add(episode, frame, model.look(contract.picture(frame.image_bytes), frame.goal))
        if done % 100 == 0 or done == split.frames:
            work.progress(done, split.frames, "frames judged")
    return meter.result(len(numbers), work.spec.seed)
