"""Verdict: the frames of the eval split are judged while the drivers drive, then the figures are held to the spec."""

from __future__ import annotations

import torch

from simgate.core.errors import InputError
from simgate.core.runtime.work import Work
from simgate.documents.dataset import SplitDocument
from simgate.documents.evaluation import Evaluation
from simgate.documents.pairs import chance_of
from simgate.engine.pytorch import PytorchModel
from simgate.evaluate.closed_loop import ClosedLoop, begin, finish, rates
from simgate.families.family import Meter, OpenLoop
from simgate.families.frame import frames_of, read_split
from simgate.families.trained import TrainedModel, read_trained
from simgate.specs.bounds import broken_bounds
from simgate.specs.evaluate import EvaluateSpec

SPLIT = "splits/eval.json"


def judge(work: Work[EvaluateSpec]) -> None:
    """Write evaluation.json and verdict.json."""
    torch.set_num_threads(1)
    model = read_trained(work.inputs)
    _check(work.spec, model)
    split = read_split(work.inputs.read("validate", SPLIT), what=SPLIT)
    if work.spec.closed_loop is None:
        closed_loop, held_out = None, _held_out(work, model, split)
    else:
        with begin(work, work.spec.closed_loop, model, split) as drivers:
            held_out = _held_out(work, model, split)
            closed_loop = finish(work, drivers, work.spec.closed_loop.episodes)
    evaluation = _evaluation(model, held_out, closed_loop)
    metrics = metrics_of(evaluation, closed_loop)
    reasons = broken_bounds(work.spec, metrics)
    work.outputs.write("evaluation.json", evaluation.to_json(), "application/json")
    work.outputs.verdict(not reasons, reasons, metrics)


def _check(spec: EvaluateSpec, model: TrainedModel) -> None:
    if spec.device == "cuda" and not torch.cuda.is_available():
        raise InputError("field device: no CUDA device here", actual="cuda", remedy="use cpu, or a machine with a GPU")
    if model.card.family != spec.family:
        raise InputError("field family: the model is of another one", actual=model.card.family, expected=spec.family)
    if spec.closed_loop is not None:
        camera = spec.closed_loop.generate.camera
        model.contract.check_camera(camera.width_px, camera.height_px)


def _held_out(work: Work[EvaluateSpec], model: TrainedModel, split: SplitDocument) -> OpenLoop:
    spec = work.spec
    network = PytorchModel(model.network, model.contract, device=spec.device, swap_channels=spec.swap_channels)
    return judge_frames(work, network, model.family.judging.meter(model.contract), split)


def _evaluation(model: TrainedModel, held_out: OpenLoop, closed_loop: ClosedLoop | None) -> Evaluation:
    return Evaluation(
        family=model.card.family,
        intervals={**held_out.intervals, **(rates(closed_loop) if closed_loop else {})},
        by_class=held_out.by_class,
        episodes=closed_loop.episodes if closed_loop else (),
        baseline_episodes=closed_loop.baseline if closed_loop else (),
    )


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


def metrics_of(evaluation: Evaluation, closed_loop: ClosedLoop | None) -> dict[str, float]:
    """Return the numbers of the verdict. `success_gain` is the difference of the rates over the same episodes;
    `success_gain_p` is how likely the untrained network, if it were as good, would let the model win so many pairs.
    """
    held_out = {name: interval.value for name, interval in evaluation.intervals.items()}
    if closed_loop is None:
        return held_out
    return {
        **held_out,
        "episodes": float(len(closed_loop.episodes)),
        "success_gain": (closed_loop.better - closed_loop.worse) / len(closed_loop.episodes),
        "success_gain_p": chance_of(closed_loop.better, closed_loop.worse),
    }
