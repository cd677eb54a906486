"""Held out: detection and command error on the frames of the eval split."""

from __future__ import annotations

from dataclasses import dataclass

from simgate.core.runtime.work import Work
from simgate.documents.dataset import SplitDocument
from simgate.documents.evaluation import Interval
from simgate.engine.pytorch import PytorchModel
from simgate.evaluate.command_error import CommandMeter
from simgate.evaluate.precision import SCORE_THRESHOLD, PrecisionMeter
from simgate.model.detection import detections
from simgate.model.frame import frames_of
from simgate.specs.evaluate import EvaluateSpec


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What the frames say."""

    map_50: Interval
    average_precision: dict[str, float]
    command_error: Interval


def judge_frames(work: Work[EvaluateSpec], model: PytorchModel, split: SplitDocument) -> HeldOut:
    """Run every frame through the model, one at a time."""
    contract = model.contract
    precision, command = PrecisionMeter(contract.obstacles), CommandMeter(contract)
    numbers: dict[tuple[str, int], int] = {}
    for done, frame in enumerate(frames_of(work.inputs, split, work.folder, contract.obstacles), start=1):
        episode = numbers.setdefault((frame.scene, frame.episode), len(numbers))
        raw = model.look(contract.picture(frame.image_bytes), frame.goal)
        found = detections(contract, raw.heat[0], raw.box[0], score_threshold=SCORE_THRESHOLD)
        precision.add(episode, found, frame.truths)
        command.add(episode, contract.command(raw.command[0]), frame.command)
        if done % 100 == 0 or done == split.frames:
            work.progress(done, split.frames, "frames judged")
    seed = work.spec.seed
    areas = precision.average_precisions()
    return HeldOut(precision.map_50(len(numbers), seed), areas, command.error(len(numbers), seed))
