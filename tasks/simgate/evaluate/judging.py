"""Judging as a whole: frames while the drivers drive, then the verdict."""

from __future__ import annotations

import torch

from simgate.core.errors import InputError
from simgate.core.runtime.work import Work
from simgate.documents.evaluation import Evaluation
from simgate.engine.pytorch import PytorchModel
from simgate.evaluate.closed_loop import ClosedLoop, begin, finish, share_of
from simgate.evaluate.gate import metrics_of
from simgate.evaluate.held_out import HeldOut, judge_frames
from simgate.model.frame import read_split
from simgate.model.trained import TrainedModel, read_trained
from simgate.specs.bounds import broken_bounds
from simgate.specs.evaluate import EvaluateSpec

SPLIT = "splits/eval.json"


def judge(work: Work[EvaluateSpec]) -> None:
    """Write evaluation.json and verdict.json."""
    torch.set_num_threads(1)
    model = read_trained(work.inputs)
    _check(work.spec, model)
    split = read_split(work.inputs.read("validate", SPLIT), what=SPLIT)
    with begin(work, model, split) as drivers:
        spec = work.spec
        network = PytorchModel(model.network, model.contract, device=spec.device, swap_channels=spec.swap_channels)
        held_out = judge_frames(work, network, split)
        closed_loop = finish(work, drivers)
    evaluation = _evaluation(held_out, closed_loop)
    metrics = metrics_of(evaluation, closed_loop)
    reasons = broken_bounds(work.spec, metrics)
    work.outputs.write("evaluation.json", evaluation.to_json(), "application/json")
    work.outputs.verdict(not reasons, reasons, metrics)


def _check(spec: EvaluateSpec, model: TrainedModel) -> None:
    if spec.device == "cuda" and not torch.cuda.is_available():
        raise InputError("field device: no CUDA device here", actual="cuda", remedy="use cpu, or a machine with a GPU")
    camera, contract = spec.closed_loop.generate.camera, model.contract
    found, expected = (camera.width_px, camera.height_px), (contract.image_width_px, contract.image_height_px)
    if found != expected:
        remedy = "give the rollouts the camera that the network was trained for"
        raise InputError("field closed_loop.generate.camera", actual=found, expected=expected, remedy=remedy)


def _evaluation(held_out: HeldOut, closed_loop: ClosedLoop) -> Evaluation:
    return Evaluation(
        map_50=held_out.map_50,
        average_precision=held_out.average_precision,
        command_error=held_out.command_error,
        success_rate=share_of(closed_loop.episodes, "success"),
        collision_rate=share_of(closed_loop.episodes, "collision"),
        baseline_success_rate=share_of(closed_loop.baseline, "success"),
        episodes=closed_loop.episodes,
        baseline_episodes=closed_loop.baseline,
    )
